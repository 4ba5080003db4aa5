"""``prepare`` as a process that cannot go on: its exit code, memory and disk, and a workspace left as it was."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.prepare_workspace import TRAIN, csv, jsonl, parquet, run, snapshot, write_workspace

FRACTION = (
    "label 0.7: a number with a fraction: regression is not supported; data.labels can map such values to classes"
)


@pytest.fixture(autouse=True)
def _workspace(in_empty_folder):
    write_workspace()


def test_the_process_ends_with_one_line_and_code_1():
    Path("reviews/train.csv").write_bytes(csv([*TRAIN, ("x", 0.7)]))
    before, done = snapshot(), run()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: reviews/train.csv: row 41: {FRACTION}\n"
    assert snapshot() == before


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_huge_review_costs_little(suffix):
    rows = [*TRAIN, ("x" * 10**7, 1)]
    Path("reviews/train.csv").unlink()
    Path(f"reviews/train.{suffix}").write_bytes({"csv": csv, "jsonl": jsonl, "parquet": parquet}[suffix](rows))
    code = (
        "import re, runpy\n"
        "try: runpy.run_module('stages.prepare', run_name='__main__')\n"
        "finally: print(re.search(r'VmHWM:\\s+([0-9]+) kB', open('/proc/self/status').read())[1])"
    )
    begin = time.monotonic()
    done = run(command=(sys.executable, "-c", code))
    assert done.returncode == 1
    assert done.stderr.endswith("row 41: text of 10000000 characters; allowed: at most 1000000\n")
    assert int(done.stdout) < 400 * 1024  # KiB at the peak; half of it are the libraries'
    assert time.monotonic() - begin < 30


def without_override() -> None:
    """Root, too, is held to the permissions of files (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH dropped)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.mark.parametrize("folder", ["data", "data/raw"])
def test_a_read_only_folder(folder):
    before = snapshot()
    Path(folder).chmod(0o555)
    done = run(limit=without_override)
    Path(folder).chmod(0o755)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: data/raw: cannot be written: Permission denied; nothing was changed\n"
    assert snapshot() == before


def test_an_unreadable_file():
    before = snapshot()
    Path("reviews/test.csv").chmod(0)
    done = run(limit=without_override)
    Path("reviews/test.csv").chmod(0o644)
    assert (done.returncode, done.stderr) == (1, "error: reviews/test.csv: cannot be read: Permission denied\n")
    assert snapshot() == before


def test_a_write_cut_short():
    Path("reviews/train.csv").write_bytes(csv([(os.urandom(2000).hex(), i % 2) for i in range(40)]))
    before = snapshot()
    done = run(limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: data/raw: cannot be written: File too large; nothing was changed\n"
    assert snapshot() == before


UNSHARE = ("unshare", "--map-root-user", "--mount")  # mounts of its own, without being root, gone with the process
MAY_MOUNT = (
    shutil.which("unshare")
    and not subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode
)


@pytest.mark.skipif(not MAY_MOUNT, reason="this machine allows no mounts; the tests above fail writes otherwise")
@pytest.mark.parametrize(
    ("option", "reason"), [("size=100k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_full_disk_and_a_read_only_one(option, reason):
    Path("reviews/train.csv").write_bytes(csv([(os.urandom(2000).hex(), i % 2) for i in range(40)]))
    Path("data").rename("seed")
    Path("data").mkdir()
    script = (
        f"mount -t tmpfs -o size=1m tmpfs data && cp -a seed/. data && mount -o remount,{option} data || exit 9; "
        '"$PYTHON" -m stages.prepare; code=$?; cp -a data after; exit $code'
    )
    done = run(command=(*UNSHARE, "sh", "-c", script))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: data/raw: cannot be written: {reason}; nothing was changed\n"
    assert {name.removeprefix("after/"): content for name, content in snapshot("after").items()} == {
        name.removeprefix("seed/"): content for name, content in snapshot("seed").items()
    }


def test_nothing_is_kept_aside_and_a_changed_file_is_read_anew(monkeypatch, tmp_path):
    for name in ("HOME", "TMPDIR", "HF_HOME", "XDG_CACHE_HOME"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        monkeypatch.setenv(name, str(tmp_path / "elsewhere" / name))
    Path("reviews/test.parquet").write_bytes(parquet([("before", 0), ("fine", 1)]))
    Path("reviews/test.csv").unlink()
    old = os.stat("reviews/test.parquet")
    assert run().returncode == 0
    Path("reviews/test.parquet").write_bytes(parquet([("after!", 0), ("fine", 1)]))
    os.utime("reviews/test.parquet", ns=(old.st_atime_ns, old.st_mtime_ns))
    assert os.stat("reviews/test.parquet").st_size == old.st_size
    assert run().returncode == 0
    assert pd.read_parquet("data/raw/test.parquet")["text"].tolist() == ["after!", "fine"]
    assert snapshot("elsewhere") == {}
    assert {path.name for path in Path("data").iterdir()} == {"raw", "settings"}
