import sys
import threading
import time

import psutil
import pytest
import torch

from stages.meters.clock import WARM_UP_STEPS, Seconds, Stopwatch, process_age, steady

STARTED = psutil.Process().create_time()


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
    assert steady([9.0] * WARM_UP_STEPS + [1.0, 2.0]) == [1.0, 2.0]
    assert steady([9.0]) == [9.0]


class Clocks:
    """A process that computes for half of the time: each look takes it a second, or two by the wall clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processor = self.wall = 0.0
        monkeypatch.setattr(time, "process_time", self.process_time)
        monkeypatch.setattr(time, "perf_counter", self.perf_counter)

    def process_time(self) -> float:
        self.processor += 1.0
        return self.processor

    def perf_counter(self) -> float:
        self.wall += 2.0
        return self.wall


def test_processor_time_stands_beside_that_of_the_wall(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    Clocks(monkeypatch)
    watch = Stopwatch()
    for _ in range(2):
        watch.on_epoch_begin()
        for _ in range(3):
            watch.on_step_begin()
            watch.on_step_end()
        watch.on_epoch_end()
    assert watch.step_seconds == [2.0] * 6
    assert watch.step_processor_seconds == [1.0] * 6
    assert watch.train_seconds == 2 * 2.0 * 7  # from mark to mark of an epoch: a beginning, six of steps, an end
    assert watch.train_processor_seconds == 2 * 1.0 * 7


def test_an_activity_has_both_times(monkeypatch):
    Clocks(monkeypatch)
    seconds = Seconds()
    for _ in range(2):
        with seconds.of("saving"):
            pass
    assert seconds.spent == {"saving": 4.0}
    assert seconds.processor == {"saving": 2.0}


def test_time_asleep_is_none_of_the_processor():
    seconds = Seconds()
    with seconds.of("waiting"):
        time.sleep(0.2)
    assert seconds.processor["waiting"] < 0.1 < 0.2 <= seconds.spent["waiting"]


def test_processor_time_is_of_all_threads():
    """Where others are at work too, a thread is not given a second of a processor in each second."""
    seconds, enough = Seconds(), 0.1

    def compute() -> None:
        while time.thread_time() - began < enough:
            pass

    with seconds.of("computing"):
        began = 0.0  # of threads that start now
        threads = [threading.Thread(target=compute) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seconds.processor["computing"] >= 3 * enough


def test_seconds_add_up_even_when_the_activity_fails():
    seconds = Seconds()
    with seconds.of("saving"):
        time.sleep(0.01)
    with pytest.raises(RuntimeError), seconds.of("saving"):
        raise RuntimeError
    assert seconds.spent["saving"] >= 0.01


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the start of a process is known by the wall clock")
def test_process_age_depends_on_no_clock_that_is_set(monkeypatch):
    before = process_age()
    monkeypatch.setattr(psutil, "boot_time", lambda: 0.0)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 0.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 < before <= process_age() < before + 100
    assert abs(before - (time.clock_gettime(time.CLOCK_REALTIME) - STARTED)) < 100


@pytest.mark.parametrize("set_to", [0.0, 3e9])
def test_where_the_wall_clock_says_it_a_clock_that_was_set_does_not(monkeypatch, set_to):
    """Set back by years, a start-up took 1.7e9 s."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(time, "time", lambda: set_to)
    assert 0 < process_age() < 86_400
