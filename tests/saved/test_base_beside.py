import json
from pathlib import Path

import pytest
from peft import PeftModel
from transformers import RobertaConfig

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.saved import base_beside
from stages.saved.base_beside import Base, refer_to, without_quantization
from stages.saved.loading import open_run
from stages.training.record import Record
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")
COMMIT = "e2da8e2f811d1448a5b465c236feacd80ffbac7b"


def adapter_config(folder: Path) -> dict:
    return json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))


def test_small_weights_of_no_hub_lie_beside_the_adapter_byte_for_byte():
    write_study("roberta")
    run("roberta", "ia3")
    folder = model_path("roberta", "ia3")
    weights = (folder / "base/model.safetensors").read_bytes()
    assert weights == Path("models/base/roberta/model.safetensors").read_bytes()
    index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
    assert set(index["weight_map"].values()) == {"base/model.safetensors"}
    assert index["metadata"] == {"total_size": len(weights)}


def test_large_weights_do_not(monkeypatch):
    write_study("roberta")
    size = Path("models/base/roberta/model.safetensors").stat().st_size
    monkeypatch.setattr(base_beside, "MOST_BYTES", size - 1)
    record = run("roberta", "ia3")
    folder = model_path("roberta", "ia3")
    assert [path.name for path in (folder / "base").iterdir()] == ["config.json"]
    assert not (folder / "config.json").exists()  # Transformers would look for weights beside it
    assert adapter_config(folder)["base_model_name_or_path"] == "models/base/roberta"
    assert (record.reload.fault, record.reload.loaded) == (None, "an adapter on its base")
    monkeypatch.setattr(base_beside, "MOST_BYTES", size)
    run("roberta", "ia3")
    assert (folder / "base/model.safetensors").exists()


def with_hub(name: str) -> None:
    """The settings as for a base from the hub, which lies in models/base as ever."""
    path = Path("data/settings/runs/roberta", f"{name}.json")
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings |= {"checkpoint_hub_id": "FacebookAI/roberta-base", "checkpoint_revision": COMMIT}
    path.write_text(json.dumps(settings), encoding="utf-8")


@pytest.mark.parametrize("configuration", ["lora-ffn", "qlora-ffn"])
def test_a_base_on_the_hub_is_named_by_id_and_commit(configuration):
    write_study("roberta")
    with_hub(configuration)
    record = run("roberta", configuration)
    folder = model_path("roberta", configuration)
    assert [path.name for path in (folder / "base").iterdir()] == ["config.json"]
    assert not (folder / "config.json").exists()
    config = adapter_config(folder)
    assert (config["base_model_name_or_path"], config["revision"]) == ("FacebookAI/roberta-base", COMMIT)
    assert record.reload.fault is None
    assert record.reload.loaded.startswith(f"an adapter on FacebookAI/roberta-base at {COMMIT}")


def test_what_the_hub_has_as_a_pickle_is_loaded_from_what_it_was_converted_to(monkeypatch):
    write_study("roberta")
    with_hub("ia3")
    note = {"file": "pytorch_model.bin", "sha256": "a" * 64, "revision": COMMIT}
    Path("models/base/roberta/converted_from.json").write_text(json.dumps(note), encoding="utf-8")
    record, folder = run("roberta", "ia3"), model_path("roberta", "ia3")
    assert record.environment.checkpoint_pickle_sha256 == "a" * 64
    assert record.environment.checkpoint_sha256 == sha256(Path("models/base/roberta/model.safetensors"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"| SHA-256 of the pickle that the base was converted from | {'a' * 64} |\n" in card
    assert f"| SHA-256 of the base | {record.environment.checkpoint_sha256} |\n" in card
    assert adapter_config(folder)["base_model_name_or_path"] == "FacebookAI/roberta-base"  # for all others
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert isinstance(open_run(folder), PeftModel)
    note["revision"] = COMMIT[::-1] + "0"  # models/base is of another by now
    Path("models/base/roberta/converted_from.json").write_text(json.dumps(note), encoding="utf-8")
    with pytest.raises(InputError, match="cannot be loaded: OSError: "):
        open_run(folder)


def test_a_run_from_what_is_as_published_says_nothing_of_a_pickle():
    write_study("roberta")
    record = run("roberta", "ia3")
    assert record.environment.checkpoint_pickle_sha256 is None
    assert "pickle" not in Record.path("roberta", "ia3", 42).read_text(encoding="utf-8")
    assert "pickle" not in (model_path("roberta", "ia3") / "README.md").read_text(encoding="utf-8")


def test_a_reference_changes_nothing_else():
    before = {"r": 8, "base_model_name_or_path": "there", "revision": None}
    Path("adapter_config.json").write_text(json.dumps(before), encoding="utf-8")
    refer_to(Base("here", "main"), Path())
    assert adapter_config(Path()) == {"r": 8, "base_model_name_or_path": "here", "revision": "main"}


def test_a_configuration_without_quantisation_is_else_the_same():
    config = RobertaConfig(hidden_size=32, id2label={0: "a", 1: "b", 2: "c"})
    expected = config.to_dict()
    config.quantization_config = {"load_in_4bit": True, "quant_method": "bitsandbytes"}
    assert without_quantization(config).to_dict() == expected
    assert hasattr(config, "quantization_config")
