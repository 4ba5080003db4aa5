import pytest
import torch
from bitsandbytes.nn import Linear4bit

from stages.fullsize.autocast import Autocast
from stages.fullsize.models import meta_model, model_config
from stages.fullsize.peak_memory import CUBLAS_WORKSPACE, StorageMeter, cublas_workspace, predict
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from tests.helpers.tiny_study import ROOT

PARAMS = load_params(ROOT / "params.yaml").model_copy(update={"profile": "paper", "protocol": "as-published"})
TINY = {"vocab_size": 60, "dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128, "max_position_embeddings": 512}


def settings(configuration: str, **changes):
    return resolve_run(PARAMS, "distilbert", configuration).model_copy(update=changes)


def tiny(configuration: str, batch_size: int = 2, length: int = 16, device: str = "cuda", **changes):
    run = settings(configuration, **changes)
    return predict(run, model_config(run, TINY), batch_size, length, device)


def test_meter_follows_allocation_and_release():
    with StorageMeter(block=512) as meter:
        kept = torch.empty(256, device="meta")  # 1024 bytes
        view = kept.view(16, 16)
        meter.book(view, "weights")
        temporary = torch.empty(1, device="meta")  # one block
        del temporary
        assert dict(+meter.live) == {"weights": 1024}
    assert dict(+meter.at_peak) == {"weights": 1024, "activations": 512}


def test_full_fine_tuning_holds_gradients_and_two_moments():
    found = tiny("full", device="cpu")
    parameters = 60 * 64 + 512 * 64 + 128 + 2 * (4 * (64 * 64 + 64) + 2 * 64 * 128 + 128 + 64 + 256)
    parameters += 64 * 64 + 64 + 64 * 2 + 2
    assert found.gradients == 4 * parameters
    assert 0 <= found.weights - 4 * parameters <= 8 * 512  # and the buffer of position ids, where there is one
    assert 0 <= found.optimizer - 8 * parameters < 4 * 200  # and a step counter a tensor
    assert found.peak == found.weights + found.gradients + found.optimizer + found.activations


def test_activations_grow_with_batch_and_length():
    base, wide, long = (tiny("lora-r8", *size).activations for size in ((8, 64), (16, 64), (8, 128)))
    fixed = CUBLAS_WORKSPACE
    assert (wide - fixed) / (base - fixed) == pytest.approx(2, rel=0.05)
    assert (long - fixed) / (base - fixed) == pytest.approx(2, rel=0.25)


def test_what_lies_on_the_device_all_along_adds_to_the_peak_as_it_is():
    run = settings("lora-r8")
    alone, beside = (predict(run, model_config(run, TINY), 2, 16, "cuda", resident=size) for size in (0, 10 * 512))
    assert beside.peak - alone.peak == 10 * 512


def test_accumulated_gradients_stay_beside_the_next_activations():
    """Without accumulation they are gone when the next forward pass begins."""
    once, twice = (
        tiny("full", 16, 256, train=settings("full").train.model_copy(update={"gradient_accumulation": passes}))
        for passes in (1, 2)
    )
    assert twice.peak > once.peak
    assert twice.gradients > once.gradients


def test_checkpointing_saves_activations_and_nothing_else():
    on, off = (tiny("qlora-ffn", 8, 256, gradient_checkpointing=value) for value in (True, False))
    assert on.activations < off.activations
    assert on.weights == off.weights


def test_fused_kernels_hold_without_the_attention_matrix_in_recomputed_layers():
    on = tiny("qlora-ffn", 8, 256, gradient_checkpointing=True).activations
    unfused = tiny("qlora-ffn", 8, 256, "cpu", gradient_checkpointing=True).activations
    matrix = 8 * 4 * 256 * 256 * 4
    assert unfused - (on - CUBLAS_WORKSPACE) > matrix


def test_cublas_takes_a_workspace_a_thread_and_larger_ones_on_hopper(monkeypatch):
    run = settings("full")
    found = []
    for capability in ((8, 0), (9, 0)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda capability=capability: capability)
        found.append(predict(run, model_config(run, TINY), 2, 16, "cuda", workspace=cublas_workspace()))
    assert found[0] == tiny("full")
    assert CUBLAS_WORKSPACE == 2 * (8 * 2**20 + 128 * 2**10)
    assert found[1].activations - found[0].activations == 2 * 32 * 2**20 - CUBLAS_WORKSPACE


def test_mixed_precision_keeps_operands_and_a_copy_of_the_weights_in_its_own():
    x, weight = torch.empty(32, 64, device="meta"), torch.empty(64, 64, device="meta", requires_grad=True)
    with StorageMeter(block=1) as meter, Autocast(torch.bfloat16) as autocast:
        y = torch.nn.functional.linear(torch.nn.functional.linear(x, weight), weight)
        autocast.end_forward()
        weights, rows = 64 * 64, 32 * 64
        # the product of the first layer is the second's operand; x and the weight were there before, and are not seen
        assert meter.allocated == 2 * (weights + 3 * rows)
        y.sum().backward()
        del y
        assert meter.allocated == 4 * weights


def test_mixed_precision_needs_less_at_length():
    full, mixed = (tiny("full", 16, 256, precision=precision) for precision in ("fp32", "bf16"))
    assert (mixed.weights, mixed.optimizer) == (full.weights, full.optimizer)
    assert mixed.activations < full.activations


def test_the_published_qlora_computes_in_fp16_inside_its_4_bit_layers_alone():
    half, mixed, full = (tiny("qlora-ffn", 8, 256, precision=precision) for precision in ("fp16", "bf16", "fp32"))
    assert half.peak == full.peak
    assert mixed.peak < full.peak


@pytest.mark.parametrize(
    ("precision", "expected"), [("fp32", torch.float32), ("fp16", torch.float32), ("bf16", torch.bfloat16)]
)
def test_4_bit_layers_without_data_answer_in_the_type_of_real_ones(precision, expected):
    run = settings("qlora-ffn", precision=precision)
    layers = [m for m in meta_model(run, model_config(run, TINY)).model.modules() if isinstance(m, Linear4bit)]
    assert len(layers) == 2 * 6
    assert {layer(torch.empty(2, layer.in_features, device="meta")).dtype for layer in layers} == {expected}


def test_real_quantisation_still_works_afterwards():
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    tiny("qlora-ffn")
    weight = torch.randn(64, 64)
    packed, state = quantize_4bit(weight, compress_statistics=True, quant_type="nf4")
    assert torch.isfinite(dequantize_4bit(packed, state)).all()
