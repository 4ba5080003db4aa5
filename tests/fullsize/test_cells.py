import pytest
import torch
import transformers

from stages.fullsize.cells import count_cell, counted
from stages.fullsize.census import CensusHole
from stages.fullsize.models import meta_model, model_config, outside_the_base
from stages.methods.audit import checkpoint_name, in_head
from stages.methods.building import apply_method
from tests.helpers.tiny_cells import FAMILIES, LORA, tiny_cell

# Adapters that compute with the weights when they are made, or ask for data when they are used.
ASKING = {
    "adamss": {"peft_type": "ADAMSS", "r": 8, "num_subspaces": 2},
    "boft": {"peft_type": "BOFT", "boft_block_size": 4},
    "bd-lora": {**LORA["adapter"], "use_bdlora": {"target_modules_bd_b": ["query", "value"], "nblocks": 2}},
    "frod": {"peft_type": "FROD", "progressbar": False},
    "kasa": {**LORA["adapter"], "kasa_config": {}},
    "shira": {"peft_type": "SHIRA", "r": 4},
    "unilora": {"peft_type": "UNILORA", "theta_d_length": 64},
    "vblora": {"peft_type": "VBLORA", "num_vectors": 16, "vector_length": 8},
    "waveft": {"peft_type": "WAVEFT", "n_frequency": 16},
}
CONFIGURATIONS = {
    "full": {"method": "full"},
    "head-only": {"method": "subset", "parameters": []},
    "lora": LORA,
    "qlora": {**LORA, "quantization": "nf4"},
    "8-bit": {**LORA, "quantization": "int8"},
}


def counted_on_the_cpu(settings, sizes) -> tuple[int, int, int]:
    """Trainable parameters, those of the head, and all in the plain model, of a model with data."""
    model = getattr(transformers, settings.model_class)(model_config(settings, sizes))
    head = outside_the_base(model)
    plain = sum(parameter.numel() for parameter in model.parameters())
    model = apply_method(model, settings, head)
    trainable = {name: p.numel() for name, p in model.named_parameters() if p.requires_grad}
    return sum(trainable.values()), sum(n for name, n in trainable.items() if in_head(name, head)), plain


@pytest.mark.parametrize("adapter", ASKING.values(), ids=ASKING.keys())
def test_an_adapter_that_asks_for_data_is_counted_as_one_that_has_it(adapter):
    settings, sizes = tiny_cell("bert", method="peft", target="attention", adapter=adapter)
    cell = count_cell(settings, sizes)
    trainable, in_heads, _ = counted_on_the_cpu(settings, sizes)
    assert (cell.trainable, cell.head, cell.adapter) == (trainable, in_heads, trainable - in_heads)
    assert cell.adapter > 0
    assert (cell.new_but_frozen, cell.trainable_but_dead) == (0, 0)
    assert cell.predicted_memory.gradients >= cell.trainable * 4


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
@pytest.mark.parametrize("family", FAMILIES)
def test_any_family_is_counted(family, configuration):
    settings, sizes = tiny_cell(family, **configuration)
    cell = count_cell(settings, sizes)
    trainable, in_heads, plain = counted_on_the_cpu(settings, sizes)
    assert (cell.trainable, cell.head) == (trainable, in_heads)
    assert cell.total == plain + cell.adapter * (settings.method == "peft")
    assert (cell.new_but_frozen, cell.trainable_but_dead) == (0, 0)
    assert cell.predicted_memory.peak > cell.predicted_memory.weights > 0


def test_the_precision_of_a_narrower_layer_reaches_the_first_pass():
    """4-bit layers return bf16 under autocast, and products of it with fp32 fail without."""
    settings, sizes = tiny_cell("mpnet", **CONFIGURATIONS["qlora"])
    assert settings.precision == "bf16"
    assert count_cell(settings, sizes).precision == "bf16"


def test_weights_in_8_bits_take_a_byte():
    settings, sizes = tiny_cell("bert", **CONFIGURATIONS["8-bit"])
    plain, plain_sizes = tiny_cell("bert", **LORA)
    layers, pooler = 2 * (4 * 32 * 32 + 2 * 32 * 64), 32 * 32
    constants = 13 * 512  # of each layer's rows: fewer bytes than a block
    full, narrow = count_cell(plain, plain_sizes).predicted_memory, count_cell(settings, sizes).predicted_memory
    assert full.weights - narrow.weights == 3 * (layers + pooler) - constants


def test_what_cannot_be_counted_is_a_hole_with_its_reason():
    settings, sizes = tiny_cell("albert", "as-published", **CONFIGURATIONS["qlora"])
    assert counted(settings, sizes) == CensusHole(
        reason="ValueError: AlbertForSequenceClassification does not support activation checkpointing."
    )


def test_a_reason_is_one_line_and_not_endless(monkeypatch):
    def fail(*_):
        raise RuntimeError("two\nlines " + "x" * 1000)

    monkeypatch.setattr("stages.fullsize.cells.count_cell", fail)
    reason = counted(*tiny_cell("bert", method="full")).reason
    assert reason.startswith("RuntimeError: two lines xxx")
    assert len(reason) == 300


def test_a_model_with_weights_from_memory_is_left_without_them():
    settings, sizes = tiny_cell("bert", method="peft", target="attention", adapter=ASKING["boft"])
    model = meta_model(settings, model_config(settings, sizes)).model
    assert {p.device for p in model.parameters()} == {torch.device("meta")}


def test_a_large_model_is_not_made_in_memory():
    settings, sizes = tiny_cell("bert", method="peft", target="attention", adapter=ASKING["boft"])
    with pytest.raises(RuntimeError, match=r"Tensor\.item\(\) cannot be called on meta tensors"):
        meta_model(settings, model_config(settings, sizes), with_data_up_to=1000)


def test_the_head_of_a_plain_classifier_is_all_outside_its_base():
    settings, sizes = tiny_cell("modernbert", method="full")
    model = getattr(transformers, settings.model_class)(model_config(settings, sizes))
    assert outside_the_base(model) == ["classifier", "head"]
    assert checkpoint_name("base_model.model.classifier.weight") == "classifier.weight"
