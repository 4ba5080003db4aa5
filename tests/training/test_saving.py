import json

import pytest
from safetensors.numpy import load_file
from transformers import AutoTokenizer

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
