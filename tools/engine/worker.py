"""What a Dask worker does for one stage: start its process, wait, and say what came of it."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from distributed import get_worker
from distributed.comm import get_address_host

from tools.engine.messages import (
    Failure,
    FailureNote,
    Job,
    Kind,
    Outcome,
    code_fingerprint,
    failure_path,
    journal_path,
    log_path,
)

TAIL_BYTES = 20_000
SHELL_SIGNAL = 128  # what a shell adds to the number of the signal that killed its command
OUT_OF_MEMORY = re.compile(r"MemoryError|OutOfMemoryError|[Cc]annot allocate memory|can't allocate memory|bad_alloc")


def run(job_json: str) -> str:
    """Run a job where the head wants it; an ``Outcome`` or a ``Failure`` as JSON, told apart by their keys.

    Text passes between the machines, so that a worker of another version fails with a message.
    """
    job = Job.model_validate_json(job_json)
    folder = Path(job.workspace) if job.workspace else Path.cwd()
    if not (folder / "dvc.yaml").exists() or code_fingerprint(folder) != job.code:
        where = f"worker {socket.gethostname()}:{folder}"
        cause = f"{where}: code or params.yaml differ from the head's: check out the same commit there"
        return Failure(stage=job.stage, kind="error", cause=cause, log="").model_dump_json()
    return run_here(job, folder).model_dump_json()


def run_here(job: Job, folder: Path) -> Outcome | Failure:
    """Run a job in a process of its own in ``folder``, its output in the stage's log."""
    log = folder / log_path(job.stage)
    log.parent.mkdir(parents=True, exist_ok=True)
    entry = folder / journal_path(job.stage)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.engine.reproduce"],
            cwd=folder,
            env=environment(job),
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the head's; and the command can be ended with its process
        )
        process.stdin.write(job.model_dump_json().encode() + b"\n")
        process.stdin.flush()
        status = process.wait()
        process.stdin.close()
    if status < 0:  # DVC was killed: its command must not go on without it
        kill_group(process.pid)
    if status == 0 and job.action == "fetch":
        return Outcome(stage=job.stage, ran=True, lock=job.lock)
    if status == 0:
        return Outcome.model_validate_json(entry.read_text(encoding="utf-8"))
    return failure(job.stage, status, log, folder / failure_path(job.stage))


def environment(job: Job) -> dict[str, str]:
    """The study's own, with the number of runs that share this machine."""
    at_once = job.runs_at_once.get(host(), 1)
    return {**os.environ, "STUDY_JOBS": str(at_once), "PYTHONUNBUFFERED": "1"}


def host() -> str:
    """This worker's address as the scheduler knows it; empty outside a worker."""
    try:
        return get_address_host(get_worker().address)
    except ValueError:
        return ""


def kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def failure(stage: str, status: int, log: Path, note_path: Path) -> Failure:
    """Why a stage failed, from its exit status and the end of its log."""
    inputs = None
    if note_path.exists():
        note = FailureNote.model_validate_json(note_path.read_text(encoding="utf-8"))
        status, inputs = note.status, note.inputs
    tail = log.read_bytes()[-TAIL_BYTES:].decode("utf-8", errors="replace")
    kind, cause = diagnose(status, tail)
    return Failure(stage=stage, kind=kind, cause=cause, log=tail, inputs=inputs)


def diagnose(status: int, log: str) -> tuple[Kind, str]:
    """A word and a line: the signal, or the last line that speaks of an error."""
    number = -status if status < 0 else status - SHELL_SIGNAL
    if number in set(signal.Signals):
        hint = "; the system does so when memory runs out" if number == signal.SIGKILL else ""
        return "killed", f"killed by {signal.Signals(number).name}{hint}"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if re.match(r"[\w.]*(error|Error|Exception)\b", line)), None)
    cause = last or (lines[-1] if lines else f"exit status {status}")
    if OUT_OF_MEMORY.search(log):
        return "out of memory", cause
    cause = cause.removeprefix("error: ")
    return ("diverged" if cause.startswith("diverged") else "error"), cause
