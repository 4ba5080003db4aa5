import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from peft import PeftModel
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from stages.training.batching import read_split
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


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


ODD = ['a "quoted" name', "naïve ✓ 中文", "back\\slash"]


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "ia3"])
def test_a_saved_model_is_loaded_with_its_classes(configuration):
    """By what lies in the folder alone: an adapter's says how many outputs its head has, and what they are called."""
    write_study("deberta", ODD)
    run("deberta", configuration)
    folder = model_path("deberta", configuration)
    config = AutoConfig.from_pretrained(folder)
    assert config.id2label == dict(enumerate(ODD))
    assert config.label2id == {name: index for index, name in enumerate(ODD)}
    if configuration == "full":
        model = AutoModelForSequenceClassification.from_pretrained(folder)
    else:
        base = AutoModelForSequenceClassification.from_pretrained("models/base/deberta", config=config)
        model = PeftModel.from_pretrained(base, folder)
    test = read_split(Path("data/tokenized/deberta/test"), 32, 0, torch.device("cpu"))
    batch = next(test.batches(np.arange(len(test)), len(test)))
    with torch.inference_mode():
        logits = model.eval()(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    saved = pd.read_parquet(folder / "predictions.parquet")
    probabilities = saved[[f"probability_{label}" for label in range(3)]].to_numpy()
    assert logits.softmax(dim=1).numpy() == pytest.approx(probabilities, abs=1e-5)
