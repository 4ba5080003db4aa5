"""Decides what runs when: an out-of-date stage as soon as all that it reads is made, as many as there are workers."""

import queue
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from distributed import Client, Future

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.study.failures import failure_path
from stages.training.settings import Run
from tools.engine import cluster, worker
from tools.engine.dag import Dag
from tools.engine.display import Display, Vigil, listed
from tools.engine.messages import Failure, Job, Outcome, log_path
from tools.engine.outcomes import accepted, failed_run, result_of
from tools.engine.plan import failed_before, standing_failure
from tools.engine.state import Status, StudyState

POLL_SECONDS = 1.0
# Rewriting dvc.lock takes 4 s with 420 runs in it, in which nothing is started; the journal has it all meanwhile.
WRITE_LOCK_EVERY = 60.0  # seconds, at least
WRITE_LOCK_SHARE = 0.02  # of the time, at most


class Options(NamedTuple):
    """What the study is told beside its parameters."""

    runs: dict[str, Run]  # by stage
    allow_failed: bool
    exclusive: bool
    remote: str | None  # of DVC; None: all workers share this workspace
    by_gpu: bool = False  # runs compute on the GPUs of workers that have one


class Head:
    """One pass over the pipeline. ``run`` returns when nothing more can be done."""

    def __init__(self, dag: Dag, state: StudyState, display: Display, client: Client, options: Options) -> None:
        self.dag, self.state, self.display = dag, state, display
        self.client, self.options = client, options
        self.importance = {name: dag.following(name) for name in dag.stages}
        self.in_flight: dict[str, bool] = {}  # stage -> whether a Dask worker has it
        self.due: set[str] = set()  # ready and out of date: asking DVC again each second would cost the runs
        self.finished: queue.Queue = queue.Queue()
        self.here = ThreadPoolExecutor(max_workers=2)  # for what only the head can do
        self.hosts: dict[str, list[str]] = {}
        self.devices: dict[str, list[str]] = {}  # workers by the GPU that they share, or else the machine
        self.vigil = Vigil(display.say)
        self.pinned: dict[str, tuple[Future, list[str]]] = {}  # runs alone on their machines: which workers may
        self.withdrawn: set[str] = set()  # keys of futures that nobody waits for any more
        self.write_lock_after = time.monotonic() + WRITE_LOCK_EVERY

    def run(self) -> None:
        """Until every stage is up to date, failed, or waits for one that failed; with no worker, until there is one."""
        try:
            while self.in_flight or any(map(self.is_ready, self.waiting())):
                if not self.submit_ready():
                    self.take_finished()
                if time.monotonic() > self.write_lock_after:
                    self.write_lock()
            self.block_rest()
        finally:
            self.write_lock()
            self.here.shutdown(wait=False, cancel_futures=True)

    def write_lock(self) -> None:
        began = time.monotonic()
        self.dag.write_lock()
        ended = time.monotonic()
        self.write_lock_after = ended + max(WRITE_LOCK_EVERY, (ended - began) / WRITE_LOCK_SHARE)

    def submit_ready(self) -> bool:
        """Start what can be started, the stages first that most others wait for; whether something was, or settled."""
        self.look_for_workers()
        started = False
        for name in sorted(self.waiting(), key=lambda name: -self.importance[name]):
            # DVC is asked last, of what would start at once: of 420 runs it takes a second, and workers would wait.
            if not self.is_ready(name) or not self.has_room(name):
                continue
            if self.settle_without_running(name):
                return True  # others may be ready now
            self.submit(name)
            started = True
        return started

    def look_for_workers(self) -> None:
        """Who is there now; a run alone on its machine waits again when all whom Dask may give it to are gone."""
        self.hosts = cluster.slots(self.client)
        self.devices = cluster.devices(self.client) if self.options.by_gpu else self.hosts
        present = {address for workers in self.hosts.values() for address in workers}
        if self.state.slots != len(present):
            self.state.slots = len(present)
            self.state.write()
        if any(map(self.on_worker, [*self.in_flight, *self.waiting()])):
            self.vigil.look(len(present), self.client)
        for name, (future, allowed) in list(self.pinned.items()):
            if present.isdisjoint(allowed):
                del self.pinned[name], self.in_flight[name]
                self.withdrawn.add(future.key)
                future.cancel()
                self.set(name, "waiting")

    def waiting(self) -> list[str]:
        return [name for name, stage in self.state.stages.items() if stage.status == "waiting"]

    def is_ready(self, name: str) -> bool:
        """Whether all that a stage reads is made, or a failed run that it may show as a hole."""
        done: set[Status] = {"done", "unchanged"}
        shows_holes = self.options.allow_failed and name not in self.options.runs
        for before in self.dag.upstream[name]:
            accepted = done | {"failed"} if shows_holes and before in self.options.runs else done
            if self.state.stages[before].status not in accepted:
                return False
        return True

    def settle_without_running(self, name: str) -> bool:
        """Mark a ready stage that failed on the same before, or that is up to date; whether it was."""
        if self.options.allow_failed and name in self.options.runs:
            failed = standing_failure(self.dag, self.options.runs[name])
            if failed is not None:
                self.set(name, "failed", failed.cause)
                return True
        if name in self.due:
            return False
        if not self.dag.changed(name):
            self.set(name, "unchanged")
            return True
        self.due.add(name)
        return False

    def on_worker(self, name: str) -> bool:
        """Without a shared workspace the head makes what is not of the grid: it reads everything."""
        return self.options.remote is None or "@" in name

    def feeds_workers(self, name: str) -> bool:
        return any(self.on_worker(after) for after in self.dag.downstream[name])

    def has_room(self, name: str) -> bool:
        """Whether a worker is free; a run that wants its machine, or GPU, alone shares it with nothing."""
        if not self.on_worker(name):
            return True
        busy = [other for other, on_worker in self.in_flight.items() if on_worker]
        if not self.options.exclusive:
            return len(busy) < self.state.slots
        runs = [other for other in busy if other in self.options.runs]
        if name in self.options.runs:
            return len(runs) == len(busy) < len(self.devices)
        return not runs and len(busy) < self.state.slots

    def submit(self, name: str) -> None:
        on_worker = self.on_worker(name)
        alone = self.options.exclusive and name in self.options.runs
        job = self.job(name, alone)
        self.set(name, "running")
        if on_worker:
            # A run alone on its device takes the first worker of any: the others there stay idle.
            allowed = [workers[0] for workers in self.devices.values()] if alone else None
            key = f"{name}-{time.time_ns()}"
            future = self.client.submit(worker.carried(), job.model_dump_json(), key=key, workers=allowed, pure=False)
            if allowed:
                self.pinned[name] = future, allowed
            self.watch(name, future, on_worker=True)
        else:
            self.run_here(job)

    def job(self, name: str, alone: bool) -> Job:
        """A stage as a worker, or a process of the head's own, is told of it."""
        remote, elsewhere = self.options.remote, self.options.remote is not None and self.on_worker(name)
        upstream = self.dag.upstream[name] if elsewhere else []
        return Job(
            stage=name,
            command=self.dag.stages[name].cmd,
            code=self.dag.code(name),
            upstream={before: self.dag.lock_entry(before) for before in upstream},
            remote=remote if elsewhere or self.feeds_workers(name) else None,
            workspace=None if elsewhere else str(Path.cwd()),
            runs_at_once=cluster.runs_at_once(self.hosts, self.devices, alone),
        )

    def run_here(self, job: Job) -> None:
        self.watch(job.stage, self.here.submit(worker.run, job.model_dump_json()), on_worker=False)

    def watch(self, name: str, future, on_worker: bool) -> None:
        self.in_flight[name] = on_worker
        future.add_done_callback(lambda done: self.finished.put((name, done)))

    def take_finished(self) -> None:
        """Wait a little for a stage to end and book it.

        Raises:
            InputError: the scheduler is gone.
        """
        try:
            name, future = self.finished.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if self.client.status not in ("running", "connecting"):
                raise InputError(cluster.GONE) from None
            return
        if getattr(future, "key", None) in self.withdrawn:
            return
        on_worker = self.in_flight.pop(name)
        self.pinned.pop(name, None)
        result = accepted(result_of(name, future), self.dag.stages[name])
        if isinstance(result, Failure):
            self.book_failure(result)
        elif self.options.remote and on_worker:
            self.bring_home(result)
        else:
            self.book(result)

    def bring_home(self, outcome: Outcome) -> None:
        """Put what a worker without this workspace made where DVC expects it."""
        for path, text in outcome.files.items():
            write_text(Path(path), text)
        remote, workspace = self.options.remote, str(Path.cwd())
        self.run_here(Job(stage=outcome.stage, action="fetch", lock=outcome.lock, remote=remote, workspace=workspace))

    def book(self, outcome: Outcome) -> None:
        self.dag.note(outcome)
        if run := self.options.runs.get(outcome.stage):
            failure_path(run).unlink(missing_ok=True)
        self.set(outcome.stage, "done" if outcome.ran else "unchanged")

    def book_failure(self, failure: Failure) -> None:
        """Record a failed run; keep the log of any failed stage."""
        log = log_path(failure.stage)
        if failure.log and not log.exists():
            write_text(log, failure.log)
        if run := self.options.runs.get(failure.stage):
            failed_run(run, failure).write_to(failure_path(run))
        self.set(failure.stage, "failed", failure.cause)

    def block_rest(self) -> None:
        for name, failed in failed_before(self.dag, self.state).items():
            self.set(name, "blocked", f"{listed(failed)} failed")

    def set(self, name: str, status: Status, cause: str | None = None) -> None:
        stage = self.state.stages[name]
        stage.status, stage.cause = status, cause
        if status == "running":
            stage.started = time.time()
        elif stage.started:
            stage.ended = time.time()
        self.state.write()
        self.display.event(name)
