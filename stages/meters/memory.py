"""Peak memory of training and of evaluation apart, on the device and on the host.

Host memory is the process's anonymous resident memory above a baseline taken after imports; it is no measure of
what a GPU would need and is never called that.
"""

from typing import Literal, NamedTuple

import torch

from stages.core.errors import InputError
from stages.meters import host_memory

Activity = Literal["loading", "training", "evaluation"]


class Peak(NamedTuple):
    """Highest memory in bytes; the device's are None without CUDA."""

    host: int = 0
    allocated: int | None = None
    reserved: int | None = None

    def highest(self, other: "Peak") -> "Peak":
        return Peak(
            max(self.host, other.host),
            _larger(self.allocated, other.allocated),
            _larger(self.reserved, other.reserved),
        )


class MemoryMeter:
    """Peak memory by activity: what was reached between two calls of ``book`` goes to the activity named.

    The device's peak is of everything between them; the host's is of what followed a call of ``watch``, since watching
    the host costs time (``stages/meters/host_memory.py``).
    """

    def __init__(self) -> None:
        require_unused_device()
        if torch.cuda.is_available():
            torch.cuda.init()  # its context takes host memory, which is no run's
        self.baseline = host_memory.settle()
        self.peaks: dict[str, Peak] = {}
        self.watching = False
        _reset_device()

    def watch(self) -> None:
        """Count host memory from here to the next ``book``."""
        self.watching = True
        host_memory.watch()

    def book(self, activity: Activity) -> None:
        """Count the peak since the last call towards ``activity``."""
        host = max(0, host_memory.peak() - self.baseline) if self.watching else 0
        self.watching = False
        peak = Peak(host, *_device_peak())
        self.peaks[activity] = self.peaks.get(activity, Peak()).highest(peak)
        _reset_device()


def require_unused_device() -> None:
    """A run's memory is its own: the device must hold nothing when it starts.

    Raises:
        InputError: this process has reserved device memory already.
    """
    reserved = torch.cuda.memory_reserved() if torch.cuda.is_available() else 0
    if reserved:
        raise InputError(f"device memory: {reserved} bytes reserved before the run; a run needs a process of its own")


def _larger(a: int | None, b: int | None) -> int | None:
    known = [value for value in (a, b) if value is not None]
    return max(known, default=None)


def _device_peak() -> tuple[int | None, int | None]:
    if not torch.cuda.is_available():
        return None, None
    return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()


def _reset_device() -> None:
    """Begin an activity with what is in use: what the last one left in the allocator's cache is not reserved by it."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
