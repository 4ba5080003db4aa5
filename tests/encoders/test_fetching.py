import json
import os
import sys
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from stages import base, settings
from stages.core.errors import InputError
from stages.core.files import sha256
from stages.encoders import fetching
from stages.encoders.base_report import BaseReport
from stages.hub import client as hub
from stages.study.params import load_params
from stages.training.settings import RunSettings
from tests.encoders.test_unpickling import Calls
from tests.helpers.packages import MODEL, NAME, VERSION, install
from tests.helpers.snapshots import fill_cache, write_snapshot
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


@pytest.fixture
def pickled(in_empty_folder) -> dict[str, torch.Tensor]:
    """A checkpoint of DeBERTa with a pickle alone, some of its numbers in half precision; its weights."""
    write_snapshot(CHECKPOINT / "deberta", "deberta")
    weights = load_file(CHECKPOINT / "deberta/model.safetensors")
    weights = {name: tensor.half() if "layer.0" in name else tensor for name, tensor in weights.items()}
    torch.save(weights, CHECKPOINT / "deberta/pytorch_model.bin")
    (CHECKPOINT / "deberta/model.safetensors").unlink()
    return weights


def tell(source: dict[str, str], architecture: str = "deberta", **changes: object) -> None:
    changes |= {"architectures": [architecture], "profiles.mini.base": source, "profiles.mini.tokenize.max_length": 48}
    write_params(Path(), profile="mini", **changes)
    settings.main()


def require_converted(weights: dict[str, torch.Tensor]) -> None:
    """The copy has these weights to the bit, and the report both hashes."""
    folder = Path("models/base/deberta")
    made, report = load_file(folder / "model.safetensors"), BaseReport.read("deberta")
    assert made.keys() == weights.keys()
    assert all(made[name].dtype == t.dtype and torch.equal(made[name], t) for name, t in weights.items())
    assert not (folder / "pytorch_model.bin").exists()
    assert report.checkpoint_sha256 == sha256(folder / "model.safetensors") == report.files["model.safetensors"]
    digest = sha256(CHECKPOINT / "deberta/pytorch_model.bin")
    pickle = {"file": "pytorch_model.bin", "sha256": digest, "revision": report.revision}
    assert report.converted_from.model_dump() == pickle
    assert json.loads((folder / "converted_from.json").read_text(encoding="utf-8")) == pickle


def test_a_local_pickle_is_converted(pickled, capsys):
    tell({"source": "local", "path": "published"})
    base.main("deberta")
    require_converted(pickled)
    said = (
        "deberta: pytorch_model.bin of published/deberta converted to model.safetensors, the same numbers bit by bit\n"
    )
    assert said in capsys.readouterr().out
    model, info = transformers.DebertaV2ForSequenceClassification.from_pretrained(
        "models/base/deberta", dtype=torch.float32, output_loading_info=True
    )
    assert {name.split(".")[0] for name in info["missing_keys"]} == {"pooler", "classifier"}
    embedded = model.get_input_embeddings().weight
    assert torch.equal(embedded, pickled["deberta.embeddings.word_embeddings.weight"])


def test_a_pickle_of_a_package_is_converted_once_it_is_the_one_that_was_installed(monkeypatch, pickled):
    folder = install(Path("site"), CHECKPOINT / "deberta")
    monkeypatch.syspath_prepend(str(Path("site").absolute()))
    tell({"source": "package", "name": NAME, "version": VERSION, "path": MODEL})
    base.main("deberta")
    require_converted(pickled)
    with (folder / "pytorch_model.bin").open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=r"^tiny-encoder 0\.1\.0: tiny_encoder/model/pytorch_model\.bin: SHA-256 "):
        base.main("deberta")


def test_a_pickle_with_code_leaves_nothing_behind(pickled):
    torch.save(pickled | {"more": Calls(os.mkdir, str(Path("made").absolute()))}, "published/deberta/pytorch_model.bin")
    tell({"source": "local", "path": "published"})
    with pytest.raises(InputError) as caught:
        base.main("deberta")
    assert str(caught.value) == (
        "published/deberta: pytorch_model.bin: not converted: asks for posix.mkdir, which no weights need and which "
        "may run code; nothing of it was run"
    )
    assert not Path("made").exists()
    assert not BaseReport.path("deberta").exists()
    assert not list(Path("models/base").iterdir())


def test_what_is_beside_a_pickle_is_checked_before_it_is_read(monkeypatch, pickled):
    monkeypatch.setattr(fetching, "convert", lambda *arguments: pytest.fail("read"))
    tell({"source": "local", "path": "published"})
    Path("published/deberta/config.json").write_text('{"auto_map": {}}', encoding="utf-8")
    with pytest.raises(InputError, match="auto_map asks for remote code"):
        base.main("deberta")


@pytest.mark.usefixtures("pickled")
def test_weights_of_another_model_are_named_after_the_conversion():
    torch.save({"weight": torch.ones(2)}, "published/deberta/pytorch_model.bin")
    tell({"source": "local", "path": "published"})
    with pytest.raises(InputError, match=r"^published/deberta: model\.safetensors: no deberta\.embeddings"):
        base.main("deberta")


@pytest.mark.parametrize("architecture", ["deberta", "roberta"])
def test_safetensors_come_first_and_it_is_said_where_a_conversion_was_asked_for(architecture, capsys):
    write_snapshot(CHECKPOINT / architecture, architecture)  # its pickle is none
    tell({"source": "local", "path": "published"}, architecture)
    base.main(architecture)
    assert BaseReport.read(architecture).converted_from is None
    assert "converted_from" not in BaseReport.path(architecture).read_text(encoding="utf-8")
    said = f"{architecture}: nothing to convert: published/{architecture} has model.safetensors\n"
    assert (said in capsys.readouterr().out) == (architecture == "deberta")


def test_the_hub_is_asked_for_a_pickle_only_to_convert_it(monkeypatch, pickled):
    asked = []

    def snapshot_download(repository, **options):
        asked.append(options["allow_patterns"])
        return "published/deberta"

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    names = {path.name: 1 for path in Path("published/deberta").iterdir()}
    monkeypatch.setattr(hub, "list_files", lambda repository: names)
    tell({"source": "hub"})
    base.main("deberta")
    require_converted(pickled)
    assert [patterns for patterns in asked if "pytorch_model.bin" in patterns] == [["pytorch_model.bin"]] * 2
    asked.clear()
    names["model.safetensors"] = 1
    save_file(pickled, "published/deberta/model.safetensors", metadata={"format": "pt"})
    base.main("deberta")
    assert asked
    assert not [patterns for patterns in asked if "pytorch_model.bin" in patterns]
    assert BaseReport.read("deberta").converted_from is None


def test_a_cached_pickle_is_converted_without_the_hub(monkeypatch, pickled):
    tell({"source": "hub"})
    family = load_params().architecture["deberta"]
    fill_cache(Path("cache").absolute(), "model", family.hub_id, family.revision, CHECKPOINT / "deberta")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(Path("cache").absolute()))
    base.main("deberta")
    require_converted(pickled)
    assert BaseReport.read("deberta").revision == family.revision
    tell({"source": "hub"}, **{"architecture.deberta.convert": None})
    with pytest.raises(InputError, match=r"^microsoft/deberta-v3-base@8ccc9b6f3619: pytorch_model\.bin without model"):
        base.main("deberta")


def write_package(source: dict[str, str]) -> None:
    """Settings of a package's one checkpoint."""
    changes = {"architectures": ["distilbert"], "profiles.mini.base": source, "profiles.mini.tokenize.max_length": 48}
    write_params(Path(), profile="mini", **changes)
    settings.main()
