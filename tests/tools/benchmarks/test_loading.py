from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from stages.core.errors import InputError
from stages.training.settings import Run
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study
from tools.benchmarks import loading

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def loaded(configuration: str) -> loading.LoadingRow:
    entry = Run(architecture="roberta", configuration=configuration, seed=42, role="train")
    return loading.loaded(entry, Path("copies").absolute())


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn"])
def test_each_way_that_is_for_it_gives_the_run(configuration):
    write_study("roberta")
    run("roberta", configuration)
    row = loaded(configuration)
    is_plain_adapter = configuration == "lora-ffn"
    assert row.holds
    assert (row.auto_peft is not None, row.merged is not None) == (is_plain_adapter, is_plain_adapter)


def test_another_model_does_not_hold():
    write_study("roberta")
    run("roberta", "ia3")
    weights = model_path("roberta", "ia3") / "adapter_model.safetensors"
    save_file({name: 2 * tensor for name, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"})
    row = loaded("ia3")
    assert not row.holds
    assert min(row.card, row.auto_peft, row.merged) > loading.SAME


def test_a_study_that_is_not_built_is_said():
    write_study("roberta")
    with pytest.raises(InputError, match=r"^models/runs/roberta/full/42: not found; build the study first$"):
        loaded("full")
