from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import Trainer, get_scheduler

from stages.core.errors import InputError
from stages.study.params import load_params
from stages.training.optimisation import make_optimizer, rate_factor
from stages.training.settings import RunSettings
from stages.training.trainer import StudyTrainer
from tests.helpers.methods import NAME, train, write_method
from tests.helpers.tiny_study import write_params

LORA = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
STEPS = 17
pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.parametrize(
    ("schedule", "theirs"), [("linear", "linear"), ("cosine", "cosine"), ("constant", "constant_with_warmup")]
)
@pytest.mark.parametrize("warmup", [0.0, 0.06, 0.5, 0.99])
def test_rates_are_those_of_get_scheduler(schedule, theirs, warmup):
    settings = load_params_train(schedule=schedule, warmup=warmup)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = get_scheduler(theirs, optimizer, num_warmup_steps=-(-warmup * STEPS // 1), num_training_steps=STEPS)
    for step in range(STEPS):
        assert rate_factor(settings, step, STEPS) == pytest.approx(scheduler.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        scheduler.step()


def load_params_train(**changes):
    write_params(Path())
    params = load_params()
    return params.profiles["mini"].train.model_copy(update=changes)


def watched(monkeypatch) -> list[StudyTrainer]:
    """The trainers of the runs to come."""
    trainers: list[StudyTrainer] = []
    inner = StudyTrainer.train
    monkeypatch.setattr(StudyTrainer, "give_up_model", lambda self: None)  # for a test to look at
    monkeypatch.setattr(StudyTrainer, "train", lambda self: trainers.append(self) or inner(self))
    return trainers


@pytest.mark.parametrize("adapter", [None, LORA], ids=["full", "lora"])
@pytest.mark.parametrize("optimizer", ["adamw_torch_fused", "adamw_8bit"])
def test_what_decays_is_what_decays_in_trainer(adapter, optimizer, monkeypatch):
    write_method(adapter, train={"weight_decay": 0.1, "optimizer": optimizer})
    trainers = watched(monkeypatch)
    train()
    trainer = trainers[0]
    decaying = set(Trainer.get_decay_parameter_names(None, trainer.model))
    found = {id(p): group["weight_decay"] for group in trainer.optimizer.param_groups for p in group["params"]}
    assert found == {id(p): 0.1 if name in decaying else 0.0 for name, p in trainer.trainable.items()}
    assert set(found.values()) == {0.0, 0.1}


def test_without_decay_all_is_one_group(monkeypatch):
    write_method(LORA)
    trainers = watched(monkeypatch)
    train()
    assert [group["weight_decay"] for group in trainers[0].optimizer.param_groups] == [0.0]


@pytest.mark.parametrize(("given", "ratio"), [({}, 16), ({"loraplus_lr_ratio": 4.0}, 4)])
def test_loraplus_keeps_its_ratio_at_every_step(given, ratio, monkeypatch):
    write_method(LORA, train={"optimizer": "loraplus", **given})
    rates = []
    inner = StudyTrainer.optimizer_step

    def step(self):
        inner(self)
        names = {id(p): name for name, p in self.trainable.items()}
        by_part = {}
        for group in self.optimizer.param_groups:
            for p in group["params"]:
                by_part.setdefault(names[id(p)].split(".")[-3], set()).add(group["lr"])
        rates.append(by_part)

    monkeypatch.setattr(StudyTrainer, "optimizer_step", step)
    train()
    height = RunSettings.read("roberta", NAME).learning_rate
    assert len(rates) == 9
    for index, by_part in enumerate(rates):
        assert list(by_part["lora_A"]) == pytest.approx([height * (1 - index / 9)])
        assert list(by_part["lora_B"]) == pytest.approx([ratio * height * (1 - index / 9)])


def test_lorafa_leaves_the_first_matrix_as_it_starts(monkeypatch):
    write_method(LORA, train={"optimizer": "lorafa"})
    trainers = watched(monkeypatch)
    record = train()
    names = {name for name in trainers[0].trainable if "lora_" in name}
    assert {name.split(".")[-3] for name in names} == {"lora_B"}
    assert record.parameters.adapter == 2 * 2 * 16
    assert record.parameters.trainable_but_dead == 0


@pytest.mark.parametrize(
    ("adapter", "entry", "line"),
    [
        (None, {"optimizer": "loraplus"}, "train.optimizer: 'loraplus': for lora_A and lora_B of a LoRA alone"),
        ({"peft_type": "IA3"}, {"optimizer": "lorafa"}, "train.optimizer: 'lorafa': for lora_A and lora_B of a LoRA"),
        (LORA | {"use_dora": True}, {"optimizer": "lorafa"}, "train.optimizer: 'lorafa': for lora_A and lora_B of a"),
    ],
)
def test_an_optimiser_for_lora_is_refused_for_anything_else(adapter, entry, line):
    write_method(adapter, train=entry, **({"target": "peft"} if adapter == {"peft_type": "IA3"} else {}))
    with pytest.raises(InputError) as caught:
        train()
    assert str(caught.value).startswith(line)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"optimizer": "adamw"}, "configuration.mine.train.optimizer: 'adamw': input should be 'adamw_torch', "),
        ({"loraplus_lr_ratio": 4.0}, "loraplus_lr_ratio: 4.0: allowed beside optimizer loraplus alone"),
        ({"optimizer": "loraplus", "loraplus_lr_ratio": 0.5}, "configuration.mine.train.loraplus_lr_ratio: 0.5: "),
    ],
)
def test_an_optimiser_that_is_not_known_is_refused_at_once(entry, line):
    with pytest.raises(InputError) as caught:
        write_method(LORA, train=entry)
    assert line in str(caught.value)


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit"])
def test_every_optimiser_keeps_the_rate_of_each_group(optimizer):
    write_method(None, train={"optimizer": optimizer})
    model = nn.Linear(4, 4)
    made = make_optimizer(RunSettings.read("roberta", NAME), model)
    assert [group["initial_lr"] for group in made.param_groups] == [RunSettings.read("roberta", NAME).learning_rate]
