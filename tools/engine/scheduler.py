"""Decides what runs when: an out-of-date stage as soon as all that it reads is made, as many as there are workers."""

import queue
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from distributed import Client
from distributed.scheduler import KilledWorker

from stages.core.errors import InputError
from stages.study.failures import FailedRun, failure_path
from stages.training.settings import Run
from tools.engine import cluster
from tools.engine import worker as task
from tools.engine.dag import Dag
from tools.engine.messages import Failure, Job, Outcome, code_fingerprint, log_path
from tools.engine.plan import standing_failure
from tools.engine.progress import State, View

POLL_SECONDS = 1.0
SHOWN_LOG_LINES = 30
WRITE_LOCK_EVERY = 60.0  # seconds; rewriting dvc.lock takes one, and the journal has it meanwhile


class Options(NamedTuple):
    """What the study is told beside its parameters."""

    runs: dict[str, Run]  # the runs, by stage
    allow_failed: bool
    exclusive: bool
    remote: str | None  # of DVC; None: all workers share this workspace


class Study:
    """One pass over the pipeline. ``run`` returns when nothing more can be done."""

    def __init__(self, pipeline: Dag, state: State, view: View, client: Client, options: Options) -> None:
        self.pipeline, self.state, self.view, self.client, self.options = pipeline, state, view, client, options
        self.code = code_fingerprint()
        self.importance = {name: pipeline.following(name) for name in pipeline.stages}
        self.in_flight: dict[str, bool] = {}  # stage -> whether a Dask worker has it
        self.due: set[str] = set()  # ready and out of date: asking DVC again each second would cost the runs
        self.finished: queue.Queue = queue.Queue()
        self.here = ThreadPoolExecutor(max_workers=2)  # for what only the head can do
        self.hosts: dict[str, list[str]] = {}
        self.lock_written = time.monotonic()

    def run(self) -> None:
        """Until every stage is up to date, failed, or waits for one that failed."""
        try:
            while self.submit_ready() or self.in_flight:
                self.take_finished()
                if time.monotonic() - self.lock_written > WRITE_LOCK_EVERY:
                    self.write_lock()
            self.block_rest()
        finally:
            self.write_lock()
            self.here.shutdown(wait=False, cancel_futures=True)

    def write_lock(self) -> None:
        self.pipeline.write_lock()
        self.lock_written = time.monotonic()

    def status(self, name: str) -> str:
        return self.state.stages[name].status

    def submit_ready(self) -> bool:
        """Start what can be started, the stages first that most others wait for; whether something was."""
        self.hosts = cluster.slots(self.client)
        self.state.slots = sum(map(len, self.hosts.values()))
        started = False
        for name in sorted(self.waiting(), key=lambda name: -self.importance[name]):
            if not all(self.satisfied(before, name) for before in self.pipeline.upstream[name]):
                continue
            if self.options.allow_failed and name in self.options.runs:
                failed = standing_failure(self.pipeline, self.options.runs[name])
                if failed is not None:
                    self.set(name, "failed", failed.cause)
                    return True
            if name not in self.due:
                if not self.pipeline.changed(name):
                    self.set(name, "unchanged")
                    return True  # others may be ready now
                self.due.add(name)
            if self.has_room(name):
                self.submit(name)
                started = True
        return started

    def waiting(self) -> list[str]:
        return [name for name, entry in self.state.stages.items() if entry.status == "waiting"]

    def satisfied(self, before: str, name: str) -> bool:
        """Whether a stage need not wait for another: made, or a failed run that ``name`` may show as a hole."""
        accepted = self.options.allow_failed and before in self.options.runs and name not in self.options.runs
        return self.status(before) in ("done", "unchanged") or (accepted and self.status(before) == "failed")

    def on_worker(self, name: str) -> bool:
        """Without a shared workspace the head makes what is not of the grid: it reads everything."""
        return self.options.remote is None or "@" in name

    def has_room(self, name: str) -> bool:
        """Whether a worker is free; a run that wants its machine alone shares it with nothing."""
        if not self.on_worker(name):
            return True
        busy = [other for other, worker in self.in_flight.items() if worker]
        if not self.options.exclusive:
            return len(busy) < self.state.slots
        runs = [other for other in busy if other in self.options.runs]
        if name in self.options.runs:
            return len(runs) == len(busy) < len(self.hosts)
        return not runs and len(busy) < self.state.slots

    def submit(self, name: str) -> None:
        on_worker, remote = self.on_worker(name), self.options.remote
        alone = self.options.exclusive and name in self.options.runs
        job = Job(
            stage=name,
            upstream={before: self.pipeline.entry(before) for before in self.pipeline.upstream[name]}
            if remote and on_worker
            else {},
            remote=remote if on_worker or self.feeds_workers(name) else None,
            workspace=None if remote and on_worker else str(Path.cwd()),
            code=self.code,
            runs_at_once={host: 1 if alone else len(workers) for host, workers in self.hosts.items()},
        )
        self.set(name, "running")
        self.in_flight[name] = on_worker
        if on_worker:
            first = [workers[0] for workers in self.hosts.values()] if alone else None
            key = f"{name}-{time.time_ns()}"
            future = self.client.submit(carried(), job.model_dump_json(), key=key, workers=first, pure=False)
        else:
            future = self.here.submit(task.run, job.model_dump_json())
        future.add_done_callback(lambda done: self.finished.put((name, done)))

    def feeds_workers(self, name: str) -> bool:
        return any(self.on_worker(after) for after in self.pipeline.downstream[name])

    def take_finished(self) -> None:
        """Wait a little for a stage to end and book it.

        Raises:
            InputError: the scheduler is gone.
        """
        try:
            name, future = self.finished.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if self.client.status not in ("running", "connecting"):
                raise InputError("the Dask scheduler is gone; `make paper` goes on from here") from None
            return
        on_worker = self.in_flight.pop(name)
        found = result_of(name, future)
        if isinstance(found, Failure):
            self.book_failure(found)
        elif self.options.remote and on_worker:
            self.bring_home(found)
        else:
            self.book(found)

    def bring_home(self, found: Outcome) -> None:
        """Put what a worker without this workspace made where DVC expects it."""
        for path, text in found.files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(f"{path}.tmp")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        job = Job(stage=found.stage, action="fetch", lock=found.lock, remote=self.options.remote, code=self.code)
        self.in_flight[found.stage] = False
        future = self.here.submit(task.run, job.model_copy(update={"workspace": str(Path.cwd())}).model_dump_json())
        future.add_done_callback(lambda done: self.finished.put((found.stage, done)))

    def book(self, found: Outcome) -> None:
        self.pipeline.note(found)
        if cell := self.options.runs.get(found.stage):
            failure_path(cell).unlink(missing_ok=True)
        self.set(found.stage, "done" if found.ran else "unchanged")

    def book_failure(self, failure: Failure) -> None:
        """Record a failed run; keep the log of any failed stage."""
        if not log_path(failure.stage).exists() and failure.log:
            log_path(failure.stage).parent.mkdir(parents=True, exist_ok=True)
            log_path(failure.stage).write_text(failure.log, encoding="utf-8")
        if cell := self.options.runs.get(failure.stage):
            failed = FailedRun(
                **cell.model_dump(exclude={"role"}),
                kind=failure.kind,
                cause=failure.cause,
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                inputs=failure.inputs,
                log=failure.log.splitlines()[-SHOWN_LOG_LINES:],
            )
            failed.write_to(failure_path(cell))
        self.set(failure.stage, "failed", failure.cause)

    def set(self, name: str, status: str, cause: str | None = None) -> None:
        entry = self.state.stages[name]
        entry.status, entry.cause = status, cause
        if status == "running":
            entry.started = time.time()
        elif entry.started:
            entry.ended = time.time()
        self.view.event(name)

    def block_rest(self) -> None:
        for name in self.waiting():
            self.set(name, "blocked")


def carried() -> Callable[[str], str]:
    """``task.run`` as a function that travels by value: a scheduler started anywhere needs nothing of the project."""

    def call(job: str) -> str:
        from tools.engine import worker as task

        return task.run(job)

    return call


def result_of(name: str, future) -> Outcome | Failure:
    """What a worker returned, or why it could not."""
    try:
        error = future.exception()
    except CancelledError as cancelled:
        error = cancelled
    if isinstance(error, KilledWorker):
        cause = f"its worker died {error.allowed_failures + 1} times, last {error.last_worker.address}"
        return Failure(stage=name, kind="killed", cause=cause, log="")
    if error is not None:
        cause = f"worker: {type(error).__name__}: {' '.join(str(error).split())}"
        return Failure(stage=name, kind="error", cause=cause, log="")
    try:
        return Failure.model_validate_json(future.result())
    except ValueError:
        return Outcome.model_validate_json(future.result())
