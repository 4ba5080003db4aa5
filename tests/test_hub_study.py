"""Profile `paper` from a filled hub cache with the network off: its own ids, commits and code, small files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import ModelCard
from peft import AutoPeftModelForSequenceClassification
from transformers import AutoTokenizer

from stages import base, prepare, settings, tokenize
from stages.methods.building import load_classifier
from stages.study.params import load_params
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.settings import RunSettings
from tests.helpers.cards import by_card
from tests.helpers.snapshots import fill_cache, reviews, write_dataset, write_snapshot
from tests.helpers.tiny_study import ROOT, write_params

ARCHITECTURES = ["distilbert", "roberta", "deberta"]
SMALL = {
    "profile": "paper",
    "profiles.paper.data.validation": 16,
    "profiles.paper.tokenize.max_length": 32,
    "profiles.paper.train.epochs": 1,
    "profiles.paper.train.threads": 1,
}
HEADS = {
    "distilbert": {"pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias"},
    "roberta": {f"classifier.{layer}.{kind}" for layer in ("dense", "out_proj") for kind in ("weight", "bias")},
    "deberta": {"pooler.dense.weight", "pooler.dense.bias", "classifier.weight", "classifier.bias"},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A folder with the settings, data, checkpoints and token ids of the profile, made by its own stages."""
    folder = tmp_path_factory.mktemp("study")
    params, cache = load_params(ROOT / "params.yaml"), folder / "home/hub"
    for name in ARCHITECTURES:
        family = params.architecture[name]
        write_snapshot(folder / "published" / name, name)
        fill_cache(cache, "model", family.hub_id, family.revision, folder / "published" / name)
    data = params.profiles["paper"].data
    write_dataset(folder / "published/imdb", reviews("train", 64), reviews("test", 24), reviews("unsupervised", 4))
    fill_cache(cache, "dataset", data.hub_id, data.revision, folder / "published/imdb")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        patch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
        write_params(folder, **SMALL)
        settings.main()
        prepare.main()
        for name in ARCHITECTURES:
            base.main(name)
            tokenize.main(name)
    return folder


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
def test_trains_from_the_hubs_files(study, monkeypatch, tmp_path, architecture, configuration):
    monkeypatch.chdir(study)
    fine_tune(architecture, configuration, 42)
    record = Record.read_from(study / "metrics/runs" / architecture / configuration / "42.json")
    family = load_params(ROOT / "params.yaml").architecture[architecture]
    assert record.environment.checkpoint_revision == family.revision
    assert (record.parameters.new_but_frozen, record.parameters.trainable_but_dead) == (0, 0)
    assert sum(map(sum, record.quality.confusion)) == 24
    assert record.reload.fault is None
    copy = shutil.copytree(Path("models/runs", architecture, configuration, "42"), tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(study / "home/hub"))
    assert by_card(copy).config.id2label == {0: "negative", 1: "positive"}
    if configuration != "full":
        model = AutoPeftModelForSequenceClassification.from_pretrained(copy)
        config = model.active_peft_config
        assert (config.base_model_name_or_path, config.revision) == (family.hub_id, family.revision)
        assert (ModelCard.load(copy / "README.md").data.base_model) == family.hub_id


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_everything_but_the_head_comes_from_the_checkpoint(study, monkeypatch, architecture):
    monkeypatch.chdir(study)
    run = RunSettings.read(architecture, "full")
    _, new_weights = load_classifier(run, Path("models/base", architecture), ["negative", "positive"], run.head)
    assert set(new_weights) == HEADS[architecture]


def test_reports_and_card_name_every_file_and_commit(study):
    params = load_params(ROOT / "params.yaml")
    for name, files in {
        "distilbert": ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"],
        "roberta": [
            "config.json",
            "merges.txt",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.json",
        ],
        "deberta": ["config.json", "model.safetensors", "spm.model", "tokenizer.json", "tokenizer_config.json"],
    }.items():
        report = json.loads((study / f"metrics/base/{name}.json").read_text())
        assert (report["source"], report["revision"]) == ("hub", params.architecture[name].revision)
        assert list(report["files"]) == files
        assert report["checkpoint_sha256"] == report["files"]["model.safetensors"]
    card = json.loads((study / "data/raw/card.json").read_text())
    assert (card["source"], card["revision"]) == ("hub", params.profiles["paper"].data.revision)
    assert {name: split["rows_in_source"] for name, split in card["splits"].items()} == {
        "train": 64,
        "validation": 0,
        "test": 24,
        "unsupervised": 4,
    }


def test_sentencepiece_model_splits_as_its_own_library_does(study):
    from sentencepiece import SentencePieceProcessor

    tokenizer = AutoTokenizer.from_pretrained(study / "models/base/deberta", local_files_only=True)
    library = SentencePieceProcessor(model_file=str(study / "models/base/deberta/spm.model"))
    texts = [*reviews("test", 50)["text"], "An émigré's  film:\n10/10!"]
    assert [tokenizer(text)["input_ids"] for text in texts] == [[1, *library.encode(text), 2] for text in texts]
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.mask_token_id) == (0, 3, library.vocab_size())


@pytest.mark.slow
def test_environment_variables_do_the_same(in_empty_folder, study, tmp_path):
    """As a user sets them, in processes of their own."""
    write_params(tmp_path, **SMALL)
    settings.main()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(study / "home"), "PYTHONPATH": str(ROOT)}
    environment.pop("HF_HUB_CACHE", None)
    for command in (["stages.prepare"], ["stages.base", "deberta"]):
        subprocess.run([sys.executable, "-m", *command], env=environment, check=True)
    for name in ("data/raw/train.parquet", "models/base/deberta/spm.model", "metrics/base/deberta.json"):
        assert (tmp_path / name).read_bytes() == (study / name).read_bytes()
