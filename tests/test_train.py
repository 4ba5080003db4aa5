import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss
from transformers import AutoTokenizer

from stages.core.errors import InputError
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.trainer import StudyTrainer
from tests.helpers.tiny_study import write_split, write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def run(architecture: str, configuration: str, seed: int = 42) -> Record:
    fine_tune(architecture, configuration, seed)
    return Record.read_from(record_path(architecture, configuration, seed))


def record_path(architecture: str, configuration: str, seed: int = 42) -> Path:
    return Path("metrics/runs", architecture, configuration, f"{seed}.json")


def model_path(architecture: str, configuration: str, seed: int = 42) -> Path:
    return Path("models/runs", architecture, configuration, str(seed))


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
def test_every_method_trains_and_leaves_its_files(architecture, configuration):
    write_study(architecture)
    record = run(architecture, configuration)
    weights = (
        {"model.safetensors", "config.json"}
        if configuration == "full"
        else {
            "adapter_model.safetensors",
            "adapter_config.json",
        }
    )
    written = {file.name for file in model_path(architecture, configuration).iterdir()}
    assert written == weights | {"tokenizer.json", "tokenizer_config.json", "predictions.parquet"}
    assert (record.parameters.new_but_frozen, record.parameters.trainable_but_dead) == (0, 0)
    assert (record.parameters.adapter > 0) == (configuration != "full")
    assert record.run.process_id == os.getpid()
    assert record.cost.steps == 2 * 3
    assert [epoch.epoch for epoch in record.quality.history] == [1, 2]


def test_record_agrees_with_predictions():
    write_study("roberta")
    record = run("roberta", "full")
    predictions = pd.read_parquet(model_path("roberta", "full") / "predictions.parquet")
    assert predictions["label"].tolist() == [row % 2 for row in range(24)]
    label, prediction = predictions["label"], predictions["prediction"]
    assert record.quality.test_accuracy == accuracy_score(label, prediction)
    assert record.quality.test_f1_macro == pytest.approx(f1_score(label, prediction, average="macro"), abs=1e-12)
    probabilities = predictions[["probability_negative", "probability_positive"]]
    assert record.quality.test_loss == pytest.approx(log_loss(label, probabilities), abs=1e-12)
    assert record.quality.confusion == confusion_matrix(label, prediction).tolist()
    assert np.asarray(record.quality.confusion).sum() == 24
    assert np.asarray(record.quality.confusion).sum(axis=1).tolist() == [12, 12]
    selected = record.quality.history[record.quality.selected_epoch - 1]
    assert record.quality.validation_accuracy == selected.selection_accuracy


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


def test_divergence_is_named():
    write_study("distilbert", **{"profiles.mini.train.lr_scale": 1e11})
    with pytest.raises(InputError, match="diverged: selection loss nan at step 3"):
        fine_tune("distilbert", "full", 42)
    assert not record_path("distilbert", "full").exists()


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


VARIED = [
    ("qlora-ffn", "gradient_checkpointing.qlora", True),
    ("lora-ffn", "gradient_checkpointing.lora", True),
    ("full", "gradient_checkpointing.full", True),
    ("lora-ffn", "optimizer.lora", "adamw_8bit"),
    ("qlora-ffn", "optimizer.qlora", "adamw_torch"),
    ("ia3", "precision.ia3", "bf16"),
    ("lora-r16", "alpha_policy", "rank-proportional"),
    ("full", "batching", "random"),
    ("full", "padding", "max_length"),
    ("full", "seed_before_model", False),
    ("full", "load_best.full", False),
]


@pytest.mark.parametrize(("configuration", "setting", "value"), VARIED)
def test_each_setting_of_the_protocol_varies_alone(configuration, setting, value):
    write_study("distilbert", **{f"protocols.corrected.{setting}": value})
    settings = run("distilbert", configuration).run.settings
    found = {
        "alpha_policy": settings.alpha == 32,
        "load_best.full": not settings.load_best,
    }.get(setting, getattr(settings, setting.split(".")[0], None) == value)
    assert found


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


def test_adapter_refers_to_its_base_and_tokenizer():
    write_study("roberta")
    run("roberta", "lora-ffn")
    folder = model_path("roberta", "lora-ffn")
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "models/base/roberta"
    assert config["target_modules"] == ["intermediate.dense", "output.dense", "query", "value"]  # in this order
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer("w1 w2")["input_ids"] == AutoTokenizer.from_pretrained("models/base/roberta")("w1 w2")["input_ids"]
    assert any("lora_A" in name for name in load_file(folder / "adapter_model.safetensors"))


def test_failed_audit_leaves_no_record(monkeypatch):
    write_study("deberta", **{"architecture.deberta.head": ["classifier"]})
    with pytest.raises(InputError, match=r"trainability audit: frozen: pooler\.dense\.bias, pooler\.dense\.weight"):
        fine_tune("deberta", "lora-ffn", 42)
    assert not record_path("deberta", "lora-ffn").exists()
    assert not model_path("deberta", "lora-ffn").exists()


def test_progress_line(capsys):
    write_study("distilbert", architectures=["distilbert"], configurations=["full", "ia3"], probes=[], seeds=[42])
    run("distilbert", "full")
    run("distilbert", "ia3")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[run")]
    assert len(lines) == 2
    assert lines[0] == "[run 1 of 2] distilbert full seed 42"
    assert re.fullmatch(r"\[run 2 of 2, at most \d+ min left\] distilbert ia3 seed 42", lines[1])
