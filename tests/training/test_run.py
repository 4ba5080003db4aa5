import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from stages.core import running_code
from stages.core.errors import InputError
from stages.training import checkpoints
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.trainer import StudyTrainer
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import ROOT, write_split, write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
def test_every_method_trains_and_leaves_its_files(architecture, configuration):
    write_study(architecture)
    record = run(architecture, configuration)
    weights = {"adapter_model.safetensors", "adapter_config.json", "base", "model.safetensors.index.json"}
    if configuration == "full":
        weights = {"model.safetensors"}
    if configuration == "qlora-ffn":
        weights |= {"quantization_config.json"}
    about = {"README.md", "run.json", "predictions.parquet"}
    written = {file.name for file in model_path(architecture, configuration).iterdir()}
    assert written == weights | about | {"config.json", "tokenizer.json", "tokenizer_config.json"}
    assert (record.parameters.new_but_frozen, record.parameters.trainable_but_dead) == (0, 0)
    assert (record.parameters.adapter > 0) == (configuration != "full")
    assert record.run.process_id == os.getpid()
    assert record.cost.steps == 2 * 3
    assert record.cost.train_processor_seconds > record.cost.step_processor_seconds_median > 0
    assert record.cost.step_processor_seconds_p95 >= record.cost.step_processor_seconds_median
    assert record.cost.evaluation_processor_seconds > 0
    assert [epoch.epoch for epoch in record.quality.history] == [1, 2]


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
@pytest.mark.parametrize(("accumulation", "steps"), [(1, 2), (4, 1)])
def test_a_split_smaller_than_a_batch_or_its_accumulation_trains(configuration, accumulation, steps):
    """Twenty rows are a batch and a quarter: two steps an epoch, or one."""
    write_study("distilbert", rows=(20, 4, 3), **{"profiles.mini.train.gradient_accumulation": accumulation})
    record = run("distilbert", configuration)
    assert record.cost.steps == 2 * steps
    assert record.cost.step_seconds_median > 0
    assert np.asarray(record.quality.confusion).sum() == 3
    write_study("distilbert", rows=(3, 1, 1), **{"profiles.mini.train.gradient_accumulation": accumulation})
    assert run("distilbert", configuration).cost.steps == 2


def test_divergence_is_named():
    write_study("distilbert", **{"profiles.mini.train.lr_scale": 1e11})
    with pytest.raises(InputError, match="diverged: selection loss nan at step 3"):
        fine_tune("distilbert", "full", 42)
    assert not Record.path("distilbert", "full", 42).exists()


def test_a_run_whose_code_was_edited_meanwhile_leaves_nothing_that_could_be_taken_for_one(monkeypatch):
    write_study("distilbert")
    inner = StudyTrainer.train

    def train_while_the_file_is_edited(self):
        inner(self)
        monkeypatch.setitem(running_code.AT_START, ROOT / "stages/training/trainer.py", b"as it was")

    monkeypatch.setattr(StudyTrainer, "train", train_while_the_file_is_edited)
    with pytest.raises(InputError) as error:
        fine_tune("distilbert", "full", 42)
    assert str(error.value) == (
        "stages/training/trainer.py: edited while this ran; what ran is not what is there now, so run it again"
    )
    assert not Record.path("distilbert", "full", 42).exists()
    assert not model_path("distilbert", "full").exists()


def test_no_checkpoint_says_that_it_is_of_code_which_came_after_its_process_began(monkeypatch):
    write_study("distilbert")
    monkeypatch.setitem(running_code.AT_START, ROOT / "stages/training/trainer.py", b"as it was")
    with pytest.raises(InputError, match=r"^stages/training/trainer\.py: edited while this ran"):
        fine_tune("distilbert", "full", 42)
    assert not checkpoints.FOLDER.exists()


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(configuration):
    write_study("distilbert", seeds=[42, 43])
    first = run("distilbert", configuration)
    name = "model.safetensors" if configuration == "full" else "adapter_model.safetensors"
    weights = (model_path("distilbert", configuration) / name).read_bytes()
    again = run("distilbert", configuration)
    assert (model_path("distilbert", configuration) / name).read_bytes() == weights
    assert again.quality == first.quality
    run("distilbert", configuration, seed=43)
    assert (model_path("distilbert", configuration, 43) / name).read_bytes() != weights


def test_selected_epoch_is_what_is_saved():
    """With a rate that ruins the second epoch, the first epoch's weights score and stay."""
    changes = {"profiles.mini.train.epochs": 4, "profiles.mini.train.lr_scale": 3000}
    write_study("distilbert", **changes)
    record = run("distilbert", "full")
    accuracies = [epoch.selection_accuracy for epoch in record.quality.history]
    assert record.quality.selected_epoch == 1 + accuracies.index(max(accuracies))
    assert record.quality.validation_accuracy == max(accuracies)


def test_test_split_is_not_opened_before_the_final_evaluation(monkeypatch):
    write_study("distilbert")
    shutil.rmtree("data/tokenized/distilbert/test")
    inner = StudyTrainer.train

    def train_then_write_test_split(self):
        inner(self)
        write_split("distilbert", "test", 6)

    monkeypatch.setattr(StudyTrainer, "train", train_then_write_test_split)
    record = run("distilbert", "full")
    assert np.asarray(record.quality.confusion).sum() == 6


