import subprocess
import sys

import numpy as np
import pytest

from stages.meters import host_memory

MIB = 2**20

linux = pytest.mark.skipif(not host_memory.STATUS.exists(), reason="reads /proc")


@linux
def test_peak_is_of_what_followed_the_watch():
    baseline = host_memory.settle()
    kept = np.ones(40 * MIB // 8)
    passed = np.ones(200 * MIB // 8)
    del passed
    host_memory.watch()
    passing = np.ones(60 * MIB // 8)
    del passing
    assert 99 <= (host_memory.peak() - baseline) / MIB < 103
    assert kept.size > 0


@linux
def test_pages_of_files_are_left_out(tmp_path):
    (tmp_path / "table").write_bytes(b"1" * 50 * MIB)
    baseline = host_memory.settle()
    host_memory.watch()
    mapped = np.memmap(tmp_path / "table", mode="r")
    assert mapped.sum() == 49 * 50 * MIB
    assert (host_memory.peak() - baseline) / MIB < 2


WATCHED = """
import sys
import numpy as np
from stages.meters import host_memory

baseline = host_memory.settle()
leftovers = [np.ones(int(size)) for size in np.linspace(1e3, 1e6, int(sys.argv[1]))]
leftovers = leftovers[::2] if sys.argv[2] == "freed" else leftovers
del leftovers
host_memory.watch()
step = [np.ones(100_000) for _ in range(50)]
print(host_memory.peak() - baseline)
"""


@linux
def test_what_was_freed_before_does_not_count():
    """The same step in two processes that allocated and freed differently before it."""
    peaks = [
        int(subprocess.run([sys.executable, "-c", WATCHED, *before], capture_output=True, check=True).stdout)
        for before in (["0", "kept"], ["30", "freed"])
    ]
    assert peaks[0] == pytest.approx(40_000_000, rel=0.02)
    assert peaks[1] == pytest.approx(peaks[0], rel=0.02)
