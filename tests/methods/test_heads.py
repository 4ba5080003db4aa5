import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.core.errors import InputError
from stages.encoders.completion import complete
from stages.encoders.settings import Architecture
from stages.encoders.verification import verify
from stages.methods.building import build_model, load_classifier, plain_model
from stages.methods.heads import head_of
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from tests.helpers.families import FAMILIES, TEXTS
from tests.helpers.tiny_study import write_params

CLASSES = ["ham", "spam", "eggs"]
LORA = {"peft_type": "LORA", "r": 2}
CONFIGURATION = {"label": "LoRA", "method": "peft", "target": "attention", "adapter": LORA}
HEADS = {
    "bert": ["bert.pooler", "classifier"],
    "albert": ["albert.pooler", "classifier"],
    "modernbert": ["classifier"],
    "deberta-v2": ["classifier", "pooler"],
    "qwen2": ["score"],
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    for name in HEADS:
        FAMILIES[name].write(folder / name, TEXTS)
        family = Architecture.model_validate(FAMILIES[name].entry())
        complete(folder / name, family, verify(folder / name, family, name))
    return folder


def settings_of(name: str, quantization: str = "none", **more: object):
    write_params(
        Path(),
        architectures=[name],
        configurations=["lora"],
        probes=[],
        architecture={name: FAMILIES[name].entry(miniature={}, tokenizer="wordpiece", **more)},
        configuration={"lora": CONFIGURATION | {"quantization": quantization}},
    )
    return resolve_run(load_params(), name, "lora")


@pytest.mark.parametrize("quantization", ["none", "nf4"])
@pytest.mark.parametrize("name", HEADS)
def test_what_the_checkpoint_does_not_bring_trains(name, quantization, checkpoints, in_empty_folder):
    """The head that is found before loading is what loading finds missing, and stays in floating point."""
    settings = settings_of(name, quantization)
    head = head_of(settings, checkpoints / name, len(CLASSES))
    assert head == HEADS[name]
    _, missing = load_classifier(settings, checkpoints / name, CLASSES, head)
    assert {any(weight.startswith(f"{module}.") for module in head) for weight in missing} == {True}
    loaded = build_model(settings, checkpoints / name, CLASSES)
    learning = [weight for weight, p in loaded.model.named_parameters() if p.requires_grad and "lora_" not in weight]
    assert {module: any(f"{module}." in weight for weight in learning) for module in head} == dict.fromkeys(head, True)
    for module in head:
        assert all(p.is_floating_point() for p in plain_model(loaded.model).get_submodule(module).parameters())


def test_looking_for_the_head_draws_no_random_number(checkpoints, in_empty_folder):
    """So that a run's weights are the same whether `head` is given or found."""
    weights = []
    for more in ({}, {"head": HEADS["bert"]}):
        torch.manual_seed(7)
        model = build_model(settings_of("bert", **more), checkpoints / "bert", CLASSES).model
        weights.append(model.state_dict())
    found, given = weights
    assert found.keys() == given.keys()
    assert all(torch.equal(found[name], given[name]) for name in found)


def test_old_names_of_layer_norm_are_no_head(checkpoints, in_empty_folder):
    """As in bert-base-uncased's file on the hub: Transformers' own renaming is asked, not the names."""
    folder = Path(shutil.copytree(checkpoints / "bert", "old"))
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): weight
        for name, weight in load_file(folder / "model.safetensors").items()
    }
    save_file(old, folder / "model.safetensors", metadata={"format": "pt"})
    assert head_of(settings_of("bert"), folder, 3) == HEADS["bert"]


def test_a_checkpoint_that_brings_its_head_is_made_anew(checkpoints, in_empty_folder):
    settings = settings_of("qwen2")
    model, _ = load_classifier(settings, checkpoints / "qwen2", CLASSES, ["score"])
    model.save_pretrained("whole")
    with pytest.raises(InputError) as caught:
        head_of(settings, Path("whole"), len(CLASSES))
    assert str(caught.value) == "whole: brings a head; `dvc repro -f base@qwen2` leaves it out"
