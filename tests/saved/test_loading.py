import shutil
from pathlib import Path

import pytest
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from transformers import RobertaForSequenceClassification

from stages.core.errors import InputError
from stages.saved import base_beside
from stages.saved.loading import load_saved
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
