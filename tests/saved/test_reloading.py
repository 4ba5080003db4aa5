from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.saved import reloading
from stages.saved.reloading import last_rows
from stages.training import run as run_module
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")
LOADED = {
    "full": "a whole model",
    "lora-ffn": "an adapter on the copy beside it",
    "qlora-ffn": "an adapter on the copy beside it, its linear layers in nf4, bitsandbytes' packing for CPUs off",
    "ia3": "an adapter on the copy beside it",
}


@pytest.mark.parametrize("configuration", LOADED)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_method_comes_back(configuration, precision):
    write_study("distilbert", **{"profiles.mini.train.precision": precision})
    reload = run("distilbert", configuration).reload
    assert (reload.fault, reload.loaded, reload.rows) == (None, LOADED[configuration], 24)
    assert reload.largest_difference <= 1e-5


def disturbed(save, change):
    """Save as ever, then ``change`` the weights' file."""

    def save_and_change(*arguments):
        save(*arguments)
        change(next(arguments[-2].glob("*.safetensors")))

    return save_and_change


def shift(path: Path) -> None:
    weights = load_file(path)
    save_file({name: weight + 0.01 for name, weight in weights.items()}, path, metadata={"format": "pt"})


@pytest.mark.parametrize("configuration", ["full", "qlora-ffn", "ia3"])
def test_other_weights_are_said_in_record_card_and_output(configuration, monkeypatch, capsys):
    monkeypatch.setattr(run_module, "save", disturbed(run_module.save, shift))
    write_study("distilbert")
    reload = run("distilbert", configuration).reload
    assert reload.largest_difference > 1e-5
    assert reload.fault == f"its probabilities differ by {reload.largest_difference:.1g}, more than 1e-05"
    assert f"  saved, but loaded anew it is not the same: {reload.fault}\n" in capsys.readouterr().out
    card = (model_path("distilbert", configuration) / "README.md").read_text(encoding="utf-8")
    assert f"it is **not** the model that was trained: `{reload.fault}`." in card


def test_what_cannot_be_loaded_is_a_finding_and_no_failure(monkeypatch):
    monkeypatch.setattr(run_module, "save", disturbed(run_module.save, lambda path: path.write_bytes(b"cut")))
    monkeypatch.setattr(run_module, "sha256", lambda path: "0" * 64)
    write_study("distilbert")
    record = run("distilbert", "ia3")
    assert record.reload.largest_difference is None
    assert record.reload.fault.startswith("SafetensorError: ")
    assert 0 < record.quality.test_accuracy <= 1


def test_it_is_no_cost_of_the_run_and_disturbs_no_random_number(monkeypatch):
    """Even one that takes long, and takes much memory."""
    write_study("distilbert")
    undisturbed = run("distilbert", "lora-ffn")
    load = reloading.load_saved

    def slowly(*arguments):
        spare = torch.ones(2**26)  # 256 MiB
        torch.rand(int(spare[0]))
        return load(*arguments)

    monkeypatch.setattr(reloading, "load_saved", slowly)
    record = run("distilbert", "lora-ffn")
    assert record.quality == undisturbed.quality
    assert record.cost.peak_memory_host_bytes < 2**27
    assert record.cost.evaluation_peak_memory_host_bytes < 2**27


@pytest.mark.parametrize(
    ("rows", "size", "first"),
    [(24, 64, 0), (4000, 64, 3968), (65, 64, 0), (96, 64, 64), (95, 64, 0), (64, 64, 0), (100, 8, 64), (1, 1, 0)],
)
def test_rows_are_whole_batches_at_the_end(rows, size, first):
    found = last_rows(np.arange(rows), size)
    assert found.tolist() == list(range(first, rows))
    assert first % size == 0
