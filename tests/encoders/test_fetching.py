import sys
from pathlib import Path

import pytest

from stages import base, settings
from stages.core.errors import InputError
from stages.core.files import sha256
from stages.encoders.base_report import BaseReport
from stages.training.settings import RunSettings
from tests.helpers.packages import MODEL, NAME, VERSION, install
from tests.helpers.snapshots import write_snapshot
from tests.helpers.tiny_study import write_params

CHECKPOINT = Path("published")
FOLDER = Path("models/base/distilbert")
REPORT = Path("metrics/base/distilbert.json")

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def fails() -> str:
    with pytest.raises(InputError) as error:
        base.main("distilbert")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_checkpoint_of_a_package_is_copied_and_said(monkeypatch):
    write_snapshot(CHECKPOINT, "distilbert")
    install(Path("site"), CHECKPOINT, card="---\nlicense: apache-2.0\n---\n")
    monkeypatch.syspath_prepend(str(Path("site").absolute()))
    source = {"source": "package", "name": NAME, "version": VERSION, "path": MODEL}
    write_package(source)
    base.main("distilbert")
    assert sorted(path.name for path in FOLDER.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    report = BaseReport.read("distilbert")
    assert (report.source, report.revision) == ("package", None)
    assert (report.package, report.licence) == ("tiny-encoder 0.1.0", "apache-2.0")
    assert report.checkpoint_sha256 == sha256(CHECKPOINT / "model.safetensors")
    assert "tiny_encoder" not in sys.modules
    run = RunSettings.read("distilbert", "full")
    assert (run.checkpoint_package, run.checkpoint_hub_id) == ("tiny-encoder 0.1.0", None)
    with Path("site", MODEL, "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    before = REPORT.read_bytes()
    assert fails().startswith("tiny-encoder 0.1.0: tiny_encoder/model/tokenizer.json: SHA-256 ")
    assert REPORT.read_bytes() == before


def test_a_package_with_a_pickle_alone_is_refused(monkeypatch):
    write_snapshot(CHECKPOINT, "distilbert")
    (CHECKPOINT / "model.safetensors").unlink()
    install(Path("site"), CHECKPOINT)
    monkeypatch.syspath_prepend(str(Path("site").absolute()))
    write_package({"source": "package", "name": NAME, "version": VERSION, "path": MODEL})
    assert fails().startswith(
        "tiny-encoder 0.1.0: pytorch_model.bin without model.safetensors; a pickle can run code and is not read"
    )


def write_package(source: dict[str, str]) -> None:
    """Settings of a package's one checkpoint."""
    changes = {"architectures": ["distilbert"], "profiles.mini.base": source, "profiles.mini.tokenize.max_length": 48}
    write_params(Path(), profile="mini", **changes)
    settings.main()
