import json
from pathlib import Path

import torch
from bitsandbytes.nn import Linear4bit

from tests.helpers.tiny_study import write_study
from tools.benchmarks.runs import published_recipe


def test_the_head_of_an_architecture_that_names_none_is_left_as_it_is(in_empty_folder):
    write_study("distilbert")
    run = json.loads(Path("data/settings/runs/distilbert/qlora-ffn.json").read_text(encoding="utf-8"))
    checkpoint = Path("models/base/distilbert")
    model = published_recipe.build({**run, "head": None, "modules_to_save": None}, checkpoint, 2, checkpointing=False)
    kinds = {name: type(module) for name, module in model.base_model.model.named_modules()}
    assert kinds["classifier.original_module"] is torch.nn.Linear
    assert Linear4bit in kinds.values()
    ids = torch.ones(2, 8, dtype=torch.long)
    assert model.train()(input_ids=ids, attention_mask=ids).logits.shape == (2, 2)
