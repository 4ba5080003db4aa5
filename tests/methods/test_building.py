from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from bitsandbytes.nn import Linear4bit
from transformers import BertConfig, BertModel

from stages import settings
from stages.methods import building
from stages.methods.building import build_model, plain_model
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute
from tests.helpers.raw_splits import BINARY
from tests.helpers.tiny_study import write_base, write_params

ARCHITECTURES = ["distilbert", "roberta", "deberta"]
ADAPTED = {
    ("distilbert", "lora-r8"): ["q_lin", "v_lin"],
    ("distilbert", "lora-ffn"): ["lin1", "lin2", "q_lin", "v_lin"],
    ("distilbert", "ia3"): ["lin2", "v_lin"],
    ("roberta", "lora-r8"): ["query", "value"],
    # the suffix output.dense also matches attention's output projection, as in the reproduced study
    ("roberta", "lora-ffn"): ["attention.output.dense", "intermediate.dense", "output.dense", "query", "value"],
    ("roberta", "ia3"): ["attention.output.dense", "output.dense", "value"],
    ("deberta", "lora-r8"): ["query_proj", "value_proj"],
    ("deberta", "lora-ffn"): [
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
        "query_proj",
        "value_proj",
    ],
    ("deberta", "ia3"): ["attention.output.dense", "output.dense", "value_proj"],
}

BERT = {
    "label": "BERT",
    "model_class": "BertForSequenceClassification",
    "modules": {"attention-ffn": ["query", "value", "intermediate.dense", "output.dense"]},
}

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def build(architecture: str, configuration: str, classes: list[str] = BINARY, **changes):
    write_params(Path(), **changes)
    write_base(architecture)
    settings = resolve_run(load_params(), architecture, configuration)
    return settings, build_model(settings, Path("models/base", architecture), classes)


def adapted_modules(model: torch.nn.Module) -> list[str]:
    """Adapted layers of the only block, named from the block down."""
    names = {name for name, module in model.named_modules() if hasattr(module, "base_layer")}
    return sorted(
        name.split("layer.0.")[1]
        .removeprefix("attention.self.")
        .removeprefix("ffn.")
        .replace("attention.q_lin", "q_lin")
        .replace("attention.v_lin", "v_lin")
        for name in names
    )


@pytest.mark.parametrize(("architecture", "configuration"), ADAPTED)
def test_adapted_modules(architecture, configuration):
    _, loaded = build(architecture, configuration)
    assert adapted_modules(loaded.model) == ADAPTED[architecture, configuration]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_head_module_is_new_and_trains_whatever_the_method(architecture):
    trainable = {}
    for configuration in ("full", "lora-r8", "qlora-ffn", "ia3"):
        settings, loaded = build(architecture, configuration)
        names = [name for name, p in loaded.model.named_parameters() if p.requires_grad]
        heads = {module for module in settings.head if any(f"{module}." in name for name in names)}
        assert heads == set(settings.head)
        assert {name.split(".")[0] for name in loaded.new_weights} == set(settings.head)
        trainable[configuration] = len([n for n in names if any(f"{h}." in n for h in settings.head)])
    assert len(set(trainable.values())) == 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("configuration", ["full", "lora-r8", "qlora-ffn", "ia3"])
def test_the_head_has_an_output_a_class(architecture, configuration):
    classes = ["entailment", "neutral", "contradiction", "odd 'name' ✓"]
    _, loaded = build(architecture, configuration, classes)
    ids = torch.tensor([[2, 7, 8, 3]])
    assert loaded.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.shape == (1, 4)
    config = plain_model(loaded.model).config
    assert config.id2label == dict(enumerate(classes))
    assert config.label2id == {name: index for index, name in enumerate(classes)}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_qlora_freezes_4bit_layers_and_keeps_heads_in_floating_point(architecture):
    settings, loaded = build(architecture, "qlora-ffn")
    linears = {name: m for name, m in loaded.model.named_modules() if isinstance(m, torch.nn.Linear)}
    quantised = {name for name, m in linears.items() if isinstance(m, Linear4bit)}
    others = {name for name in linears if name not in quantised}
    assert quantised
    assert not any(p.requires_grad for name in quantised for p in linears[name].parameters(recurse=False))
    assert all("lora_" in name or any(head in name for head in settings.head) for name in others)
    first = linears[min(quantised)].weight.quant_state
    assert (first.quant_type, first.nested) == ("nf4", True)
    for name in others:
        assert linears[name].weight.is_floating_point()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("configuration", ["full", "qlora-ffn"])
def test_models_are_those_that_torch_makes_by_decompositions(architecture, configuration, monkeypatch):
    """Weights, the fresh head, and buffers that no checkpoint holds."""
    found = []
    for mode in (nothing_to_compute, nullcontext):
        monkeypatch.setattr(building, "nothing_to_compute", mode)
        torch.manual_seed(0)
        model = build(architecture, configuration)[1].model
        found.append({name: (t.dtype, t) for name, t in [*model.named_parameters(), *model.named_buffers()]})
    ours, torchs = found
    assert ours.keys() == torchs.keys()
    for name, (dtype, tensor) in torchs.items():
        assert ours[name][0] == dtype
        assert torch.equal(ours[name][1], tensor), name


def test_published_protocol_leaves_a_new_pooler_frozen():
    _, loaded = build("deberta", "lora-r8", protocol="as-published")
    trainable = {name for name, p in loaded.model.named_parameters() if p.requires_grad}
    assert not any("pooler" in name for name in trainable)


def test_settings_are_not_changed_by_peft():
    settings, _ = build("roberta", "lora-r8")
    assert settings.modules_to_save == ["classifier"]
    assert settings.target_modules == ["query", "value"]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_adapter_fits_on_a_quantised_pooler(precision):
    """One that the checkpoint brings is quantised as the encoder is, and its output is in their precision."""
    changes = {"architectures": ["bert"], "configurations": ["qlora-ffn"], "probes": [], "published": "none"}
    base = {"profiles.mini.base": {"source": "local", "path": "models"}, "profiles.mini.train.precision": precision}
    write_params(Path(), **changes, **base, **{"architecture.bert": BERT})
    settings.main()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=60, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, pad_token_id=0
    )
    BertModel(config).save_pretrained("models/bert")
    loaded = build_model(RunSettings.read("bert", "qlora-ffn"), Path("models/bert"), BINARY)
    assert loaded.head == ["classifier"]
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        logits = loaded.model(input_ids=torch.full((2, 8), 5)).logits
    assert logits.isfinite().all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_is_drawn_on_the_cpu_by_every_method_so_that_a_seed_means_one_head(architecture, monkeypatch):
    """Where there is a GPU Transformers would load a quantised model there; the GPU's generator draws other numbers."""
    heads = {}
    for configuration in ("full", "lora-r8", "qlora-ffn", "ia3"):
        write_params(Path())
        write_base(architecture)
        settings = resolve_run(load_params(), architecture, configuration)
        torch.manual_seed(42)
        with monkeypatch.context() as there_is_a_gpu:
            there_is_a_gpu.setattr(torch.cuda, "is_available", lambda: True)
            there_is_a_gpu.setattr(torch.cuda, "current_device", lambda: "a GPU")
            model, new = building.load_classifier(settings, Path("models/base", architecture), BINARY, settings.head)
        heads[configuration] = {name: model.get_parameter(name) for name in new}
    for head in heads.values():
        assert head.keys() == heads["full"].keys()
        assert all(torch.equal(head[name], heads["full"][name]) for name in head)
