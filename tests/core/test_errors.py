"""How commands end on what is not their fault: bad input, Ctrl-C, a full disk."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors import SafetensorError

from stages.core.errors import InputError, run_stage
from tests.helpers.ctrl_c import listen_to_ctrl_c
from tests.helpers.tiny_study import ROOT, write_study

KEPT = "what is complete is kept; the same command goes on from there"
COMMAND = [sys.executable, "-m", "stages.train", "distilbert", "full", "42"]
NAMESPACE = ["unshare", "--map-root-user", "--mount"]


def fail(error: BaseException, cause: BaseException | None = None) -> None:
    raise error from cause


def from_a_full_disk() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device", "models/a")


@pytest.mark.parametrize(
    ("errors", "status", "line"),
    [
        ([InputError("lr: 'a': no number")], 1, "error: lr: 'a': no number\n"),
        ([KeyboardInterrupt()], 130, f"error: interrupted: {KEPT}\n"),
        ([from_a_full_disk()], 1, f"error: models/a: No space left on device: free some space; {KEPT}\n"),
        ([OSError(errno.EDQUOT, "quota")], 1, f"error: Disk quota exceeded: free some space; {KEPT}\n"),
        (
            [SafetensorError("I/O error: No space left on device (os error 28)")],
            1,
            f"error: No space left on device: free some space; {KEPT}\n",
        ),
        (
            [RuntimeError("cannot save"), from_a_full_disk()],
            1,
            f"error: models/a: No space left on device: free some space; {KEPT}\n",
        ),
    ],
)
def test_a_command_ends_in_one_line(errors, status, line, capsys, monkeypatch):
    monkeypatch.setattr("stages.core.errors.signal.signal", lambda *_: None)  # Ctrl-C still ends the tests
    with pytest.raises(SystemExit) as ended:
        run_stage(fail, *errors)
    printed = capsys.readouterr().err
    if isinstance(ended.value.code, str):  # Python prints it as it ends, with exit code 1
        assert (1, f"{ended.value.code}\n") == (status, line)
    else:
        assert (ended.value.code, printed) == (status, line)


@pytest.mark.parametrize("error", [ValueError("a fault of the code"), OSError(errno.EIO, "input/output error")])
def test_any_other_error_keeps_its_traceback(error):
    with pytest.raises(type(error)):
        run_stage(fail, error)


LOST = """
import os, signal, time, weakref
from stages.core.errors import run_stage

class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

class Watched:
    pass

def in_a_finaliser():
    Held()

def in_a_callback():
    watched = Watched()
    reference = weakref.ref(watched, lambda _: os.kill(os.getpid(), signal.SIGINT))
    del watched

def main():
    {where}()
    time.sleep(30)
    print("went on")

run_stage(main)
"""


@pytest.mark.parametrize("where", ["in_a_finaliser", "in_a_callback"])
def test_ctrl_c_is_not_lost_where_python_ignores_errors(where):
    """Dask's futures tell the scheduler as they go, each time that the study looks who is there."""
    ended = start([sys.executable, "-c", LOST.replace("{where}", where)])
    printed, errors = ended.communicate(timeout=60)
    assert (ended.returncode, printed, errors) == (130, "", f"error: interrupted: {KEPT}\n")


def test_what_else_python_ignores_is_said_as_ever():
    script = LOST.replace("{where}", "in_a_finaliser").replace("os.kill(os.getpid(), signal.SIGINT)", "1 / 0")
    ended = start([sys.executable, "-c", script.replace("sleep(30)", "sleep(0)")])
    printed, errors = ended.communicate(timeout=60)
    assert (ended.returncode, printed) == (0, "went on\n")
    assert errors.startswith("Exception ignored in: <function Held.__del__ ")
    assert errors.endswith("ZeroDivisionError: division by zero\n")


def start(command: list[str]) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=listen_to_ctrl_c,
    )


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("seen", ["", "epoch 3"])
def test_ctrl_c_while_a_run_imports_or_trains(seen):
    """Before its first line it imports; an epoch later it trains, and the next time it goes on from there."""
    write_study("distilbert", architectures=["distilbert"], **{"profiles.mini.train.epochs": 50})
    training = start(COMMAND)
    if seen:
        next(line for line in training.stdout if seen in line)
        training.send_signal(signal.SIGINT)
    else:
        maps = Path(f"/proc/{training.pid}/maps")
        while "libtorch" not in maps.read_text(encoding="utf-8"):
            time.sleep(0.02)
        training.send_signal(signal.SIGINT)
    _, errors = training.communicate(timeout=60)
    assert (training.returncode, errors) == (130, f"error: interrupted: {KEPT}\n")
    assert not Path("metrics/runs/distilbert/full/42.json").exists()
    if seen:
        assert list(Path("models/.checkpoints/distilbert/full/42").glob("checkpoint-*"))


def may_mount() -> bool:
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not may_mount(), reason="this user may make no namespace")
@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(
    ("folder", "size"), [("models/.checkpoints", "24k"), ("models/runs", "24k"), ("metrics/runs", "4k")]
)
def test_a_disk_that_fills_while_a_run_trains(folder, size):
    """Checkpoint, model or record; with room again the same command makes the run."""
    write_study("distilbert", architectures=["distilbert"])
    Path(folder).mkdir(parents=True, exist_ok=True)
    script = f"mount -t tmpfs -o size={size} none {folder} && exec {' '.join(COMMAND)}"
    training = start([*NAMESPACE, "sh", "-c", script])
    _, errors = training.communicate(timeout=60)
    ending = re.escape(f"No space left on device: free some space; {KEPT}")
    assert training.returncode == 1
    assert re.fullmatch(rf"error: (\S+: )?{ending}\n", errors)
    assert not Path("metrics/runs/distilbert/full/42.json").exists()
    assert subprocess.run(COMMAND, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True).returncode == 0
