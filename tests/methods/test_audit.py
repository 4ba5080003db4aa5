from pathlib import Path

import pytest
import torch
from bitsandbytes.nn import Linear4bit

from stages.core.errors import InputError
from stages.methods.audit import Audit, audit, checkpoint_name, parameter_counts, require_sound
from stages.methods.building import build_model
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from tests.helpers.raw_splits import BINARY
from tests.helpers.tiny_study import write_base, write_params

CLEAN = Audit([], [], [], [])
LAST_HEAD = {"distilbert": "classifier", "roberta": "classifier.out_proj", "deberta": "classifier"}


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def built(architecture: str, configuration: str, protocol: str = "corrected"):
    write_params(Path(), protocol=protocol)
    write_base(architecture)
    settings = resolve_run(load_params(), architecture, configuration)
    loaded = build_model(settings, Path("models/base", architecture), BINARY)
    return settings, loaded.model, loaded.new_weights


def backward(model: torch.nn.Module) -> None:
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 10, 3]])
    model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=torch.tensor([0, 1])).loss.backward()


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("configuration", ["full", "lora-r8", "qlora-ffn", "ia3"])
def test_corrected_protocol_is_sound(architecture, configuration):
    settings, model, new = built(architecture, configuration)
    backward(model)
    assert audit(model, new, settings.head) == CLEAN


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_frozen_head_is_named(architecture):
    settings, model, new = built(architecture, "full")
    frozen = f"{LAST_HEAD[architecture]}.weight"
    model.get_parameter(frozen).requires_grad_(False)
    backward(model)
    found = audit(model, new, settings.head)
    assert found == Audit([], [frozen], [], [])
    with pytest.raises(InputError, match=f"trainability audit: frozen: {frozen}"):
        require_sound(found)


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_parameter_without_gradient_is_named(architecture):
    settings, model, new = built(architecture, "lora-r8")
    model.unused = torch.nn.Parameter(torch.zeros(3))
    backward(model)
    found = audit(model, new, settings.head)
    assert found == Audit(["unused"], [], [], [])
    with pytest.raises(InputError, match="trainability audit: dead: unused"):
        require_sound(found)


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_quantised_head_is_named(architecture):
    settings, model, new = built(architecture, "full")
    name = LAST_HEAD[architecture]
    backward(model)
    size = model.get_submodule(name).in_features
    model.set_submodule(name, Linear4bit(size, 2))
    assert audit(model, new, settings.head).quantised_heads == [name]


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_head_that_no_gradient_reaches_is_named(architecture):
    """A head cut off from the loss: its parameters get a gradient, and the gradient is zero."""
    settings, model, new = built(architecture, "lora-r8")
    module = settings.head[-1]
    model.get_submodule(f"base_model.model.{module}").register_forward_hook(lambda *args: args[-1] * 0.0)
    backward(model)
    found = audit(model, new, settings.head)
    assert module in found.heads_without_gradient
    with pytest.raises(InputError, match=f"heads_without_gradient: .*{module}"):
        require_sound(found)


def test_published_roberta_qlora_head_is_dead():
    settings, model, new = built("roberta", "qlora-ffn", "as-published")
    backward(model)
    found = audit(model, new, settings.head)
    counts = parameter_counts(model, found, settings.head)
    assert found.dead
    assert counts.trainable_but_dead == 16 * 16 + 16 + 16 * 2 + 2


def test_published_deberta_lora_pooler_is_frozen():
    settings, model, new = built("deberta", "lora-r8", "as-published")
    backward(model)
    found = audit(model, new, settings.head)
    assert found.frozen == ["pooler.dense.bias", "pooler.dense.weight"]
    assert parameter_counts(model, found, settings.head).new_but_frozen == 16 * 16 + 16


def test_counts_of_lora():
    settings, model, new = built("roberta", "lora-r8")
    backward(model)
    counts = parameter_counts(model, audit(model, new, settings.head), settings.head)
    head = 16 * 16 + 16 + 16 * 2 + 2
    adapter = 2 * (8 * 16 + 16 * 8)
    assert (counts.adapter, counts.head, counts.trainable) == (adapter, head, adapter + head)


def test_packed_weights_count_as_weights():
    _, full, _ = built("roberta", "full")
    settings, quantised, _ = built("roberta", "qlora-ffn")
    counts = parameter_counts(quantised, CLEAN, settings.head)
    assert counts.total - counts.adapter == sum(p.numel() for p in full.parameters())


def test_checkpoint_name_undoes_peft():
    wrapped = "base_model.model.classifier.modules_to_save.default.dense.weight"
    assert checkpoint_name(wrapped) == "classifier.dense.weight"
    assert checkpoint_name("base_model.model.encoder.query.base_layer.weight") == "encoder.query.weight"
