"""What a run costs: wall clock by activity, peak memory of training and of evaluation apart, energy.

Host memory is the process's anonymous resident memory above a baseline taken after imports; it is no measure of
what a GPU would need and is never called that.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import psutil
import torch

from stages.lib import host_memory
from stages.lib.errors import InputError

Mark = float | torch.cuda.Event
WARM_UP_STEPS = 5  # left out of the step-time statistics


class Stopwatch:
    """Seconds of optimisation alone: epochs and steps, without evaluation or saving.

    On a GPU the device notes when it came by, and is asked after the epoch: the loop does not wait for it.
    """

    def __init__(self) -> None:
        self.startup_seconds: float | None = None  # from the start of the process to the first step
        self.train_seconds = 0.0
        self.step_seconds: list[float] = []
        self._marks: list[Mark] = []  # when steps of this epoch began and ended

    def on_epoch_begin(self) -> None:
        self._epoch_began = mark()

    def on_epoch_end(self) -> None:
        ended = mark()
        self.train_seconds += seconds_between(self._epoch_began, ended)
        self.step_seconds += map(seconds_between, self._marks[::2], self._marks[1::2])
        self._marks.clear()

    def on_step_begin(self) -> None:
        if self.startup_seconds is None:
            self.startup_seconds = process_age()
        self._marks.append(mark())

    def on_step_end(self) -> None:
        self._marks.append(mark())

    def steady_steps(self) -> list[float]:
        """Step times with warm-up left out, all of them when the run is shorter than that."""
        return self.step_seconds[WARM_UP_STEPS:] or self.step_seconds


def mark() -> Mark:
    """Now: on a GPU when its queue gets here, else by the clock."""
    if not torch.cuda.is_available():
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def seconds_between(began: Mark, ended: Mark) -> float:
    """Waits for the device to reach ``ended``."""
    if isinstance(began, float):
        return ended - began
    ended.synchronize()
    return began.elapsed_time(ended) / 1000


def process_age() -> float:
    """Seconds since this process was started.

    Linux notes the start in ticks since boot, and the time of boot in whole seconds: the clock that counts from boot is
    exact, the wall clock up to a second off.
    """
    started = psutil.Process().create_time()
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME) - (started - psutil.boot_time())
    return time.time() - started


class Peak(NamedTuple):
    """Highest memory in bytes; the device's are None without CUDA."""

    host: int = 0
    allocated: int | None = None
    reserved: int | None = None

    def highest(self, other: "Peak") -> "Peak":
        pairs = zip(self, other, strict=True)
        return Peak(*(max((v for v in pair if v is not None), default=None) for pair in pairs))


class MemoryMeter:
    """Peak memory by activity: what was reached between two calls of ``book`` goes to the activity named.

    The device's peak is of everything between them; the host's is of what followed a call of ``watch``, since watching
    the host costs time (``stages/lib/host_memory.py``).
    """

    def __init__(self) -> None:
        require_unused_device()
        self.baseline = host_memory.settle()
        self.peaks: dict[str, Peak] = {}
        self.watching = False
        _reset_device()

    def watch(self) -> None:
        """Count host memory from here to the next ``book``."""
        self.watching = True
        host_memory.watch()

    def book(self, activity: Literal["training", "evaluation"]) -> None:
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
    if torch.cuda.is_available() and (reserved := torch.cuda.memory_reserved()):
        raise InputError(f"device memory: {reserved} bytes reserved before the run; a run needs a process of its own")


def _device_peak() -> tuple[int | None, int | None]:
    if not torch.cuda.is_available():
        return None, None
    return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()


def _reset_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


class EnergyMeter:
    """Energy of the device in joules since the meter was made; None where NVML does not report it.

    Source: ``nvmlDeviceGetTotalEnergyConsumption``, millijoules since the driver was loaded, of the whole device.
    """

    def __init__(self) -> None:
        self._start = self._millijoules()

    def joules(self) -> float | None:
        now = self._millijoules()
        return None if now is None or self._start is None else (now - self._start) / 1000

    @staticmethod
    def _millijoules() -> int | None:
        if not torch.cuda.is_available():
            return None
        import pynvml

        try:
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties().uuid}")
            return pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except pynvml.NVMLError:
            return None


class Seconds:
    """Sums of wall-clock seconds by activity."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def of(self, activity: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[activity] = self.spent.get(activity, 0.0) + time.perf_counter() - began
