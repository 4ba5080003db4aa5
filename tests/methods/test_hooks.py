import json
from pathlib import Path

import pytest
import torch
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from torch import nn

from stages.methods.hooks import Hooks
from stages.training.trainer import StudyTrainer
from tests.helpers.methods import NAME, refusal, train, weights, write_method
from tests.training.test_run import InterruptedRunError, interrupt_at

ADALORA = {"peft_type": "ADALORA", "target_r": 2, "init_r": 4, "tinit": 1, "tfinal": 2}
ADAMSS = {"peft_type": "ADAMSS", "r": 8, "num_subspaces": 3, "use_asa": True, "asa_target_subspaces": 2}
ADAMSS |= {"init_warmup": 1, "final_warmup": 6, "mask_interval": 2}


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return self.linear(x)


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("adapter", [ADALORA, ADAMSS], ids=lambda adapter: adapter["peft_type"])
@pytest.mark.parametrize("step", [4, 7])
def test_what_allocates_goes_on_where_it_was(adapter, step, monkeypatch):
    """Killed in the second or the third epoch of three, of three steps each."""
    write_method(adapter)
    undisturbed, expected = train(), weights()
    interrupt_at(step, monkeypatch)
    with pytest.raises(InterruptedRunError):
        train()
    resumed = train()
    assert resumed.cost.resumed_at_step == step - 1
    assert weights() == expected
    assert (resumed.quality, resumed.parameters) == (undisturbed.quality, undisturbed.parameters)


@pytest.mark.usefixtures("in_empty_folder")
def test_adalora_reaches_its_budget_over_the_steps_of_the_run():
    write_method(ADALORA, changes={"protocols.corrected.load_best": {"plain": False, "quantized": False}})
    train()
    saved = json.loads(Path("models/runs/roberta", NAME, "42/adapter_config.json").read_text(encoding="utf-8"))
    assert saved["total_step"] == 9
    assert sum(sum(kept) for kept in saved["rank_pattern"].values()) == 2 * 2  # target_r a module


@pytest.mark.usefixtures("in_empty_folder")
def test_the_selected_epoch_has_its_own_ranks(monkeypatch):
    """The first epoch's, when the allocation had hardly begun, though training went on to the end."""
    write_method(ADALORA)
    scores = iter([1.0, 0.5, 0.5])
    inner = StudyTrainer.select

    def select(self, epoch, loss):
        return inner(self, epoch, loss).model_copy(update={"selection_accuracy": next(scores)})

    monkeypatch.setattr(StudyTrainer, "select", select)
    assert train().quality.selected_epoch == 1
    saved = json.loads(Path("models/runs/roberta", NAME, "42/adapter_config.json").read_text(encoding="utf-8"))
    assert sum(sum(kept) for kept in saved["rank_pattern"].values()) > 2 * 2


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"total_step": 5}, "adapter.total_step: 5: not allowed; it is the number of the run's steps"),
        ({"tinit": 8}, "adapter: ADALORA: The supplied schedule values don't allow for a budgeting phase."),
    ],
)
def test_a_schedule_that_is_not_the_runs_is_refused(given, line):
    assert refusal(ADALORA | given).startswith(line)


def test_adaloras_loss_has_its_term():
    """Its trainer asks the model itself, for PEFT adds the term there."""
    model = get_peft_model(Pair(), AdaLoraConfig(target_modules=["linear"], init_r=2, target_r=1, total_step=10))
    assert Hooks(model).own_loss
    assert not Hooks(get_peft_model(Pair(), LoraConfig(target_modules=["linear"]))).own_loss
    assert not Hooks(Pair()).own_loss


@pytest.mark.usefixtures("in_empty_folder")
def test_the_term_reaches_the_curve():
    """With adapters that start orthogonal to nothing, the term is far above a cross-entropy of two classes."""
    found = {}
    for weight in (0.0, 100.0):
        write_method(ADALORA | {"orth_reg_weight": weight})
        found[weight] = train().quality.history[0].train_loss
    assert found[0.0] < 1 < 10 < found[100.0]


def test_a_penalty_of_peft_is_added_and_no_other():
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules=["linear"], kasa_config={"beta": 1.0, "gamma": 1.0})
    hooks = Hooks(get_peft_model(Pair(), config))
    one = torch.ones(())
    assert hooks.loss(one) == one + hooks.tuner._get_kasa_loss()
    assert hooks.loss(one) > one
    assert Hooks(get_peft_model(Pair(), LoraConfig(target_modules=["linear"]))).loss(one) is one


def test_most_methods_have_no_state_and_no_step():
    hooks = Hooks(get_peft_model(Pair(), LoraConfig(target_modules=["linear"])))
    hooks.after_step(0)
    hooks.set_state({})
    assert hooks.state() == {}
    assert not hooks.acts
