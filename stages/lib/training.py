"""Optimisation, selection and measurement of one run, on Hugging Face ``Trainer``."""

import resource
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from datasets import Dataset
from sklearn.metrics import accuracy_score
from transformers import (
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from stages.lib import audit
from stages.lib.methods import Loaded
from stages.lib.records import Epoch
from stages.lib.settings import RunSettings

WARM_UP_STEPS = 5  # left out of the step-time statistics
MODEL_INPUTS = ["input_ids", "attention_mask", "label"]


class Stopwatch(TrainerCallback):
    """Wall-clock seconds of optimisation alone: epochs and steps, without evaluation or saving."""

    def __init__(self) -> None:
        self.first_step_at: float | None = None
        self.train_seconds = 0.0
        self.step_seconds: list[float] = []

    @staticmethod
    def _now() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()

    def on_epoch_begin(self, *_, **__) -> None:
        self._epoch_began = self._now()

    def on_epoch_end(self, *_, **__) -> None:
        self.train_seconds += self._now() - self._epoch_began

    def on_step_begin(self, *_, **__) -> None:
        self.first_step_at = self.first_step_at or time.time()
        self._step_began = self._now()

    def on_step_end(self, *_, **__) -> None:
        self.step_seconds.append(self._now() - self._step_began)

    def steady_steps(self) -> list[float]:
        """Step times with warm-up left out, all of them when the run is shorter than that."""
        return self.step_seconds[WARM_UP_STEPS:] or self.step_seconds


class EpochLine(TrainerCallback):
    """One printed line an epoch, in place of ``Trainer``'s dictionaries."""

    def on_evaluate(self, args, state, *_, metrics: dict[str, float], **__) -> None:
        print(
            f"  epoch {state.epoch:.0f} of {args.num_train_epochs:.0f}: selection loss {metrics['eval_loss']:.4f}, "
            f"accuracy {metrics['eval_accuracy']:.4f}",
            flush=True,
        )


class StudyTrainer(Trainer):
    """``Trainer`` that audits the first backward pass and keeps evaluation and saving times apart."""

    def __init__(self, settings: RunSettings, loaded: Loaded, **kwargs) -> None:
        self.settings = settings
        self.new_weights = loaded.new_weights
        self.audit: audit.Audit | None = None
        self.evaluation_seconds = 0.0
        self.saving_seconds = 0.0
        self.stopwatch = Stopwatch()
        super().__init__(model=loaded.model, callbacks=[self.stopwatch, EpochLine()], **kwargs)
        self.remove_callback(PrinterCallback)

    @property
    def train_lengths(self) -> list[int]:
        """Tokens of each training example, without padding."""
        return [len(ids) for ids in self.train_dataset["input_ids"]]

    def predict_logits(self, dataset: Dataset) -> np.ndarray:
        """Logits (rows, 2) of the selected model, rows in the order given."""
        return self.predict(dataset.select_columns(MODEL_INPUTS)).predictions

    def training_step(self, *args, **kwargs) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if self.audit is None:
            self.audit = audit.audit(self.model, self.new_weights, self.settings.head)
            if self.settings.head_policy == "new-modules":
                audit.require_sound(self.audit)
        return loss

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        began = time.perf_counter()
        metrics = super().evaluate(*args, **kwargs)
        self.evaluation_seconds += time.perf_counter() - began
        return metrics

    def _save_checkpoint(self, *args, **kwargs) -> None:
        began = time.perf_counter()
        super()._save_checkpoint(*args, **kwargs)
        self.saving_seconds += time.perf_counter() - began


def score(prediction: EvalPrediction) -> dict[str, float]:
    return {"accuracy": accuracy_score(prediction.label_ids, prediction.predictions.argmax(axis=-1))}


def arguments(settings: RunSettings, seed: int, folder: Path) -> TrainingArguments:
    """The study's optimisation: linear decay to zero, no warm-up, no weight decay, clipping at 1.0."""
    train = settings.train
    return TrainingArguments(
        output_dir=str(folder),
        seed=seed,
        num_train_epochs=train.epochs,
        per_device_train_batch_size=train.batch_size,
        gradient_accumulation_steps=train.gradient_accumulation,
        per_device_eval_batch_size=train.evaluation_batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0,
        weight_decay=0.0,
        max_grad_norm=1.0,
        optim=settings.optimizer,
        bf16=settings.precision == "bf16",
        # the published QLoRA computed in fp16 inside its 4-bit layers only
        fp16=settings.precision == "fp16" and settings.method != "qlora",
        activation_checkpointing=settings.gradient_checkpointing,
        eval_strategy="epoch",
        save_strategy="epoch" if settings.load_best else "no",
        logging_strategy="epoch",
        save_total_limit=1,
        save_only_model=True,
        load_best_model_at_end=settings.load_best,
        metric_for_best_model="accuracy",
        greater_is_better=True,
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def make_trainer(
    settings: RunSettings,
    seed: int,
    loaded: Loaded,
    tokenizer: PreTrainedTokenizerBase,
    splits: dict[str, Dataset],
    folder: Path,
) -> StudyTrainer:
    """A trainer over ``splits["train"]`` that selects its epoch on the protocol's split."""
    whole = settings.padding == "max_length"
    collator = DataCollatorWithPadding(
        tokenizer, padding=settings.padding, max_length=settings.max_length if whole else None
    )
    return StudyTrainer(
        settings,
        loaded,
        args=arguments(settings, seed, folder),
        train_dataset=splits["train"].select_columns(MODEL_INPUTS),
        eval_dataset=splits[settings.selection_split].select_columns(MODEL_INPUTS),
        data_collator=collator,
        compute_metrics=score,
    )


def learning_curve(log: list[dict]) -> list[Epoch]:
    """One entry an epoch from ``Trainer``'s log history."""
    train = [row for row in log if "loss" in row]
    selection = [row for row in log if "eval_loss" in row]
    return [
        Epoch(
            epoch=number,
            train_loss=t["loss"],
            selection_loss=s["eval_loss"],
            selection_accuracy=s["eval_accuracy"],
        )
        for number, (t, s) in enumerate(zip(train, selection, strict=True), start=1)
    ]


def selected_epoch(curve: list[Epoch], load_best: bool) -> int:
    """The first epoch with the highest accuracy, as ``load_best_model_at_end`` chooses, else the last."""
    return 1 + int(np.argmax([epoch.selection_accuracy for epoch in curve])) if load_best else len(curve)


def host_peak_bytes(baseline: int) -> int:
    """Peak resident set of this process above ``baseline``. Linux counts ``ru_maxrss`` in KiB."""
    return max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - baseline)


def resident_bytes() -> int:
    return psutil.Process().memory_info().rss
