from collections import Counter

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from stages.fullsize import autocast
from stages.fullsize.autocast import Autocast
from tests.methods.test_building import ARCHITECTURES, build

BF16 = torch.bfloat16


def passed(model: torch.nn.Module, context) -> tuple[torch.Tensor, Counter]:
    """Logits of a forward pass, and shapes and types of what it keeps for the backward pass."""
    kept = Counter()

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tuple(tensor.shape), tensor.dtype] += 1
        return tensor

    ids = torch.arange(5, 5 + 24).reshape(2, 12)
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    with context, saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = model(input_ids=ids, attention_mask=mask).logits
    return logits.detach(), kept


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn", "ia3"])
def test_does_what_torch_does_where_torch_can(in_empty_folder, architecture, configuration, monkeypatch):
    """On a CPU, by a CPU's rules, which leave normalisation and softmax to their operands."""
    monkeypatch.setattr(autocast, "FULL", ())
    torch.manual_seed(0)
    model = build(architecture, configuration, **{"profiles.mini.train.precision": "bf16"})[1].model.eval()
    real, real_kept = passed(model, torch.autocast("cpu", BF16))
    ours, ours_kept = passed(model, Autocast(BF16))
    assert torch.equal(ours, real)
    assert ours_kept == real_kept
    # weights and scores, but for normalisation and residual sums
    assert any(dtype == BF16 for _, dtype in real_kept)


def test_normalisation_and_softmax_are_in_fp32():
    lower = torch.ones(2, 8, dtype=BF16)
    with Autocast(BF16):
        found = [
            torch.nn.LayerNorm(8)(lower), F.softmax(lower, dim=-1), F.linear(torch.ones(2, 8), torch.ones(3, 8)),
            torch.matmul(torch.ones(2, 8), torch.ones(8, 2)), torch.bmm(torch.ones(1, 2, 8), torch.ones(1, 8, 2)),
            F.gelu(lower), lower + torch.ones(8),
        ]  # fmt: skip
    assert [tensor.dtype for tensor in found] == [torch.float32] * 2 + [BF16] * 4 + [torch.float32]


def test_trained_weights_are_cast_once_a_forward_pass_and_frozen_ones_each_time(monkeypatch):
    trained, frozen, x = (torch.ones(4, 4, requires_grad=grad) for grad in (True, False, False))
    seen = []
    monkeypatch.setattr(F, "linear", lambda x, weight: seen.append(weight))
    with Autocast(BF16) as context:
        for weight in (trained, trained, frozen, frozen):
            F.linear(x, weight)
        context.end_forward()
        F.linear(x, trained)
    first, second, third, fourth, later = seen
    assert first is second
    assert third is not fourth
    assert later is not first


def test_layers_that_run_again_in_the_backward_pass_are_cast_too():
    layer, seen = torch.nn.Linear(4, 4), []

    def run(x: torch.Tensor) -> torch.Tensor:
        y = layer(x)
        seen.append(y.dtype)
        return layer(y)

    with Autocast(BF16) as context:
        y = checkpoint(run, torch.ones(2, 4, requires_grad=True), use_reentrant=False)
        context.end_forward()
        y.sum().backward()
        assert not context._cast
    assert seen == [BF16, BF16]


def test_nothing_is_left_replaced():
    before = F.linear, torch.matmul, torch.Tensor.__matmul__, F.layer_norm, torch.is_autocast_enabled
    with Autocast(BF16):
        assert torch.is_autocast_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert F.linear is not before[0]
    after = F.linear, torch.matmul, torch.Tensor.__matmul__, F.layer_norm, torch.is_autocast_enabled
    assert after == before


@pytest.mark.parametrize(
    "product",
    [
        lambda a, b: a @ b,
        lambda a, b: a.matmul(b),
        lambda a, b: torch.mm(a, b),
        lambda a, b: a.mm(b),
        lambda a, b: torch.einsum("ij,jk->ik", a, b),
        lambda a, b: a[None].bmm(b[None]),
        lambda a, b: torch.bmm(a[None], b[None]),
        lambda a, b: torch.addmm(torch.ones(3), a, b),  # GPT-2's layers
        lambda a, b: torch.baddbmm(torch.ones(3), a[None], b[None]),
        lambda a, b: F.conv1d(a[None], b.T[:, :4, None]),
    ],
)
def test_products_take_operands_of_two_precisions_as_torch_does(product):
    a, b = torch.randn(4, 6), torch.randn(6, 3)
    for left, right in [(a, b), (a.to(BF16), b), (a, b.to(BF16))]:
        with torch.autocast("cpu", BF16):
            real = product(left, right)
        with Autocast(BF16):
            ours = product(left, right)
        assert ours.dtype == real.dtype == BF16
        assert torch.equal(ours, real)
