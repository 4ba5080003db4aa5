import pytest
import torch
import transformers

from stages.fullsize.census import Census
from stages.fullsize.models import model_config
from stages.fullsize.sizes import encoder_sizes
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from tests.helpers.tiny_cells import tiny_cell
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


LARGE = {"vocab_size": 30_000, "hidden_size": 512, "num_hidden_layers": 6, "num_attention_heads": 8}
LARGE |= {"intermediate_size": 1536, "max_position_embeddings": 512}
OF_FAMILY = {
    "albert": LARGE | {"embedding_size": 128, "num_hidden_groups": 1},
    "llama": LARGE | {"num_key_value_heads": 2},
    "qwen2": LARGE | {"num_key_value_heads": 2},
    "gpt2": {"vocab_size": 30_000, "n_embd": 512, "n_layer": 6, "n_head": 8, "n_inner": 1536},
}


@pytest.mark.parametrize("family", ["bert", "albert", "mpnet", "llama", "qwen2", "gpt2"])
def test_parameters_of_other_families_are_within_a_fifth(family):
    settings, _ = tiny_cell(family, method="full")
    sizes = OF_FAMILY.get(family, LARGE)
    with torch.device("meta"):
        model = getattr(transformers, settings.model_class)(model_config(settings, sizes))
    total, multiplied = budget.weights(sizes)
    assert total == pytest.approx(sum(p.numel() for p in model.parameters()), rel=0.2)
    assert multiplied % 6 == 0


@pytest.mark.parametrize("sizes", [None, {}, {"hidden_size": 8}, LARGE | {"hidden_size": [1, 2]}])
def test_sizes_that_do_not_say_it_are_not_known(sizes):
    assert budget.weights(sizes) is None


def test_sizes_of_a_cached_checkpoint_are_read(monkeypatch, tmp_path):
    architecture = PARAMS.architecture["roberta"].model_copy(update={"full_size": None})
    params = PARAMS.model_copy(update={"profile": "paper", "architecture": {"roberta": architecture}})
    monkeypatch.setattr(budget.hub, "cached", lambda *_: None)
    assert budget.sizes_of(params, "roberta") is None
    (tmp_path / "config.json").write_text('{"hidden_size": 8, "model_type": "roberta"}', encoding="utf-8")
    monkeypatch.setattr(budget.hub, "cached", lambda *_: tmp_path)
    assert budget.sizes_of(params, "roberta") == {"hidden_size": 8}


def test_miniature_keeps_the_familys_style():
    sizes = encoder_sizes(PARAMS.architecture["deberta"], miniature=500)
    assert (sizes["vocab_size"], sizes["hidden_size"], sizes["pooler_hidden_size"]) == (500, 64, 64)
    assert sizes["position_biased_input"] is False
    assert budget.sizes_of(PARAMS, "deberta")["vocab_size"] == 2000  # profile mini


def test_operations_of_a_run():
    full, ia3 = (resolve_run(PARAMS, "roberta", name) for name in ("full", "ia3"))
    a_row = 2 * 1000 * full.max_length
    evaluated = 10 * full.train.epochs + 20
    assert budget.run_flops(full, 1000, ROWS) == a_row * (3 * 100 * full.train.epochs + evaluated)
    assert budget.run_flops(ia3, 1000, ROWS) == a_row * (2 * 100 * full.train.epochs + evaluated)
    head = full.model_copy(update={"method": "subset"})
    assert budget.run_flops(head, 1000, ROWS) == a_row * (100 * full.train.epochs + evaluated)
    biases = head.model_copy(update={"parameters": ["*.bias"]})
    assert budget.run_flops(biases, 1000, ROWS) == budget.run_flops(ia3, 1000, ROWS)


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
