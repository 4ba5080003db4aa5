"""Each lever against the plain path: same seed, same loss curve."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainingArguments

from stages.meters.memory import MemoryMeter
from stages.training.batching import epoch_order
from stages.training.run import fine_tune, prepare_trainer
from stages.training.settings import RunSettings
from stages.training.trainer import StudyTrainer, set_seed
from tests.helpers.tiny_runs import run
from tests.helpers.tiny_study import write_study
from tests.training.test_run import InterruptedRunError, interrupt_at

CONFIGURATIONS = ["full", "lora-ffn", "qlora-ffn", "ia3"]
ROUNDING = 1e-5  # of a loss in fp32, after kernels that add in another order
BF16_ROUNDING = 1e-4  # of a loss in bf16; logits near zero take the rounding of products down with them


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def prepare(architecture: str, configuration: str, dropout: bool = True, seed: int = 42, **changes) -> StudyTrainer:
    """A trainer over the tiny study, with or without any dropout."""
    write_study(architecture, **changes)
    settings = RunSettings.read(architecture, configuration)
    Path("checkpoints").mkdir(exist_ok=True)
    trainer = prepare_trainer(settings, seed, MemoryMeter(), Path("checkpoints"))
    for module in trainer.model.modules():
        if isinstance(module, nn.Dropout) and not dropout:
            module.p = 0.0
    return trainer


def losses(trainer: StudyTrainer) -> list[float]:
    """One a step of the first epoch."""
    found: list[float] = []
    inner = trainer.training_step
    trainer.training_step = lambda *args: found.append(loss := inner(*args)) or loss
    trainer.train_epoch(0)
    shares = trainer.settings.train.gradient_accumulation
    return [sum(map(float, found[start : start + shares])) for start in range(0, len(found), shares)]


class PlainTrainer(Trainer):
    """Hugging Face's own loop over rows in their order."""

    def _get_train_sampler(self, train_dataset=None) -> SequentialSampler:
        return SequentialSampler(self.train_dataset)


def plain_losses(trainer: StudyTrainer) -> list[float]:
    """The same epoch of the same model by Hugging Face ``Trainer``; trains ``trainer.model``."""
    settings, split = trainer.settings, trainer.train_split
    order = epoch_order(split.lengths, settings.train.batch_size, 42, 0, True)
    rows = [{"input_ids": split.ids[i, : split.lengths[i]].long(), "labels": int(split.labels[i])} for i in order]
    accumulation = settings.train.gradient_accumulation
    arguments = TrainingArguments(
        output_dir="plain",
        num_train_epochs=1,
        per_device_train_batch_size=settings.train.batch_size,
        gradient_accumulation_steps=accumulation,
        learning_rate=settings.learning_rate,
        optim="adamw_torch",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )
    plain = PlainTrainer(trainer.model, arguments, data_collator=collate, train_dataset=rows)
    # else it adds the losses of accumulated batches up, trusting the model to have divided by all their labels
    plain.model_accepts_loss_kwargs = False
    plain.train()
    return [row["loss"] for row in plain.state.log_history if "loss" in row]


def collate(rows: list[dict]) -> dict[str, torch.Tensor]:
    width = max(len(row["input_ids"]) for row in rows)
    ids = torch.stack([nn.functional.pad(row["input_ids"], (0, width - len(row["input_ids"]))) for row in rows])
    mask = torch.stack([torch.arange(width) < len(row["input_ids"]) for row in rows]).long()
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}


@pytest.mark.parametrize("accumulation", [1, 2])
@pytest.mark.parametrize("configuration", ["full", "lora-ffn"])
def test_loop_is_the_optimisation_of_trainer(configuration, accumulation):
    """Epochs that end in a smaller batch and in a step of fewer batches; one epoch, so the rates decay alike."""
    changes = {
        "profiles.mini.train.epochs": 1,
        "profiles.mini.train.batch_size": 10,
        "profiles.mini.train.gradient_accumulation": accumulation,
        "profiles.mini.train.dropout": "torch",
    }
    expected = plain_losses(prepare("roberta", configuration, dropout=False, **changes))
    trainer = prepare("roberta", configuration, dropout=False, **changes)
    assert losses(trainer) == pytest.approx(expected, abs=ROUNDING)
    assert len(expected) == -(-5 // accumulation)


# Every method, and each architecture's own attention.
PAIRS = [*(("distilbert", name) for name in CONFIGURATIONS), ("roberta", "full"), ("deberta", "full")]


@pytest.mark.parametrize(("architecture", "configuration"), PAIRS)
@pytest.mark.parametrize(
    ("lever", "plain", "fast"),
    [
        ("profiles.mini.train.dropout", "torch", "bulk"),
        ("profiles.mini.train.length_multiple", 1, 8),
        ("protocols.corrected.padding", "max_length", "longest"),
    ],
)
def test_lever_leaves_the_loss_curve(architecture, configuration, lever, plain, fast):
    """Dropout apart, of which ``bulk`` draws other masks."""
    curves = [losses(prepare(architecture, configuration, dropout=False, **{lever: value})) for value in (plain, fast)]
    assert curves[1] == pytest.approx(curves[0], abs=ROUNDING)


# aot_eager traces forward and backward as inductor does and needs no C++ compiler
@pytest.mark.parametrize(
    ("architecture", "configuration", "backend"),
    [
        *(pytest.param(*pair, "aot_eager", marks=pytest.mark.slow) for pair in PAIRS),
        pytest.param(
            "distilbert", "ia3", "inductor", marks=pytest.mark.skipif(not shutil.which("g++"), reason="needs g++")
        ),
    ],
)
def test_compiled_steps_leave_the_loss_curve(architecture, configuration, backend, monkeypatch):
    """Two widths and, after them, a smaller batch, which is not compiled."""
    compiled, compile_model = [], torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda model, dynamic, mode: compile_model(model, dynamic=dynamic, backend=spy)
    )

    def spy(graph: torch.fx.GraphModule, inputs: list) -> Callable:
        compiled.extend(t.shape[1] for t in inputs if torch.is_tensor(t) and t.dtype == torch.int64 and len(t) == 10)
        return torch._dynamo.lookup_backend(backend)(graph, inputs)

    changes = {"profiles.mini.train.length_multiple": 16, "profiles.mini.train.batch_size": 10}
    curves = [
        losses(prepare(architecture, configuration, dropout=False, **changes, **{"profiles.mini.train.compile": mode}))
        for mode in ("none", "default")
    ]
    assert curves[1] == pytest.approx(curves[0], abs=ROUNDING)
    assert set(compiled) == {16, 32}


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "ia3"])
def test_fused_optimiser_leaves_the_loss_curve(configuration):
    names = ("adamw_torch", "adamw_torch_fused")
    curves = [losses(prepare("roberta", configuration, **{"protocols.corrected.optimizer.plain": n})) for n in names]
    assert curves[1] == pytest.approx(curves[0], abs=ROUNDING)


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_bf16_follows_the_loss_curve_in_its_rounding(architecture, configuration):
    """All twelve cells, DeBERTa on 4-bit layers included, whose scores no other type than their own can mask."""
    curves = [
        losses(prepare(architecture, configuration, dropout=False, **{"profiles.mini.train.precision": precision}))
        for precision in ("fp32", "bf16")
    ]
    assert curves[1] != curves[0]
    assert curves[1] == pytest.approx(curves[0], abs=BF16_ROUNDING)


