import sys
import time

import numpy as np
import psutil
import pytest
import torch

from stages.core.errors import InputError
from stages.meters import clock as meters
from stages.meters.clock import Seconds, Stopwatch, process_age
from stages.meters.energy import EnergyMeter
from stages.meters.host_memory import STATUS
from stages.meters.memory import MemoryMeter, Peak

MIB = 2**20


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc")
def test_peaks_are_booked_by_activity():
    meter = MemoryMeter()
    meter.watch()
    kept = np.ones(40 * MIB // 8)
    meter.book("training")
    meter.watch()
    passing = np.ones(120 * MIB // 8)
    del passing
    meter.book("evaluation")
    unwatched = np.ones(300 * MIB // 8)
    meter.book("training")
    assert 39 <= meter.peaks["training"].host / MIB < 43
    assert 159 <= meter.peaks["evaluation"].host / MIB < 163
    assert meter.peaks["training"].allocated is None
    assert kept.size + unwatched.size > 0


def test_highest_of_two_peaks():
    assert Peak(1, 20, None).highest(Peak(2, 10, None)) == Peak(2, 20, None)
    assert Peak().highest(Peak(5, 6, 7)) == Peak(5, 6, 7)


def test_memory_reserved_before_the_run_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 2 * MIB)
    with pytest.raises(InputError, match="device memory: 2097152 bytes reserved before the run; a run needs a process"):
        MemoryMeter()


def test_stopwatch_leaves_out_what_lies_between_epochs():
    watch = Stopwatch()
    for _ in range(2):
        watch.on_epoch_begin()
        watch.on_step_begin()
        watch.on_step_end()
        watch.on_epoch_end()
        time.sleep(0.05)
    assert len(watch.step_seconds) == 2
    assert sum(watch.step_seconds) <= watch.train_seconds < 0.05


class Event:
    """A device that reaches each mark a second after the one before, once it is waited for."""

    reached = waited = 0

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        Event.reached += 1
        self.second = Event.reached

    def synchronize(self) -> None:
        Event.waited += 1

    def elapsed_time(self, end: "Event") -> float:
        return 1000.0 * (end.second - self.second)


def test_device_is_not_waited_for_within_an_epoch(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    watch = Stopwatch()
    for _ in range(2):
        watch.on_epoch_begin()
        waited = Event.waited
        for _ in range(3):
            watch.on_step_begin()
            watch.on_step_end()
        assert Event.waited == waited
        watch.on_epoch_end()
        assert Event.waited > waited
    assert watch.step_seconds == [1.0] * 6
    assert watch.train_seconds == 14.0


def test_warm_up_steps_are_left_out():
    watch = Stopwatch()
    watch.step_seconds = [9.0] * meters.WARM_UP_STEPS + [1.0, 2.0]
    assert watch.steady_steps() == [1.0, 2.0]
    watch.step_seconds = [9.0]
    assert watch.steady_steps() == [9.0]


def test_seconds_add_up_even_when_the_activity_fails():
    seconds = Seconds()
    with seconds.of("saving"):
        time.sleep(0.01)
    with pytest.raises(RuntimeError), seconds.of("saving"):
        raise RuntimeError
    assert seconds.spent["saving"] >= 0.01


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a device")
def test_no_energy_without_a_device():
    assert EnergyMeter().joules() is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the start of a process is known by the wall clock")
def test_process_age_does_not_depend_on_the_time_of_boot(monkeypatch):
    """Linux gives it in whole seconds: the start of a process by the wall clock is up to a second early."""
    before, created, booted = process_age(), psutil.Process().create_time(), psutil.boot_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: booted - 500)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created - 500)
    assert 0 < before <= process_age() < before + 250
