import json
from pathlib import Path

import pytest
import torch

from tests.helpers.tiny_study import write_study
from tools.benchmarks.runs.published_recipe import build
from tools.benchmarks.runs.tuned_recipe import takes_bf16, training_arguments


@pytest.mark.parametrize(
    ("architecture", "configuration", "bears"),
    [("deberta", "qlora-ffn", False), ("deberta", "lora-ffn", True), ("distilbert", "qlora-ffn", True)],
)
def test_bf16_is_taken_where_the_model_bears_it(in_empty_folder, capsys, architecture, configuration, bears):
    write_study(architecture)
    run = json.loads(Path(f"data/settings/runs/{architecture}/{configuration}.json").read_text(encoding="utf-8"))
    model = build(run, Path("models/base", architecture), 2, torch.bfloat16, checkpointing=False)
    capsys.readouterr()
    assert takes_bf16(model) is bears
    assert capsys.readouterr().out.startswith("" if bears else "note: in fp32, as in bf16 it fails: value cannot be")
    assert training_arguments(run, 42, in_bf16=bears).bf16 is bears
