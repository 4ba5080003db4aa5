import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.helpers.pipeline import job_of

pytestmark = pytest.mark.usefixtures("repository")


def test_the_command_ends_with_its_worker():
    """The process group goes when the other end of standard input does."""
    Path("dvc.yaml").write_text("stages: {slow: {cmd: sleep 60 & echo $! > pid; wait}}", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.engine.reproduce"], stdin=subprocess.PIPE, start_new_session=True
    )
    process.stdin.write(job_of("slow").model_dump_json().encode() + b"\n")
    process.stdin.flush()
    while not (Path("pid").exists() and Path("pid").read_text(encoding="utf-8").strip()):
        assert process.poll() is None
    command = int(Path("pid").read_text(encoding="utf-8"))
    process.stdin.close()
    assert process.wait(20) == -9
    psutil.wait_procs([psutil.Process(command)] if psutil.pid_exists(command) else [], timeout=10)
    assert not psutil.pid_exists(command)
