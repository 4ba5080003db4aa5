import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from sklearn.metrics import accuracy_score
from transformers import AutoTokenizer

from stages import train
from stages.lib.errors import InputError
from stages.lib.records import Record, read_record
from tests.tiny_study import write_split, write_study


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(architecture: str, configuration: str, seed: int = 42) -> Record:
    train.main(architecture, configuration, seed)
    return read_record(record_path(architecture, configuration, seed))


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
    assert record.quality.test_accuracy == accuracy_score(predictions["label"], predictions["prediction"])
    assert np.asarray(record.quality.confusion).sum() == 24
    assert np.asarray(record.quality.confusion).sum(axis=1).tolist() == [12, 12]
    selected = record.quality.history[record.quality.selected_epoch - 1]
    assert record.quality.validation_accuracy == selected.selection_accuracy


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
    inner = train.StudyTrainer.train

    def train_then_write_test_split(self, *args, **kwargs):
        output = inner(self, *args, **kwargs)
        write_split("distilbert", "test", 6)
        return output

    monkeypatch.setattr(train.StudyTrainer, "train", train_then_write_test_split)
    record = run("distilbert", "full")
    assert np.asarray(record.quality.confusion).sum() == 6


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
    assert '"base_model_name_or_path": "models/base/roberta"' in (folder / "adapter_config.json").read_text()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer("w1 w2")["input_ids"] == AutoTokenizer.from_pretrained("models/base/roberta")("w1 w2")["input_ids"]
    assert any("lora_A" in name for name in load_file(folder / "adapter_model.safetensors"))


def test_failed_audit_leaves_no_record(monkeypatch):
    write_study("deberta", **{"architecture.deberta.head": ["classifier"]})
    with pytest.raises(InputError, match=r"trainability audit: frozen: pooler\.dense\.bias, pooler\.dense\.weight"):
        train.main("deberta", "lora-ffn", 42)
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
