import numpy as np
import pytest
import torch

from stages.core.errors import InputError
from stages.meters import host_memory, memory
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


def test_on_a_gpu_each_activity_begins_with_what_is_in_use(monkeypatch):
    """Its context is there before the host's baseline; what one activity leaves in the cache is not the next one's."""
    calls = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 0)
    monkeypatch.setattr(host_memory, "settle", lambda: calls.append("settle") or 0)
    for name in ("init", "empty_cache", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda name=name: calls.append(name))
    found = iter([(30, 50), (20, 40)])
    monkeypatch.setattr(memory, "_device_peak", lambda: calls.append("peak") or next(found))
    meter = MemoryMeter()
    meter.book("loading")
    meter.book("training")
    begun = ["empty_cache", "reset_peak_memory_stats"]
    assert calls == ["init", "settle", *begun, "peak", *begun, "peak", *begun]
    assert meter.peaks == {"loading": Peak(0, 30, 50), "training": Peak(0, 20, 40)}


def test_highest_of_two_peaks():
    assert Peak(1, 20, None).highest(Peak(2, 10, None)) == Peak(2, 20, None)
    assert Peak().highest(Peak(5, 6, 7)) == Peak(5, 6, 7)


def test_memory_reserved_before_the_run_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 2 * MIB)
    with pytest.raises(InputError, match="device memory: 2097152 bytes reserved before the run; a run needs a process"):
        MemoryMeter()
