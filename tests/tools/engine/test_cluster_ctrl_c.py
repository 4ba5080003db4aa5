"""Ctrl-C while workers run here."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stages.core.errors import GOES_ON
from tests.helpers.ctrl_c import listen_to_ctrl_c
from tests.helpers.tiny_study import ROOT

CONNECTED = """
import time
from stages.core.errors import run_stage
from tools.engine.cluster import connect

def main():
    try:
        with connect(None, 2) as client:
            cluster = client.cluster
            print("connected", flush=True)
            time.sleep(30)
    finally:
        print(cluster.status.name)

if __name__ == "__main__":
    run_stage(main)
"""


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_the_workers_here_without_a_word_of_theirs(presses):
    """As a terminal sends it, to all processes of the group; a second one while they end changes nothing."""
    Path("study.py").write_text(CONNECTED, encoding="utf-8")
    started = subprocess.Popen(
        [sys.executable, "study.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    )
    assert started.stdout.readline() == "connected\n"
    workers = psutil.Process(started.pid).children(recursive=True)
    for _ in range(presses):
        os.killpg(started.pid, signal.SIGINT)
        time.sleep(0.05)
    status, said = started.communicate(timeout=60)
    assert (started.returncode, status, said) == (130, "closed\n", f"error: interrupted: {GOES_ON}\n")
    assert psutil.wait_procs(workers, timeout=10)[1] == []
