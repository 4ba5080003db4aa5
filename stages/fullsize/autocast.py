"""CUDA's mixed precision on tensors without data: ``torch.autocast`` does nothing on the meta device.

Its rules for what the study's models call: products of matrices and attention take their operands in the lower
precision, weights that train being cast once a forward pass; normalisation and softmax take theirs in fp32; all else
follows from its operands. Functions are replaced for as long as it is on, as a ``TorchFunctionMode`` would be suspended
in the backward pass, in which checkpointed layers run forward again.

Source: PyTorch's documentation, "CUDA Ops that can autocast to bfloat16" and "that autocast to float32".
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import torch
import torch.nn.functional as F  # noqa: N812

# What CUDA computes in the lower precision, and what in full precision.
PRODUCTS = ("matmul", "mm", "bmm", "mv", "addmm", "addbmm", "baddbmm", "addmv", "addr")
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
LOWER = (
    *((F, name) for name in ("linear", "scaled_dot_product_attention", "prelu", *CONVOLUTIONS)),
    *((torch, name) for name in ("einsum", *PRODUCTS)),
    *((torch.Tensor, name) for name in ("__matmul__", *PRODUCTS)),
)
FULL = ((F, "layer_norm"), (F, "softmax"))


@contextmanager
def replaced(owner: object, **functions: Callable) -> Iterator[None]:
    """Attributes of a module as given, until the block ends."""
    before = {name: getattr(owner, name) for name in functions}
    try:
        for name, function in functions.items():
            setattr(owner, name, function)
        yield
    finally:
        for name, function in before.items():
            setattr(owner, name, function)


class Autocast(ExitStack):
    """On from enter to exit; ``end_forward`` is to be called after each forward pass.

    Args:
        dtype: the lower precision; None is fp32, and changes nothing.
    """

    def __init__(self, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.dtype = dtype
        self._cast: dict[int, torch.Tensor] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        if self.dtype is not None:
            self._cast_operands(LOWER, self._lower)
            self._cast_operands(FULL, _full)
            # peft leaves its adapters' input alone under autocast
            self.enter_context(replaced(torch, is_autocast_enabled=lambda device_type="cuda": device_type != "cpu"))
        return self

    def _cast_operands(self, functions: tuple, to: Callable[[torch.Tensor], torch.Tensor]) -> None:
        for owner, name in functions:
            casting = _casting(getattr(owner, name), to)
            self.enter_context(replaced(owner, **{name: casting}))

    def end_forward(self) -> None:
        """Forget the cast weights; those that the backward pass needs are in its graph."""
        self._cast.clear()

    def _lower(self, tensor: torch.Tensor) -> torch.Tensor:
        trains = tensor.dtype == torch.float32 and tensor.is_leaf and tensor.requires_grad
        if not trains or _in_backward():
            return tensor.to(self.dtype)
        if id(tensor) not in self._cast:
            self._cast[id(tensor)] = tensor.to(self.dtype)
        return self._cast[id(tensor)]


def _full(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float()


def _in_backward() -> bool:
    """Whether a checkpointed layer runs again: its casts then live no longer than the layer."""
    return torch._C._current_graph_task_id() != -1


def _casting(function: Callable, to: Callable[[torch.Tensor], torch.Tensor]) -> Callable:
    """The function with its operands in floating point cast first."""

    def cast(value: Any) -> Any:
        return to(value) if isinstance(value, torch.Tensor) and value.is_floating_point() else value

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*map(cast, args), **{name: cast(value) for name, value in kwargs.items()})

    return call
