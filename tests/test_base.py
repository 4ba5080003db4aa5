import hashlib
import json
from pathlib import Path

import pytest
from safetensors import safe_open
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from stages import base, settings
from stages.core.errors import InputError
from stages.data.generator import generate
from stages.data.settings import GeneratedData
from stages.encoders.base_report import BaseReport
from stages.hub import client as hub
from tests.helpers.raw_splits import BINARY, write_raw
from tests.helpers.tiny_study import write_params

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
REPORT = Path("metrics/base/distilbert.json")
FOLDER = Path("models/base/distilbert")


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_data(unsupervised: int = 200) -> None:
    data = GeneratedData(
        source="generated", train=64, validation=32, test=2, unsupervised=unsupervised, label_noise=0.0, seed=3
    )
    for name, split in generate(data).items():
        write_raw(name, split.to_pandas().to_dict("list"), BINARY)


def write_settings(**changes: object) -> None:
    """The mini profile with a sixteen-wide encoder; ``changes`` replace values of its base section."""
    tiny = {"vocab_size": 400, "steps": 80, "batch_size": 16, "learning_rate": 0.01, "mlm_weight": 0.5}
    write_params(
        Path(),
        **{
            "profile": "mini",
            "profiles.mini.train.threads": 1,
            "profiles.mini.tokenize.max_length": 48,
            "architecture.distilbert.miniature": {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32},
            "architecture.roberta.miniature": SIZES,
            "architecture.deberta.miniature": SIZES,
        },
        **{f"profiles.mini.base.{key}": value for key, value in (tiny | changes).items()},
    )
    settings.main()


def write_source(source: dict[str, str], **changes: object) -> None:
    changes |= {"profiles.mini.base": source, "profiles.mini.tokenize.max_length": 48}
    write_params(Path(), profile="mini", **changes)
    settings.main()


def fails(architecture: str = "distilbert") -> str:
    with pytest.raises(InputError) as error:
        base.main(architecture)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_a_pretrained_encoder_loads_everywhere(architecture, monkeypatch):
    monkeypatch.setattr(BaseReport, "require_helped", lambda report, settings: None)  # eighty steps are for the files
    write_data()
    write_settings()
    base.main(architecture)
    folder = Path("models/base", architecture)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    _, loaded = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not loaded["unexpected_keys"]
    assert all(key.split(".")[0] in {"pre_classifier", "classifier", "pooler"} for key in loaded["missing_keys"])
    encoder, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    report = json.loads(Path("metrics/base", f"{architecture}.json").read_text(encoding="utf-8"))
    assert report["vocab_size"] == len(tokenizer) == encoder.config.vocab_size
    weights = (folder / "model.safetensors").read_bytes()
    assert report["checkpoint_sha256"] == hashlib.sha256(weights).hexdigest()
    assert report["parameters"] == stored_parameters(folder)
    assert (report["source"], report["revision"], report["steps"]) == ("pretrain", None, 80)
    assert report["mlm_loss_last"] < report["mlm_loss_first"]
    assert 0 <= report["rating_accuracy"] <= 1


def stored_parameters(folder: Path) -> int:
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        return sum(weights.get_tensor(name).numel() for name in weights.keys())  # noqa: SIM118


def test_the_same_settings_give_the_same_bytes(monkeypatch):
    monkeypatch.setattr(BaseReport, "require_helped", lambda report, settings: None)
    write_data()
    write_settings(steps=10)
    prints = []
    for _ in range(2):
        base.main("distilbert")
        prints.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()})
    assert prints[0] == prints[1]


def test_no_unsupervised_rows_means_masked_lm_on_unlabelled_train(monkeypatch):
    monkeypatch.setattr(BaseReport, "require_helped", lambda report, settings: None)
    write_data(unsupervised=0)
    write_settings(steps=10)
    base.main("distilbert")
    assert json.loads(REPORT.read_text(encoding="utf-8"))["rating_accuracy"] is None


def test_zero_steps_keep_the_random_encoder():
    write_data()
    write_settings(steps=0)
    base.main("distilbert")
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    assert report["mlm_loss_first"] == report["mlm_loss_last"]
    assert report["probe_accuracy"] == report["probe_accuracy_random"]


def test_a_pretraining_that_did_not_help_fails_after_its_report():
    write_data(unsupervised=4000)  # enough to tell
    write_settings(steps=1)
    message = fails()
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    assert message == (
        f"pretraining did not help: masked-LM loss {report['mlm_loss_last']:.3f}, unigram predictor "
        f"{report['mlm_loss_unigram']:.3f}; change base.steps (1) or base.learning_rate"
    )


