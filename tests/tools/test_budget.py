import pytest

from stages.fullsize.census import Census
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from tests.helpers.tiny_study import ROOT
from tools import budget
from tools.machine import matrix_rate

PARAMS = load_params(ROOT / "params.yaml")
ROWS = {"train": 100, "validation": 10, "test": 20, "unsupervised": 1000}


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_parameters_are_within_three_per_cent_of_the_census(architecture):
    total, multiplied = budget.weights(PARAMS.architecture[architecture].full_size)
    counted = Census.read_from(ROOT / "metrics/census.json").root["corrected"][architecture]["full"].total
    assert total == pytest.approx(counted, rel=0.03)
    assert multiplied == {"distilbert": 6, "roberta": 12, "deberta": 12}[architecture] * 7_077_888


def test_miniature_keeps_the_familys_style():
    sizes = budget.encoder_sizes(PARAMS.architecture["deberta"], miniature=500)
    assert (sizes["vocab_size"], sizes["hidden_size"], sizes["pooler_hidden_size"]) == (500, 64, 64)
    assert sizes["position_biased_input"] is False
    assert budget.sizes_of(PARAMS, "deberta")["vocab_size"] == 2000  # profile mini


def test_operations_of_a_run():
    full, ia3 = (resolve_run(PARAMS, "roberta", name) for name in ("full", "ia3"))
    a_row = 2 * 1000 * full.max_length
    evaluated = 10 * full.train.epochs + 20
    assert budget.run_flops(full, 1000, ROWS) == a_row * (3 * 100 * full.train.epochs + evaluated)
    assert budget.run_flops(ia3, 1000, ROWS) == a_row * (2 * 100 * full.train.epochs + evaluated)


def test_bytes():
    full, ia3 = (resolve_run(PARAMS, "roberta", name) for name in ("full", "ia3"))
    assert budget.checkpoint_bytes({"a": 1000, "b": 500}, "hub") == 1500 * 4 * 3
    assert budget.checkpoint_bytes({"a": 1000}, "local") == 1000 * 4 * 2
    texts, tokens = 1130 * 1500, 130 * 64 * 5 * 3
    assert budget.data_bytes(ROWS, 3, 64, "hub") == 3 * texts + 2 * tokens
    assert budget.data_bytes(ROWS, 3, 64, "generated") == 2 * texts + 2 * tokens
    saved, unfinished = (1000 + 30) * 2 * 2 * 4, 1000 * 6 * 2 * 4
    beside = 1000 * 2 * 4
    assert budget.models_bytes([(full, 1000), (ia3, 1000)], seeds=2, jobs=2) == saved + beside + unfinished
    from_hub = ia3.model_copy(update={"checkpoint_hub_id": "a/b"})
    assert budget.models_bytes([(full, 1000), (from_hub, 1000)], seeds=2, jobs=2) == saved + unfinished
    large = 2**22 + 100  # parameters, of 16 MiB and a little
    saved, unfinished = large * 0.03 * 2 * 2 * 4, large * 6 * 2 * 4
    assert budget.models_bytes([(ia3, large)], seeds=2, jobs=2) == round(saved + unfinished)


def test_rate_of_this_machine(monkeypatch):
    import torch

    monkeypatch.setattr("tools.machine.MEASURED_SECONDS", 0.0)
    monkeypatch.setattr("tools.machine.SIDE", {"cpu": 64})
    assert 1e6 < matrix_rate("cpu", torch.float32) < 1e15