def test_selection_on_the_test_split_fails_without_one():
    """What the test above shows is not that the split goes unnoticed."""
    write_study("distilbert", **{"protocols.corrected.selection_split": "test"})
    shutil.rmtree("data/tokenized/distilbert/test")
    with pytest.raises(FileNotFoundError, match="data/tokenized/distilbert/test"):
        fine_tune("distilbert", "full", 42)


def test_published_protocol_selects_on_the_test_split():
    write_study("distilbert", protocol="as-published")
    record = run("distilbert", "full")
    assert record.quality.validation_accuracy is None
    selected = record.quality.history[record.quality.selected_epoch - 1]
    assert record.quality.test_accuracy == pytest.approx(selected.selection_accuracy)


def test_published_qlora_keeps_its_last_epoch_and_counts_the_dead_head():
    write_study("roberta", protocol="as-published")
    record = run("roberta", "qlora-ffn")
    assert record.quality.selected_epoch == 2
    assert record.parameters.trainable_but_dead == 16 * 16 + 16 + 16 * 2 + 2


def test_failed_audit_leaves_no_record(monkeypatch):
    write_study("deberta", **{"architecture.deberta.head": ["classifier"]})
    with pytest.raises(InputError, match=r"trainability audit: frozen: pooler\.dense\.bias, pooler\.dense\.weight"):
        fine_tune("deberta", "lora-ffn", 42)
    assert not Record.path("deberta", "lora-ffn", 42).exists()
    assert not model_path("deberta", "lora-ffn").exists()


class InterruptedRunError(Exception):
    pass


def interrupt_at(step: int, monkeypatch) -> None:
    """Make training stop dead at an optimiser step, as a killed process does, once."""
    inner = StudyTrainer.training_step

    def stop_or_step(self, *args, **kwargs):
        if self.global_step == step:
            monkeypatch.setattr(StudyTrainer, "training_step", inner)
            raise InterruptedRunError
        return inner(self, *args, **kwargs)

    monkeypatch.setattr(StudyTrainer, "training_step", stop_or_step)


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
def test_interrupted_run_goes_on_and_ends_with_the_same_weights(configuration, monkeypatch):
    write_study("deberta", **{"profiles.mini.train.epochs": 3})
    undisturbed = run("deberta", configuration)
    interrupt_at(7, monkeypatch)  # in the third epoch
    with pytest.raises(InterruptedRunError):
        fine_tune("deberta", configuration, 42)
    resumed = run("deberta", configuration)
    assert resumed.quality == undisturbed.quality
    assert (undisturbed.cost.resumed_at_step, resumed.cost.resumed_at_step) == (0, 6)
    assert (undisturbed.cost.steps, resumed.cost.steps) == (9, 3)
    assert not Path("models/.checkpoints/deberta", configuration, "42").exists()


def test_interrupted_run_of_other_settings_is_not_gone_on_with(monkeypatch):
    write_study("distilbert")
    interrupt_at(4, monkeypatch)
    with pytest.raises(InterruptedRunError):
        fine_tune("distilbert", "full", 42)
    write_study("distilbert", lr=3.0e-5)
    record = run("distilbert", "full")
    assert record.cost.resumed_at_step == 0
    assert record.cost.steps == 6


VARIED = [
    ("qlora-ffn", "gradient_checkpointing.quantized", True),
    ("lora-ffn", "gradient_checkpointing.plain", True),
    ("full", "gradient_checkpointing.plain", True),
    ("lora-ffn", "optimizer.plain", "adamw_8bit"),
    ("qlora-ffn", "optimizer.quantized", "adamw_torch"),
    ("ia3", "precision.plain", "bf16"),
    ("lora-r16", "alpha_policy", "rank-proportional"),
    ("full", "batching", "random"),
    ("full", "padding", "max_length"),
    ("full", "seed_before_model", False),
    ("full", "load_best.plain", False),
]


@pytest.mark.parametrize(("configuration", "setting", "value"), VARIED)
def test_each_setting_of_the_protocol_varies_alone(configuration, setting, value):
    write_study("distilbert", **{f"protocols.corrected.{setting}": value})
    settings = run("distilbert", configuration).run.settings
    found = {
        "alpha_policy": settings.option("lora_alpha") == 32,
        "load_best.plain": not settings.load_best,
    }.get(setting, getattr(settings, setting.split(".")[0], None) == value)
    assert found


@pytest.mark.parametrize("quantization", ["fp4", "int8"])
def test_every_quantisation_trains_and_goes_on(quantization, monkeypatch):
    write_study("distilbert", **{"configuration.qlora-ffn.quantization": quantization})
    undisturbed = run("distilbert", "qlora-ffn")
    assert undisturbed.run.settings.kind == f"lora-{quantization}"
    assert (undisturbed.parameters.new_but_frozen, undisturbed.parameters.trainable_but_dead) == (0, 0)
    interrupt_at(4, monkeypatch)
    with pytest.raises(InterruptedRunError):
        fine_tune("distilbert", "qlora-ffn", 42)
    resumed = run("distilbert", "qlora-ffn")
    assert (resumed.quality, resumed.cost.resumed_at_step) == (undisturbed.quality, 3)
