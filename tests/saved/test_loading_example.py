"""What a model card shows is run as it stands, on a copy of the folder, from another working directory."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from bitsandbytes.nn import Linear4bit
from peft import AutoPeftModelForSequenceClassification
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from stages.saved import base_beside
from stages.saved.loading import quantization_of
from stages.training.batching import Split, read_split
from tests.helpers.cards import by_card
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study
from tools import export

CLASSES = ["bad", "fair", "good"]


def largest_difference(model: torch.nn.Module, test: Split, folder: Path) -> float:
    """Between the model's probabilities and predictions.parquet."""
    batch = next(test.batches(np.arange(len(test)), len(test)))
    with torch.inference_mode():
        logits = model.eval()(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    saved = pd.read_parquet(folder / "predictions.parquet").filter(like="probability_").to_numpy()
    return float(np.abs(logits.double().softmax(dim=1).numpy() - saved).max())


def without_packing(model: torch.nn.Module) -> torch.nn.Module:
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
    return model


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("configuration", ["full", "lora-r8", "lora-r16", "lora-ffn", "qlora-ffn", "ia3"])
def test_a_copied_run_loads_from_another_folder(architecture, configuration, tmp_path, monkeypatch):
    project, copy, exported = (tmp_path / name for name in ("project", "copy", "exported"))
    project.mkdir()
    monkeypatch.chdir(project)
    write_study(architecture, CLASSES)
    run(architecture, configuration)
    test = read_split(Path("data/tokenized", architecture, "test"), 32, 0, torch.device("cpu"))
    shutil.copytree(model_path(architecture, configuration), copy)
    export.main(f"{architecture}/{configuration}/42", str(exported))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    shutil.rmtree(project)
    given = {"quantization_config": quantization_of(copy)} if configuration.startswith("qlora") else {}
    models: list[PreTrainedModel] = [by_card(copy), by_card(exported)]
    models += [AutoModelForSequenceClassification.from_pretrained(folder, **given) for folder in (copy, exported)]
    if configuration != "full":
        models.append(AutoPeftModelForSequenceClassification.from_pretrained(str(exported), **given))
    for model in models:
        assert model.config.id2label == dict(enumerate(CLASSES))
        assert any(isinstance(module, Linear4bit) for module in model.modules()) == bool(given)
        assert largest_difference(without_packing(model), test, copy) <= 1e-5


@pytest.mark.parametrize("configuration", ["lora-ffn", "qlora-ffn"])
def test_a_base_too_large_to_copy_is_found_in_the_project(configuration, in_empty_folder, monkeypatch):
    monkeypatch.setattr(base_beside, "MOST_BYTES", 0)
    write_study("roberta", CLASSES)
    run("roberta", configuration)
    copy = Path(shutil.copytree(model_path("roberta", configuration), "copy"))
    test = read_split(Path("data/tokenized/roberta/test"), 32, 0, torch.device("cpu"))
    model = by_card(copy)
    assert model.config.id2label == dict(enumerate(CLASSES))
    assert largest_difference(model, test, copy) <= 1e-5
