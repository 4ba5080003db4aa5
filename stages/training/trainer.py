"""Optimisation, selection and measurement of one run.

An explicit loop. At miniature sizes Hugging Face ``Trainer`` spends as long on collating, callbacks and logging as on
the step itself; on a GPU its loop waits for the device. Same optimisation: schedule, weight decay, clipping at 1.0,
gradients averaged over the accumulated batches (``tests/training/test_trainer.py`` compares).
"""

import math
import random
from pathlib import Path

import numpy as np
import torch
from transformers.utils import ModelOutput

from stages.core.errors import InputError
from stages.meters.clock import Seconds, Stopwatch
from stages.meters.memory import MemoryMeter
from stages.methods import audit
from stages.methods.building import Loaded, plain_model
from stages.methods.hooks import Hooks
from stages.methods.quantization import autocast_dtype
from stages.training import checkpoints
from stages.training.batching import Batch, Split, epoch_order
from stages.training.compilation import compile_steps, replayed
from stages.training.dropout import draw_in_bulk
from stages.training.optimisation import make_optimizer, rate_factor, steps_of_epoch
from stages.training.record import Epoch
from stages.training.settings import RunSettings

CLIP = 1.0  # of the gradient's norm


def set_seed(seed: int) -> None:
    """Of Python, NumPy and torch on every device."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


class StudyTrainer:
    """One run's loop: audits the first backward pass, books evaluation and saving apart from training.

    Args:
        train, selection: splits on the device that computes.
        folder: where checkpoints go, one an epoch.
    """

    def __init__(
        self,
        settings: RunSettings,
        seed: int,
        loaded: Loaded,
        train: Split,
        selection: Split,
        memory: MemoryMeter,
        folder: Path,
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.folder = folder
        self.device = train.ids.device
        self.model = loaded.model.to(self.device)
        self.new_weights = loaded.new_weights
        self.head = loaded.head
        self.hooks = Hooks(loaded.model)
        self.train_split = train
        self.selection_split = selection
        self.audit: audit.Audit | None = None
        self.memory = memory
        self.seconds = Seconds()
        self.stopwatch = Stopwatch()
        if settings.gradient_checkpointing:
            plain_model(self.model).activation_checkpointing_enable({"use_reentrant": False})
        if settings.train.dropout == "bulk":
            draw_in_bulk(plain_model(self.model))
        self.compiled = compile_steps(self.model, settings.train.compile)
        set_seed(seed)
        self.optimizer = make_optimizer(settings, self.model)  # LoRA-FA's freezes half of each adapter
        self.trainable = {name: p for name, p in self.model.named_parameters() if p.requires_grad}
        self.epoch_steps = steps_of_epoch(settings.train, len(train))
        self.total_steps = self.epoch_steps * settings.train.epochs
        self.autocast = autocast_dtype(settings)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.autocast == torch.float16)
        self.step = replayed(self.pass_batch, settings, self.hooks.acts, list(self.trainable.values()))
        self.to_none = settings.train.compile != "graphs"  # of gradients: those of graphs stay where they are
        self.global_step = self.resumed_at_step = self.tokens = 0
        self.curve: list[Epoch] = []

    def train(self) -> None:
        """Train to the end, from the last whole checkpoint if there is one, and leave the selected epoch's weights."""
        last = checkpoints.last(self.folder)
        if last is not None:
            self.curve = checkpoints.load(last, self.trainable, self.optimizer, self.scaler)
            self.hooks.set_state(checkpoints.method_state(last))
            self.global_step = self.resumed_at_step = len(self.curve) * self.epoch_steps
        self.watch_evaluation()
        self.memory.watch()
        for epoch in range(len(self.curve), self.settings.train.epochs):
            loss = self.train_epoch(epoch)
            self.curve.append(self.select(epoch + 1, loss))
            if epoch + 1 == self.settings.train.epochs or self.has_stopped():
                break
            with self.seconds.of("saving"):
                parts = (self.trainable, self.optimizer, self.scaler, self.curve, self.hooks.state())
                checkpoints.save(self.checkpoint(epoch + 1), *parts)
        chosen = selected_epoch(self.curve, self.settings.load_best)
        if chosen < len(self.curve):
            checkpoints.load_weights(self.checkpoint(chosen), self.trainable)
            self.hooks.set_state(checkpoints.method_state(self.checkpoint(chosen)))
        for parameter in self.trainable.values():
            parameter.requires_grad_(True)  # which a method may have taken from some as it went on

    def has_stopped(self) -> bool:
        """Whether the last epochs, as many as early stopping waits for, have not bettered the selection score."""
        patience = self.settings.train.early_stopping
        return patience is not None and len(self.curve) - selected_epoch(self.curve, load_best=True) >= patience

    def watch_evaluation(self) -> None:
        """Host memory of evaluating the selection split's widest batch, before steps leave their marks on the heap."""
        self.memory.watch()
        with self.seconds.of("evaluation"), torch.inference_mode():
            self.model.eval()
            self.logits(self.selection_split.widest(self.settings.train.evaluation_batch_size))
        self.memory.book("evaluation")

    def checkpoint(self, epoch: int) -> Path:
        return self.folder / f"checkpoint-{epoch * self.epoch_steps}"

    def train_epoch(self, epoch: int) -> float:
        """One pass over the training split; the mean loss of its steps. Nothing in it waits for the device."""
        self.stopwatch.on_epoch_begin()
        self.model.train()
        size = self.settings.train.batch_size
        by_length = self.settings.batching == "by-length"
        order = epoch_order(self.train_split.lengths, size, self.seed, epoch, by_length)
        batches = self.train_split.batches(order, size)
        total = torch.zeros((), device=self.device)
        left = math.ceil(len(order) / size)
        while left:
            self.stopwatch.on_step_begin()
            share = min(self.settings.train.gradient_accumulation, left)
            for _ in range(share):
                total += self.training_step(next(batches), share)
            self.optimizer_step()
            if self.memory.watching:
                self.pass_widest()
                self.memory.book("training")
            self.stopwatch.on_step_end()
            left -= share
        self.tokens += int(self.train_split.lengths.sum())
        loss = float(total) / self.epoch_steps
        self.stopwatch.on_epoch_end()
        return loss

    def pass_widest(self) -> None:
        """The widest batch an epoch may have, without effect: host memory is watched in the first step alone."""
        with torch.random.fork_rng():
            self.loss(self.train_split.widest(self.settings.train.batch_size)).backward()
        self.optimizer.zero_grad(set_to_none=self.to_none)

    def training_step(self, batch: Batch, share: int) -> torch.Tensor:
        """``pass_batch``, and after the first one the audit."""
        loss = self.step(batch, share)
        if self.audit is None:
            self.audit = audit.audit(self.model, self.new_weights, self.head)
            if self.settings.head_policy == "new-modules":
                audit.require_sound(self.audit)
        return loss

    def pass_batch(self, batch: Batch, share: int) -> torch.Tensor:
        """Forward and backward pass of one of ``share`` batches of a step; its part of the step's loss."""
        loss = self.loss(batch) / share
        self.scaler.scale(loss).backward()
        return loss.detach()

    def optimizer_step(self) -> None:
        """Clip, set the rate of this step, update."""
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.trainable.values(), CLIP)
        factor = rate_factor(self.settings.train, self.global_step, self.total_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.hooks.after_step(self.global_step)
        self.optimizer.zero_grad(set_to_none=self.to_none)
        self.global_step += 1

    def loss(self, batch: Batch) -> torch.Tensor:
        """Mean cross-entropy and what the method adds; an epoch's last, smaller batch is not worth compiling for."""
        whole = len(batch.labels) == self.settings.train.batch_size
        model = self.compiled if whole else self.model
        if self.hooks.own_loss:
            return self.hooks.loss(self.output(batch, model, labels=batch.labels).loss)
        logits = self.logits(batch, model)
        return self.hooks.loss(torch.nn.functional.cross_entropy(logits.float(), batch.labels))

    def logits(self, batch: Batch, model: torch.nn.Module | None = None) -> torch.Tensor:
        """Logits (rows, classes) by ``model``, the plain one unless given."""
        return self.output(batch, self.model if model is None else model).logits

    def output(self, batch: Batch, model: torch.nn.Module, **labels: torch.Tensor) -> ModelOutput:
        """All that ``model`` says of a batch, in the run's precision."""
        with torch.autocast(self.device.type, self.autocast, enabled=self.autocast is not None):
            return model(**batch.inputs(), **labels)

    def select(self, epoch: int, train_loss: float) -> Epoch:
        """Score the selection split after ``epoch``: one row of the learning curve, printed."""
        logits = torch.from_numpy(self.predict_logits(self.selection_split, before="training"))
        labels = torch.from_numpy(self.selection_split.labels)
        loss = float(torch.nn.functional.cross_entropy(logits.double(), labels))
        accuracy = float((logits.argmax(dim=1) == labels).double().mean())
        if not math.isfinite(loss):
            raise InputError(f"diverged: selection loss {loss} at step {self.global_step}")
        place = f"epoch {epoch} of {self.settings.train.epochs}"
        print(f"  {place}: selection loss {loss:.4f}, accuracy {accuracy:.4f}", flush=True)
        return Epoch(epoch=epoch, train_loss=train_loss, selection_loss=loss, selection_accuracy=accuracy)

    def predict_logits(self, split: Split, before: str | None = None) -> np.ndarray:
        """Logits float32 (rows, classes) in file order; memory used until now goes to the activity ``before``."""
        if before is not None:
            self.memory.book(before)
        with self.seconds.of("evaluation"), torch.inference_mode():
            self.model.eval()
            order = self.evaluation_order(split)
            batches = split.batches(order, self.settings.train.evaluation_batch_size)
            in_order = torch.cat([self.logits(batch).float() for batch in batches]).cpu().numpy()
            logits = np.empty_like(in_order)
            logits[order] = in_order
        self.memory.book("evaluation")
        return logits

    def evaluation_order(self, split: Split) -> np.ndarray:
        """Indices (rows,) in the order in which a split is evaluated."""
        return split.by_length() if self.settings.batching == "by-length" else np.arange(len(split))

    def give_up_model(self) -> None:
        """Let go of the model and all that training needed, when both have had their use."""
        self.model = self.compiled = self.optimizer = None
        self.trainable = {}
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def selected_epoch(curve: list[Epoch], load_best: bool) -> int:
    """The first epoch with the highest accuracy if the best is to be kept, else the last."""
    if not load_best:
        return len(curve)
    return 1 + int(np.argmax([epoch.selection_accuracy for epoch in curve]))
