"""Wall clock and processor time by activity: optimisation steps, evaluation, saving, start-up.

Processor time is that of all threads of this process, in user and system mode: what others do on the machine lengthens
the wall clock several times over, and processor time by little (``metrics/bench/disturbed.json``). On a GPU it is what
starting the device's work takes, and decides nothing.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch

Mark = float | torch.cuda.Event
START = 19  # field of /proc/<pid>/stat after the program's name: when the process was started
LONGEST_START = 86_400  # seconds
WARM_UP_STEPS = 5  # left out of the step-time statistics


class Stopwatch:
    """Seconds of optimisation alone: epochs and steps, without evaluation or saving.

    On a GPU the device notes when it came by, and is asked after the epoch: the loop does not wait for it.
    """

    def __init__(self) -> None:
        self.startup_seconds: float | None = None  # from the start of the process to the first step
        self.train_seconds = 0.0
        self.train_processor_seconds = 0.0
        self.step_seconds: list[float] = []
        self.step_processor_seconds: list[float] = []
        self._marks: list[Mark] = []  # when steps of this epoch began and ended, in turn

    def on_epoch_begin(self) -> None:
        self._epoch_began = mark()
        self._processor_began = time.process_time()

    def on_epoch_end(self) -> None:
        ended = mark()
        self.train_processor_seconds += time.process_time() - self._processor_began
        self.train_seconds += seconds_between(self._epoch_began, ended)
        beginnings, ends = self._marks[::2], self._marks[1::2]
        self.step_seconds += map(seconds_between, beginnings, ends)
        self._marks.clear()

    def on_step_begin(self) -> None:
        if self.startup_seconds is None:
            self.startup_seconds = process_age()
        self._marks.append(mark())
        self._step_processor_began = time.process_time()

    def on_step_end(self) -> None:
        self.step_processor_seconds.append(time.process_time() - self._step_processor_began)
        self._marks.append(mark())


def steady(steps: list[float]) -> list[float]:
    """Times of steps with warm-up left out, all of them when the run is shorter than that."""
    return steps[WARM_UP_STEPS:] or steps


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

    By clocks that nobody sets: Linux notes the start in ticks since boot. Elsewhere the wall clock says it, unless it
    was set meanwhile; the time that the process computed stands for it then.
    """
    if sys.platform == "linux":
        stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
        ticks = int(stat.rpartition(")")[2].split()[START])  # a program's name may hold anything
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    age = time.time() - psutil.Process().create_time()
    return age if 0 <= age < LONGEST_START else time.process_time()


class Seconds:
    """Sums of seconds by activity, of the wall clock and of the processor."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.processor: dict[str, float] = {}

    @contextmanager
    def of(self, activity: str) -> Iterator[None]:
        began, processor_began = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.spent[activity] = self.spent.get(activity, 0.0) + time.perf_counter() - began
            self.processor[activity] = self.processor.get(activity, 0.0) + time.process_time() - processor_began
