"""Predicted peak memory of training: the real model, loss and optimiser on the meta device, every storage counted.

Two optimiser steps run on tensors that have shapes and no data; a dispatch mode follows each storage from allocation
to release. ``torch.distributed._tools.MemTracker`` does the same for one iteration alone, and the peak needs two: it
is reached when gradients are accumulated beside the optimiser's state.

Left out, as small: bitsandbytes' fp16 copy of the weight that a layer multiplies with, the columns of outliers that an
8-bit layer multiplies in fp16, kernels' own scratch space beyond cuBLAS's, and up to a mebibyte a tensor that the
allocator counts when it gives a free block whole. Evaluation is not counted.
"""

import math
import weakref
from collections import Counter
from typing import Any, Literal

import torch
import torch.nn.functional as F  # noqa: N812
from bitsandbytes.nn import Linear8bitLt
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PretrainedConfig

from stages.fullsize.autocast import Autocast
from stages.fullsize.census import PredictedMemory
from stages.fullsize.kernels import PaddedBatch, fused_kernels
from stages.fullsize.models import meta_model
from stages.fullsize.optimizers import meta_optimizer
from stages.methods.quantization import autocast_dtype
from stages.training.settings import RunSettings

BLOCK = 512  # the CUDA caching allocator rounds every request up to this many bytes
# cuBLAS takes its workspace from torch's allocator, one for the thread that calls forward and one for that which runs
# backward: CUBLAS_WORKSPACE_CONFIG=:4096:2:16:8 (KiB x count) up to Ampere. The allocator's trace has both.
CUBLAS_WORKSPACE = 2 * (4096 * 2 + 16 * 8) * 1024
CUBLAS_WORKSPACE_HOPPER = 2 * 4096 * 8 * 1024  # :4096:8
PAGED = "paged"  # the category that no allocator of torch counts


class StorageMeter(TorchDispatchMode):
    """Live bytes by category, and what they were at the peak; storages seen first here are activations."""

    def __init__(self, block: int) -> None:
        super().__init__()
        self.block = block
        self.allocated = self.peak = 0
        self.live: Counter[str] = Counter()
        self.at_peak: Counter[str] = Counter()
        self._categories: dict[int, str] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.book(leaf)
        return result

    def book(self, tensor: torch.Tensor, category: str | None = None) -> None:
        """Count a tensor's storage once; a category given later than first sight moves it there."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        size = math.ceil(storage.nbytes() / self.block) * self.block
        if key not in self._categories:
            weakref.finalize(storage, self._release, key, size).atexit = False
            self._add("activations", size)
            self._categories[key] = "activations"
        if category is not None:
            self._add(self._categories[key], -size)
            self._add(category, size)
            self._categories[key] = category
        if self.allocated >= self.peak:  # of equal peaks the later one, which knows the categories
            self.peak, self.at_peak = self.allocated, self.live.copy()

    def _release(self, key: int, size: int) -> None:
        self._add(self._categories.pop(key), -size)

    def _add(self, category: str, size: int) -> None:
        self.live[category] += size
        if category != PAGED:
            self.allocated += size


def predict(
    settings: RunSettings,
    config: PretrainedConfig,
    batch_size: int,
    length: int,
    device: Literal["cuda", "cpu"],
    model: torch.nn.Module | None = None,
    workspace: int = CUBLAS_WORKSPACE,
    resident: int = 0,
) -> PredictedMemory:
    """Peak memory of training at a size.

    Args:
        settings: a cell's resolved settings.
        config: the model's configuration, at any size.
        batch_size: rows of a batch.
        length: tokens of its longest row.
        device: ``cuda`` predicts ``torch.cuda.max_memory_allocated``, ``cpu`` what the tensors take on a CPU.
        model: the settings' own on the meta device, made here if None; gradients that it has are taken for those of a
            first backward pass, which is then not repeated.
        workspace: bytes that cuBLAS takes on a GPU; the published study's unless given.
        resident: bytes of the splits that lie on a GPU all along (``stages/training/batching.py``); the published
            study kept none there.
    """
    if model is None:
        model = meta_model(settings, config).model.train()
    meter = StorageMeter(BLOCK if device == "cuda" else 1)
    for tensor in _weights(model):
        meter.book(tensor, "weights")
    with meter:
        if device == "cuda":
            cublas = torch.empty(workspace + resident, dtype=torch.uint8, device="meta")
            with fused_kernels():
                _train(model, settings, meter, batch_size, length)
            del cublas
        else:
            _train(model, settings, meter, batch_size, length)
    parts = {name: meter.at_peak[name] for name in ("weights", "gradients", "optimizer", "activations")}
    return PredictedMemory(**parts, peak=sum(parts.values()))


def cublas_workspace() -> int:
    """Bytes that cuBLAS takes on the current GPU."""
    return CUBLAS_WORKSPACE_HOPPER if torch.cuda.get_device_capability() == (9, 0) else CUBLAS_WORKSPACE


def _weights(model: torch.nn.Module) -> list[torch.Tensor]:
    """Parameters, buffers, and the constants of 4-bit and 8-bit weights."""
    tensors = [*model.parameters(), *model.buffers()]
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            tensors += [state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code]
    for module in model.modules():
        if isinstance(module, Linear8bitLt):
            tensors += [module.weight.SCB, module.state.SCB]  # the first until the layer has run
    return [tensor for tensor in tensors if tensor is not None]


def _train(model: torch.nn.Module, settings: RunSettings, meter: StorageMeter, batch_size: int, length: int) -> None:
    """Two optimiser steps: the second has the state that the first one made.

    Where gradients accumulate, the last backward pass adds to those of the pass before, so those of the first step
    stay for the second; what further passes add is no more.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    for p in trainable:
        p.register_post_accumulate_grad_hook(lambda p: meter.book(p.grad, "gradients"))
    optimizer = meta_optimizer(settings.optimizer, trainable)
    with_gradients = [p for p in trainable if p.grad is not None]
    for p in with_gradients:
        meter.book(p.grad, "gradients")
    for step in (1, 2):
        if step == 2 or not with_gradients:
            backward(model, batch_size, length, autocast_dtype(settings))
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)  # in place, whatever the kernel
        optimizer.step()
        _book_state(optimizer, meter)
        if settings.train.gradient_accumulation == 1:
            model.zero_grad()


def _book_state(optimizer: torch.optim.Optimizer, meter: StorageMeter) -> None:
    for state in optimizer.state.values():
        for value in state.values():
            if isinstance(value, torch.Tensor):
                is_paged = getattr(value, "outside_allocator", False)
                meter.book(value, PAGED if is_paged else "optimizer")


def backward(model: torch.nn.Module, batch_size: int, length: int, dtype: torch.dtype | None = None) -> None:
    """One forward and backward pass on a batch without data, under autocast to ``dtype`` if that is given."""
    ids = torch.empty(batch_size, length, dtype=torch.long, device="meta")
    labels = torch.empty(batch_size, dtype=torch.long, device="meta")
    with Autocast(dtype) as autocast:
        with PaddedBatch():
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        autocast.end_forward()
        loss = F.cross_entropy(logits.float(), labels)
        del logits
        loss.backward()
