import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch import nn

from stages.training.dropout import ATTENTION, BulkDropout, attention, draw_in_bulk, keep_mask
from tests.helpers.tiny_study import CONFIGS


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_mask_drops_the_share_and_keeps_the_mean(p):
    torch.manual_seed(0)
    mask = keep_mask(torch.empty(1001, 999), p)
    assert mask.shape == (1001, 999)
    assert sorted(mask.unique().tolist()) == pytest.approx([0, 1 / (1 - p)], abs=2e-5)
    assert float((mask == 0).double().mean()) == pytest.approx(p, abs=4 * (p * (1 - p) / 1e6) ** 0.5)


def test_neighbours_are_independent():
    """Four elements share a draw: neither they nor their bits may know of each other."""
    torch.manual_seed(0)
    dropped = (keep_mask(torch.empty(4_000_000), 0.1) == 0).double().view(-1, 4)
    assert (torch.corrcoef(dropped.T) - torch.eye(4)).abs().max() < 4e-3
    assert dropped.mean(dim=0).tolist() == pytest.approx([0.1] * 4, abs=1.2e-3)


def test_same_seed_same_mask():
    torch.manual_seed(1)
    first = keep_mask(torch.empty(5, 3), 0.5)
    assert not torch.equal(keep_mask(torch.empty(5, 3), 0.5), first)
    torch.manual_seed(1)
    assert torch.equal(keep_mask(torch.empty(5, 3), 0.5), first)


def test_evaluation_and_zero_probability_leave_values_alone():
    x = torch.rand(3, 3)
    assert BulkDropout(0.5).eval()(x) is x
    assert BulkDropout(0.0).train()(x) is x


@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_attention_is_that_of_torch_but_for_dropout(mask):
    """With a probability too small to be drawn, values and gradients are those of the fused kernel."""
    torch.manual_seed(0)
    inputs = [torch.randn(2, 2, 5, 4, requires_grad=True) for _ in range(3)]
    allowed = (torch.arange(5) < torch.tensor([5, 3])[:, None]).view(2, 1, 1, 5).expand(2, 1, 5, 5)
    mask = {None: None, "bool": allowed, "float": (~allowed) * -1e9}[mask]
    found = []
    for dropout in (0.0, 1e-9):
        output, _ = attention(nn.Identity(), *inputs, mask, dropout=dropout, scaling=0.5, is_causal=False)
        found.append([output, *torch.autograd.grad(output.square().sum(), inputs)])
    for plain, bulk in zip(*found, strict=True):
        torch.testing.assert_close(bulk, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", CONFIGS)
def test_every_dropout_of_a_model_is_replaced_in_its_place(architecture):
    """Those of an adapter too, each with its probability, and by modules that train or do not as before."""
    model = transformers.AutoModel.from_config(CONFIGS[architecture]).train()
    get_peft_model(model, LoraConfig(target_modules="all-linear", lora_dropout=0.25))
    before = {name: module.p for name, module in model.named_modules() if type(module) is nn.Dropout}
    draw_in_bulk(model)
    drawn_in_bulk = {name: module for name, module in model.named_modules() if type(module) is BulkDropout}
    assert {name: module.p for name, module in drawn_in_bulk.items()} == before
    assert all(module.training for module in drawn_in_bulk.values())
    assert {0.1, 0.25} <= set(before.values())
    assert not [name for name, module in model.named_modules() if type(module) is nn.Dropout]
    assert (model.config._attn_implementation == ATTENTION) == (architecture != "deberta")