def test_missing_data_is_named():
    write_settings()
    assert fails() == "data/raw/unsupervised.parquet: not found; run `dvc repro prepare` first"


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def make_snapshot(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_data()
    write_settings(steps=0)
    base.main("distilbert")
    for path in FOLDER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")


def test_a_local_checkpoint_is_copied_without_its_pickle():
    make_snapshot(Path("snapshots/distilbert"))
    write_source({"source": "local", "path": "snapshots"})
    base.main("distilbert")
    assert sorted(path.name for path in FOLDER.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert json.loads(REPORT.read_text(encoding="utf-8")) == {
        "source": "local",
        "revision": None,
        "package": None,
        "licence": None,
        "checkpoint_sha256": sha256("snapshots/distilbert/model.safetensors"),
        "files": {path.name: sha256(path) for path in sorted(FOLDER.iterdir())},
        "parameters": stored_parameters(FOLDER),
        "vocab_size": len(AutoTokenizer.from_pretrained(FOLDER)),
        "steps": None,
        "seconds": None,
        "mlm_loss_first": None,
        "mlm_loss_last": None,
        "mlm_loss_unigram": None,
        "rating_accuracy": None,
        "probe_accuracy": None,
        "probe_accuracy_random": None,
        "mlm_tokens": None,
        "probe_rows": None,
    }


def test_texts_longer_than_the_model_has_positions_for_are_refused_here():
    make_snapshot(Path("snapshots/distilbert"))
    source = {"source": "local", "path": "snapshots"}
    write_params(Path(), profile="mini", **{"profiles.mini.base": source, "profiles.mini.tokenize.max_length": 49})
    settings.main()
    assert fails() == "tokenize.max_length: 49: more than snapshots/distilbert takes; allowed: at most 48"


def test_an_unfit_checkpoint_stops_before_anything_is_copied():
    write_source({"source": "local", "path": "snapshots"})
    assert fails() == "base.path: snapshots/distilbert: not found; required: a folder with the checkpoint"
    make_snapshot(Path("snapshots/distilbert"))
    write_source({"source": "local", "path": "snapshots"})
    whole = Path("snapshots/distilbert/model.safetensors").read_bytes()
    before = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    Path("snapshots/distilbert/model.safetensors").write_bytes(whole[:-100])
    assert fails() == (
        f"snapshots/distilbert: model.safetensors: {len(whole) - 100} of {len(whole)} bytes, cut short; "
        f"delete {Path('snapshots/distilbert').absolute()}/model.safetensors and get it again"
    )
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == before


def test_the_hub_without_network_names_the_ways_on(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(Path("cache").absolute()))
    write_source({"source": "hub"})
    assert fails() == (
        "base.source: 'hub': distilbert/distilbert-base-uncased@12040accade4: not cached and cannot be downloaded "
        "(HF_HUB_OFFLINE is set); go online, or give a local copy (base: {source: local, path: <folder>}), "
        "or use `profile: mini`, which needs neither"
    )


def test_the_hub_with_a_pickle_alone_downloads_nothing(monkeypatch):
    monkeypatch.setattr(
        hub, "list_files", lambda repository: {"config.json": 1, "pytorch_model.bin": 2, "spm.model": 3}
    )
    write_source({"source": "hub"}, **{"architecture.deberta.convert": None})
    assert fails("deberta").startswith(
        "microsoft/deberta-v3-base@8ccc9b6f3619: pytorch_model.bin without model.safetensors; a pickle can run code"
    )


def test_a_hub_snapshot_is_asked_for_by_commit_and_without_pickles(monkeypatch):
    make_snapshot(Path("snapshots/distilbert"))
    asked = {}

    def snapshot_download(repo, **options):
        asked.update(options, repo=repo)
        return "snapshots/distilbert"

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    names = {path.name: 1 for path in Path("snapshots/distilbert").iterdir()}
    monkeypatch.setattr(hub, "list_files", lambda repository: names)
    write_source({"source": "hub"})
    base.main("distilbert")
    assert asked["repo"] == "distilbert/distilbert-base-uncased"
    assert asked["revision"] == "12040accade4e8a0f71eabdb258fecc2e7e948be"
    assert not [pattern for pattern in asked["allow_patterns"] if pattern.endswith((".bin", ".pt", ".h5", ".py", "*"))]
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    assert (report["source"], report["revision"]) == ("hub", asked["revision"])
