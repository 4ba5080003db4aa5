import shutil
from pathlib import Path

import pytest
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from transformers import RobertaForSequenceClassification

from stages.core.errors import InputError
from stages.saved import base_beside
from stages.saved.loading import load_saved, one_line, open_run
from stages.saved.saved_run import SavedRun
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_a_run_is_loaded_as_what_it_was():
    write_study("roberta")
    for configuration, kind in (("full", RobertaForSequenceClassification), ("qlora-ffn", PeftModel)):
        run("roberta", configuration)
        model = load_saved(model_path("roberta", configuration))
        assert isinstance(model, kind)
        assert not model.training
    layers = [module for module in model.modules() if isinstance(module, Linear4bit)]
    assert layers
    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)


def test_a_large_base_is_looked_for_in_the_project(monkeypatch):
    write_study("roberta")
    monkeypatch.setattr(base_beside, "MOST_BYTES", 0)
    run("roberta", "ia3")
    folder = Path(shutil.copytree(model_path("roberta", "ia3"), "copy"))
    assert isinstance(load_saved(folder), PeftModel)
    shutil.move("models/base/roberta", "there")
    with pytest.raises(InputError) as error:
        load_saved(folder)
    assert str(error.value) == (
        "copy: its base is a local checkpoint, too large to lie beside it, and models/base/roberta is not here; run "
        "this in the project's folder"
    )
    assert isinstance(load_saved(folder, Path("there")), PeftModel)


def test_a_fault_is_one_line_without_a_path_of_this_machine():
    error = OSError(f"{Path.cwd()}/models/runs/a:\n  not found" + "x" * 300)
    assert one_line(error) == f"OSError: models/runs/a: not found{'x' * 300}"[: len("OSError: ") + 200]


def test_files_that_do_not_load_are_one_line_of_a_command():
    write_study("roberta")
    run("roberta", "ia3")
    folder = Path(shutil.copytree(model_path("roberta", "ia3"), "copy"))
    (folder / "adapter_model.safetensors").write_bytes(b"cut")
    with pytest.raises(InputError, match=r"^copy: cannot be loaded: SafetensorError: \S"):
        open_run(folder)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(InputError) as error:
        open_run(folder)
    assert str(error.value) == "copy: adapter_model.safetensors: not found; no other form of weights is read"
    (folder / "base/config.json").write_text('{"model_type": "bert"', encoding="utf-8")
    (folder / "adapter_model.bin").rename(folder / "adapter_model.safetensors")
    with pytest.raises(InputError, match=r"^copy: cannot be loaded: \w+: \S"):
        open_run(folder)


@pytest.mark.parametrize("name", ["pipeline", "RobertaForMaskedLM", "NoneForSequenceClassification"])
def test_a_class_that_is_no_classifier_is_not_called(name):
    write_study("roberta")
    run("roberta", "full")
    folder = model_path("roberta", "full")
    saved = SavedRun.of(folder)
    changed = saved.model_copy(update={"settings": saved.settings.model_copy(update={"model_class": name})})
    changed.write_to(folder / "run.json")
    with pytest.raises(InputError) as error:
        open_run(folder)
    assert str(error.value) == f"{folder}: model_class {name!r}: no sequence classifier of transformers"


def test_weights_of_another_model_are_refused_in_one_line():
    write_study("roberta")
    run("roberta", "lora-r8")
    run("roberta", "lora-r16")
    folder = model_path("roberta", "lora-r8")
    shutil.copyfile(
        model_path("roberta", "lora-r16") / "adapter_model.safetensors", folder / "adapter_model.safetensors"
    )
    with pytest.raises(
        InputError, match=r"^models/runs/roberta/lora-r8/42: cannot be loaded: RuntimeError: .*size mism"
    ):
        open_run(folder)
