"""Optimisation, selection and measurement of one run, on Hugging Face ``Trainer``."""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import Sampler
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
from stages.lib.batching import ByLengthSampler
from stages.lib.cells import RunSettings
from stages.lib.checkpoints import mark_whole
from stages.lib.errors import InputError
from stages.lib.meters import MemoryMeter, Seconds, Stopwatch
from stages.lib.methods import Loaded
from stages.lib.records import Epoch

MODEL_INPUTS = ["input_ids", "attention_mask", "label"]


class EpochLine(TrainerCallback):
    """One printed line an epoch, in place of ``Trainer``'s dictionaries."""

    def on_evaluate(self, args, state, *_, metrics: dict[str, float], **__) -> None:
        print(
            f"  epoch {state.epoch:.0f} of {args.num_train_epochs:.0f}: selection loss {metrics['eval_loss']:.4f}, "
            f"accuracy {metrics['eval_accuracy']:.4f}",
            flush=True,
        )


class StudyTrainer(Trainer):
    """``Trainer`` that audits the first backward pass and books evaluation and saving apart from training."""

    def __init__(self, settings: RunSettings, seed: int, loaded: Loaded, memory: MemoryMeter, **kwargs) -> None:
        self.settings, self.data_seed = settings, seed
        self.new_weights = loaded.new_weights
        self.audit: audit.Audit | None = None
        self.memory, self.seconds, self.stopwatch = memory, Seconds(), Stopwatch()
        super().__init__(model=loaded.model, callbacks=[self.stopwatch, EpochLine()], **kwargs)
        self.remove_callback(PrinterCallback)

    @property
    def train_lengths(self) -> list[int]:
        """Tokens of each training example, without padding."""
        return [len(ids) for ids in self.train_dataset["input_ids"]]

    @property
    def resumed_at_step(self) -> int:
        """Optimiser steps taken by an interrupted run before this process; its costs leave them out."""
        return self.state.global_step - len(self.stopwatch.step_seconds)

    def predict_logits(self, dataset: Dataset) -> np.ndarray:
        """Logits (rows, 2) of the selected model, rows in the order given."""
        with self.seconds.of("evaluation"):
            logits = self.predict(dataset.select_columns(MODEL_INPUTS)).predictions
        self.memory.book("evaluation")
        return logits

    def training_step(self, *args, **kwargs) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if self.audit is None:
            self.audit = audit.audit(self.model, self.new_weights, self.settings.head)
            if self.settings.head_policy == "new-modules":
                audit.require_sound(self.audit)
        return loss

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        self.memory.book("training")
        with self.seconds.of("evaluation"):
            metrics = super().evaluate(*args, **kwargs)
        self.memory.book("evaluation")
        if not math.isfinite(metrics["eval_loss"]):
            raise InputError(f"diverged: selection loss {metrics['eval_loss']} at step {self.state.global_step}")
        return metrics

    def _save_checkpoint(self, *args, **kwargs) -> None:
        with self.seconds.of("saving"):
            super()._save_checkpoint(*args, **kwargs)
            mark_whole(Path(self.args.output_dir))

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler | None:
        if self.settings.batching == "random":
            return super()._get_train_sampler(train_dataset)
        return ByLengthSampler(self.train_lengths, self.args.train_batch_size, self.data_seed)


def score(prediction: EvalPrediction) -> dict[str, float]:
    return {"accuracy": float(np.mean(prediction.label_ids == prediction.predictions.argmax(axis=-1)))}


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
        load_best_model_at_end=settings.load_best,
        metric_for_best_model="accuracy",
        greater_is_better=True,
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def make_trainer(
    settings: RunSettings,
    seed: int,
    loaded: Loaded,
    tokenizer: PreTrainedTokenizerBase,
    splits: dict[str, Dataset],
    memory: MemoryMeter,
    folder: Path,
) -> StudyTrainer:
    """A trainer over ``splits["train"]`` that selects its epoch on the protocol's split."""
    selection = splits[settings.selection_split]
    if settings.batching == "by-length":
        selection = selection.select(by_length(selection))
    whole = settings.padding == "max_length"
    collator = DataCollatorWithPadding(
        tokenizer, padding=settings.padding, max_length=settings.max_length if whole else None
    )
    return StudyTrainer(
        settings,
        seed,
        loaded,
        memory,
        args=arguments(settings, seed, folder),
        train_dataset=splits["train"].select_columns(MODEL_INPUTS),
        eval_dataset=selection.select_columns(MODEL_INPUTS),
        data_collator=collator,
        compute_metrics=score,
    )


def by_length(dataset: Dataset) -> np.ndarray:
    """Indices (rows,) from the shortest example to the longest."""
    return np.argsort(dataset["length"], kind="stable")


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
