"""A worker of a study: ``make worker SCHEDULER=tcp://host:port`` starts one in this folder.

The folder is the head's own, shared between machines, or a clone at the same commit (then the head is given a REMOTE).
``make paper`` without a SCHEDULER starts its workers itself (``cluster.py``); what one does for a stage is ``run``.
"""

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dask
from distributed import Nanny, get_worker

from stages.core.as_made import LOOKED
from stages.core.errors import InputError, run_stage
from tools.engine.cluster import CLOSED, TIMEOUT, UNTOUCHED, own_address, require_locks, with_gpu
from tools.engine.diagnosis import failure
from tools.engine.messages import Failure, Job, Order, Outcome, journal_path, log_path
from tools.gpus import Claim, claim_gpu

WARM = [sys.executable, "-m", "tools.engine.warm"]


def main(scheduler: str) -> None:
    """Serve until the scheduler ends or Ctrl-C.

    Raises:
        InputError: nothing answers at the address, or no worker can start on this machine.
    """
    if not scheduler:
        raise InputError("SCHEDULER: empty; allowed: a scheduler's address: make worker SCHEDULER=tcp://host:8786")
    require_locks(1)
    gpu = claim_gpu()
    try:
        asyncio.run(serve(scheduler, gpu))
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"SCHEDULER={scheduler}: no Dask scheduler answers: {error}") from error
    except KeyboardInterrupt:
        return


async def serve(scheduler: str, gpu: Claim | None) -> None:
    """``gpu``: what runs see of those of this machine."""
    dask.config.set({**UNTOUCHED, **CLOSED})
    options = {"nthreads": 1, "memory_limit": 0, "dashboard": False, "death_timeout": TIMEOUT}
    if gpu is not None:
        options |= with_gpu(gpu.name, gpu.identity)
    async with Nanny(scheduler, host=own_address(scheduler), **options) as nanny:
        print(f"worker {nanny.worker_address} of {scheduler}{place(gpu)}", flush=True)
        await nanny.finished()


def place(gpu: Claim | None) -> str:
    """Where a worker computes, at the end of a line."""
    if gpu is None:
        return ""
    shared = f", which {gpu.others} more of yours {'has' if gpu.others == 1 else 'have'}" if gpu.others else ""
    return f" on GPU {gpu.name}{shared}"


def run(job_json: str) -> str:
    """Run a job where the head wants it; an ``Outcome`` or a ``Failure`` as JSON, told apart by their keys.

    Text passes between the machines, so that a worker of another version fails with a message.
    """
    job = Job.model_validate_json(job_json)
    folder = Path(job.workspace) if job.workspace else Path.cwd()
    return run_in(folder, job).model_dump_json()


def carried() -> Callable[[str], str]:
    """``run`` as a function that travels by value: a scheduler started anywhere needs nothing of the project."""

    def call(job: str) -> str:
        from tools.engine import worker

        return worker.run(job)

    return call


def run_in(folder: Path, job: Job) -> Outcome | Failure:
    """Run a job in a process of its own in ``folder``, its output in the stage's log (``warm.py``)."""
    if not (folder / "dvc.yaml").exists():
        cause = f"worker {socket.gethostname()}:{folder}: no dvc.yaml: start it in the study's folder or in a clone"
        return Failure(stage=job.stage, kind="error", cause=cause, log="")
    log = folder / log_path(job.stage)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    order = Order(job=job.model_dump_json(), log=str(log.absolute()), environment=environment(job))
    status = PROCESSES.run(folder, order)
    if status != 0:
        return failure(job.stage, status, log, folder)
    if job.action == "fetch":
        return Outcome(stage=job.stage, ran=True, lock=job.lock)
    return Outcome.model_validate_json((folder / journal_path(job.stage)).read_text(encoding="utf-8"))


class WarmProcess:
    """A process with libraries loaded (``warm.py``), in the folder of a study; it writes where its last order said."""

    def __init__(self, folder: Path, order: Order) -> None:
        self.folder = folder
        self.socket, theirs = socket.socketpair()
        self.replies = self.socket.makefile("rb")
        with theirs, open(order.log, "ab") as log:
            self.process = subprocess.Popen(
                WARM,
                cwd=folder,
                env=order.environment,
                stdin=theirs,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the head's; and all that it started can be ended with it
            )

    def run(self, order: Order) -> int | None:
        """A stage's exit status, negative of one that a signal ended; None if this process has ended with it."""
        with suppress(OSError):  # it has gone: reading says so
            self.socket.sendall(order.model_dump_json().encode() + b"\n")
        with suppress(OSError):
            if answer := self.replies.readline():
                return int(answer)
        return None

    def end(self) -> int:
        """Its exit status; nothing that it started goes on without it."""
        self.replies.close()
        self.socket.close()
        status = self.process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return status


class WarmProcesses:
    """Those of this process that have nothing to do, all of one folder; one comes to be for each stage at once."""

    def __init__(self) -> None:
        self.idle: list[WarmProcess] = []

    def run(self, folder: Path, order: Order) -> int:
        """The exit status of a stage."""
        process = self.take(folder) or WarmProcess(folder, order)
        status = process.run(order)
        if status is None:
            return process.end()
        if status < 0:  # DVC was killed: its command must not go on without it
            with suppress(ProcessLookupError):
                os.killpg(process.process.pid, signal.SIGKILL)
            process.end()
        else:
            self.idle.append(process)
        return status

    def take(self, folder: Path) -> WarmProcess | None:
        """One of this folder; those of others, whose study is over, are ended."""
        while self.idle:
            process = self.idle.pop()
            if process.folder == folder:
                return process
            process.end()
        return None


PROCESSES = WarmProcesses()


def environment(job: Job) -> dict[str, str]:
    """The study's own, with the runs that share this machine, and its GPU; logs are UTF-8 whatever the locale."""
    on_machine, on_gpu = job.runs_at_once.get(address(), (1, 1))
    programs = Path(sys.executable).parent  # of which `python` is this one
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "STUDY_JOBS": str(on_machine),
        "STUDY_JOBS_OF_GPU": str(on_gpu),
        LOOKED: "1",  # `reproduce` looks itself
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "PYTHONUTF8": "1",  # Arrow takes a file's name as UTF-8 in any locale
    }


def address() -> str:
    """This worker's as the scheduler knows it; empty outside a worker."""
    try:
        return get_worker().address
    except ValueError:
        return ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scheduler", help="tcp://host:port")
    run_stage(main, **vars(parser.parse_args()))
