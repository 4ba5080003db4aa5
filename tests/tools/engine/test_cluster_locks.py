"""A machine whose processes can share no locks, as where /dev/shm is read-only or full: real ones, in a namespace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.tiny_study import ROOT

SHARED_MEMORY = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o "$0" none /dev/shm && "$@"']
HEAD = """
from stages.core.errors import run_stage
from tools.engine.cluster import connect

def main():
    with connect(None, WORKERS) as client:
        print(client.submit(sum, [1, 2]).result())

if __name__ == "__main__":
    run_stage(main)
"""
WORKER = ["-m", "tools.engine.worker", "tcp://127.0.0.1:1"]


@pytest.fixture(autouse=True)
def _may_mount():
    try:
        done = subprocess.run([*SHARED_MEMORY, "ro", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no `unshare` to make a namespace")
    if done.returncode:
        pytest.skip("this user may make no namespace")


def with_shared_memory(options: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Python in a namespace whose /dev/shm is mounted so."""
    return subprocess.run(
        [*SHARED_MEMORY, options, sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def head(workers: int) -> str:
    Path("head.py").write_text(HEAD.replace("WORKERS", str(workers)), encoding="utf-8")
    return "head.py"


@pytest.mark.parametrize(
    ("options", "reason"), [("ro", "Read-only file system"), ("size=44k", "No space left on device")]
)
def test_it_is_named_before_workers_are_started(options, reason, in_empty_folder):
    """Dask would say that its workers do not start, and blame its settings."""
    done = with_shared_memory(options, head(workers=2))
    assert (done.returncode, done.stderr) == (1, fault(reason, 48))


def test_make_worker_names_it_too(in_empty_folder):
    done = with_shared_memory("ro", *WORKER)
    assert (done.returncode, done.stderr) == (1, fault("Read-only file system", 24))


def fault(reason: str, kibibytes: int) -> str:
    return (
        f"error: /dev/shm: workers cannot start here ({reason}); make it writable, with {kibibytes} KiB free "
        "(`mount -o remount,rw,size=64m /dev/shm`; of a container: `--shm-size=64m`), or run `dvc repro`, which needs "
        "none\n"
    )


def test_workers_start_where_there_is_room_for_their_locks_and_no_more(in_empty_folder):
    done = with_shared_memory("size=48k", head(workers=2))
    assert (done.returncode, done.stdout) == (0, "3\n")
