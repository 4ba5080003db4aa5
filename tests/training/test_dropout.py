import numpy as np
import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch import nn

from stages.training.dropout import ATTENTION, BulkDropout, attention, draw_in_bulk, keep_mask, numbers
from tests.helpers.tiny_study import CONFIGS


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_mask_drops_the_share_and_keeps_the_mean(p):
    torch.manual_seed(0)
    mask = keep_mask(torch.empty(1001, 999), p)
    assert mask.shape == (1001, 999)
    assert sorted(mask.unique().tolist()) == pytest.approx([0, 1 / (1 - p)], abs=2e-5)
    assert float((mask == 0).double().mean()) == pytest.approx(p, abs=4 * (p * (1 - p) / 1e6) ** 0.5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_a_mask_is_the_same_in_every_type(dtype):
    """Draws decide, not the type: what is kept is kept at the type's own 1 / (1 - p)."""
    torch.manual_seed(0)
    in_double = keep_mask(torch.empty(3, 7, dtype=torch.float64), 0.3)
    torch.manual_seed(0)
    mask = keep_mask(torch.empty(3, 7, dtype=dtype), 0.3)
    assert mask.dtype == dtype
    assert torch.equal(mask, in_double.to(dtype))


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


def test_the_state_of_torch_s_generator_is_all_that_masks_come_from():
    """What ``fork_rng`` sets back, and a seed sets: nothing else is kept from mask to mask."""
    torch.manual_seed(1)
    keep_mask(torch.empty(5, 3), 0.5)
    state = torch.get_rng_state()
    with torch.random.fork_rng():
        keep_mask(torch.empty(60, 7), 0.5)
    second = keep_mask(torch.empty(5, 3), 0.5)
    np.random.seed(3)
    torch.set_rng_state(state)
    assert torch.equal(keep_mask(torch.empty(5, 3), 0.5), second)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 64])
def test_every_bit_of_a_number_is_drawn(size):
    """A seed each: streams that overlap, or a bit that is never set, would show here."""
    torch.manual_seed(0)
    drawn = torch.stack([numbers(torch.Size((size,)), torch.device("cpu")) for _ in range(4000)])
    assert (drawn.dtype, drawn.shape) == (torch.int16, (4000, size))
    bits = (drawn[..., None].int() >> torch.arange(16)) & 1
    assert (bits.double().mean(dim=(0, 1)) - 0.5).abs().max() < 2.5 * size**-0.5 / 4000**0.5
    assert len(drawn[:, 0].unique()) > 3700  # of 65,536 numbers 4,000 times: 3,880 on average


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("length", [4, 5])  # as many as rows; odd: rows share draws
@pytest.mark.parametrize("mask", [None, "bool", "float", "for all rows", "for all rows and heads", "causal"])
def test_attention_of_few_rows_at_a_time_is_that_of_all_to_the_bit(monkeypatch, dtype, length, mask):
    torch.manual_seed(0)
    inputs = [torch.randn(4, 3, length, 4, dtype=dtype, requires_grad=True) for _ in range(3)]
    position_bias = torch.randn(1, 3, length, length, dtype=dtype)
    seen = (torch.arange(length) < torch.tensor([5, 3, 1, 4])[:, None]).view(4, 1, 1, length)
    seen = seen.expand(4, 1, length, length)
    masks = {"bool": seen, "float": (~seen).to(dtype) * -100, "for all rows": seen[:1]}
    masks["for all rows and heads"] = torch.randn(length, length, dtype=dtype)
    found = []
    for scores in (10**6, 2 * 3 * length * length, 1):  # all four rows, two, one
        monkeypatch.setattr("stages.training.dropout.SCORES", scores)
        torch.manual_seed(1)
        output, _ = attention(
            nn.Identity(), *inputs, masks.get(mask), 0.4, is_causal=mask == "causal", position_bias=position_bias
        )
        found.append([output, *torch.autograd.grad(output.float().square().sum(), inputs), torch.get_rng_state()])
    for few in found[1:]:
        for whole, part in zip(found[0], few, strict=True):
            assert torch.equal(whole, part)


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


FAMILIES = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForSequenceClassification),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForSequenceClassification),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForSequenceClassification),
}


def decoder(family: str, implementation: str, dropout: float, heads: int) -> transformers.PreTrainedModel:
    """Two layers, four heads of queries."""
    torch.manual_seed(0)
    config, model_class = FAMILIES[family]
    model = model_class(
        config(
            vocab_size=60,
            hidden_size=16,
            head_dim=4,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=heads,
            attention_dropout=dropout,
            pad_token_id=0,
        )
    )
    model.set_attn_implementation("eager" if implementation == "eager" else "sdpa")
    if implementation == "bulk":
        draw_in_bulk(model)
    return model.train()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("implementation", ["eager", "sdpa", "bulk"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("heads", [4, 2, 1])
@pytest.mark.parametrize("padding", [0, 2])
def test_no_token_of_a_decoder_sees_one_after_it(family, implementation, dropout, heads, padding):
    """What position 0 says does not change with later tokens, whatever is dropped: the same masks are drawn twice."""
    model = decoder(family, implementation, dropout, heads)
    mask = torch.ones(2, 7, dtype=torch.long)
    mask[0, 7 - padding :] = 0
    found = []
    for last in (5, 6):
        ids = torch.tensor([[1, 2, 3, 4, 5, 6, last], [7, 8, 9, 10, 11, 12, last]])
        torch.manual_seed(1)
        found.append(model.model(input_ids=ids, attention_mask=mask).last_hidden_state)
    torch.testing.assert_close(found[1][:, :6], found[0][:, :6])
    assert not torch.allclose(found[1][1, 6], found[0][1, 6])


@pytest.mark.parametrize("heads", [4, 2, 1])
@pytest.mark.parametrize("padding", [0, 2])
def test_a_decoder_in_bulk_is_that_of_torch_but_for_dropout(heads, padding):
    """With a probability too small to be drawn."""
    ids = torch.tensor([[1, 2, 3, 4, 5, 6, 7], [7, 8, 9, 10, 11, 12, 13]])
    mask = torch.ones_like(ids)
    mask[0, 7 - padding :] = 0
    plain = decoder("llama", "sdpa", 0.0, heads)(input_ids=ids, attention_mask=mask).logits
    bulk = decoder("llama", "bulk", 1e-9, heads)(input_ids=ids, attention_mask=mask).logits
    torch.testing.assert_close(bulk, plain, rtol=1e-4, atol=1e-5)
    assert bulk.std() > 1e-3


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_a_bias_of_positions_is_added_as_torch_adds_it(causal, mask):
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 2, 5, 4) for _ in range(3))
    bias = torch.randn(1, 2, 5, 5)
    allowed = (torch.arange(5) < torch.tensor([5, 3])[:, None]).view(2, 1, 1, 5).expand(2, 1, 5, 5)
    mask = {None: None, "bool": allowed, "float": (~allowed) * -1e9}[mask]
    found = []
    for dropout in (0.0, 1e-9):
        more = {"dropout": dropout, "scaling": 0.5, "is_causal": causal, "position_bias": bias}
        found.append(attention(nn.Identity(), query, key, value, mask, **more)[0])
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-5)