def accuracy(seed: int, **changes) -> tuple[float, float]:
    """Of the selection split after the last epoch, with its loss."""
    trainer = prepare("distilbert", "full", seed=seed, **{"profiles.mini.train.epochs": 4, **changes})
    trainer.train()
    return trainer.curve[-1].selection_accuracy, trainer.curve[-1].selection_loss


@pytest.mark.parametrize(
    "lever", [{"profiles.mini.train.precision": "bf16"}, {"profiles.mini.train.dropout": "bulk"}], ids=str
)
def test_what_changes_rounding_or_masks_stays_within_the_seeds(lever):
    """A small task, five seeds each: mean selection losses differ by less than two standard deviations over seeds."""
    plain = {"profiles.mini.train.precision": "fp32", "profiles.mini.train.dropout": "torch"}
    first = np.array([accuracy(seed, **plain) for seed in range(5)])
    second = np.array([accuracy(seed, **(plain | lever)) for seed in range(5)])
    assert first.tolist() != second.tolist()
    gap, spread = np.abs(first.mean(axis=0) - second.mean(axis=0)), np.hypot(first.std(axis=0), second.std(axis=0))
    assert (gap <= 2 * spread + 1e-9).all(), (gap, spread)


def test_seed_reaches_every_generator():
    set_seed(3)
    first = (np.random.rand(), float(torch.rand(())))
    set_seed(3)
    assert (np.random.rand(), float(torch.rand(()))) == first


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_watching_memory_leaves_the_loss_curve_to_the_bit(configuration):
    plain = losses(prepare("distilbert", configuration))
    watched = prepare("distilbert", configuration)
    watched.memory.watch()
    assert losses(watched) == plain
    assert watched.memory.peaks["training"].host > 0
    assert not watched.memory.watching


@pytest.mark.parametrize("patience", [1, 2])
def test_training_ends_when_the_selection_score_has_not_risen_for_as_many_epochs(patience, monkeypatch):
    scores = iter([0.5, 0.75, 0.75, 0.6, 0.9, 0.9])
    inner = StudyTrainer.select

    def select(self, epoch, loss):
        return inner(self, epoch, loss).model_copy(update={"selection_accuracy": next(scores)})

    monkeypatch.setattr(StudyTrainer, "select", select)
    write_study(
        "distilbert", **{"profiles.mini.train.epochs": 6, "configuration.full.train": {"early_stopping": patience}}
    )
    record = run("distilbert", "full")
    assert [epoch.epoch for epoch in record.quality.history] == [*range(1, 3 + patience)]
    assert (record.quality.selected_epoch, record.cost.steps) == (2, 3 * (2 + patience))
    assert record.run.settings.train.early_stopping == patience


def test_a_run_killed_in_the_epoch_that_stops_it_ends_the_same(monkeypatch):
    changes = {
        "profiles.mini.train.epochs": 6,
        "configuration.full.train": {"early_stopping": 1, "learning_rate": 1e-2},
    }
    write_study("distilbert", **changes, **{"profiles.mini.train.lr_scale": 30})
    undisturbed = run("distilbert", "full")
    stopped = len(undisturbed.quality.history)
    assert 1 < stopped < 6
    interrupt_at(3 * stopped - 1, monkeypatch)
    with pytest.raises(InterruptedRunError):
        fine_tune("distilbert", "full", 42)
    resumed = run("distilbert", "full")
    assert (resumed.quality, resumed.parameters) == (undisturbed.quality, undisturbed.parameters)
    assert resumed.cost.resumed_at_step == 3 * (stopped - 1)
