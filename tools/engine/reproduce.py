"""Reproduce one stage with DVC, in this process, which ``warm.py`` forks for it.

This is ``dvc --wait-for-lock repro --single-item <stage>`` (the head knows that it is out of date; DVC may still
take its outputs from the run-cache) without reading and rewriting the whole of dvc.lock, which grows with the grid: the
stage's own entry goes to the journal, from which the head writes dvc.lock (``dag.py``). The calls behind the command,
which DVC keeps to itself, pay: two at once, a stage that does nothing takes 1.4 s with 42 runs in dvc.lock and 1.2 s
with 420 (0.7 s of a processor with either), the command 2.7 s and 12 s (1.2 s and 6.1 s).
"""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from dvc.dvcfile import ProjectFile
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage import run as command_of_stage
from dvc.stage.exceptions import StageCmdFailedError, StageNotFound
from dvc.stage.loader import StageLoader
from dvc.stage.serialize import to_single_stage_lockfile

from stages.core.contents import Contents
from stages.core.errors import InputError
from stages.core.files import write_text
from tools.copies.run_cache import RunCache
from tools.copies.store import Store, is_watched
from tools.engine.messages import Command, FailureNote, Job, LockEntry, Outcome, failure_path, journal_path
from tools.engine.recipe import REMEDY, fingerprint, here, require_same
from tools.engine.remote import fetch, push

RUN = re.compile(r"python -m (stages\.train)((?: [\w.+-]+)*)")  # the command of a run, which a grid repeats


def main(job_json: str, run_forked: Callable[[Command], int] | None) -> None:
    """Run the job: an entry in the journal if the stage was made; exit code 1, and a note, if its command failed.

    Args:
        job_json: a ``Job``.
        run_forked: runs a command in a process that need not import its libraries, and returns its exit status.

    Raises:
        InputError: another commit is checked out here than the head's, or the remote lacks something.
    """
    job = Job.model_validate_json(job_json)
    failure_path(job.stage).unlink(missing_ok=True)
    if run_forked:
        run_without_importing(run_forked)
    repo = Repo(_wait_for_lock=True)
    stage = load(repo, job.stage, job.lock)
    with repo.lock:  # DVC lets go of it while the command runs; who finds it taken looks again after half a second
        if job.action == "fetch":
            fetch(stage, job.remote)
        else:
            require_same(stage, job)
            reproduce(stage, job)


def reproduce(stage: PipelineStage, job: Job) -> None:
    """Make the stage and tell the head; under DVC's lock, so that no other process writes the same entry."""
    for name, entry in job.upstream.items():
        fetch(load(stage.repo, name, entry), job.remote)
    before = hashes(stage)
    require_whole(stage, before)
    try:
        ran = stage.reproduce(no_commit=True) is not None
    except StageCmdFailedError as error:
        status = int(str(error).rsplit(maxsplit=1)[-1])
        write_text(failure_path(job.stage), FailureNote(status=status, inputs=inputs(stage)).model_dump_json())
        sys.exit(1)
    if ran:
        require_unchanged(stage, before)
        take_as_made(stage)
    if job.remote:
        push([stage], job.remote)
    uncached = []
    if job.workspace is None:  # in the head's own folder they are in place
        uncached = [out.def_path for out in stage.outs if not out.use_cache]
    outcome = Outcome(
        stage=job.stage,
        ran=ran,
        lock=lock_entry(stage),
        files={path: Path(path).read_text(encoding="utf-8") for path in uncached},
    )
    write_text(journal_path(job.stage), outcome.model_dump_json())


def hashes(stage: PipelineStage) -> dict[str, object]:
    """DVC's hash of each dependency as it is now; the stage keeps those of its lock entry, which say what changed."""
    return {dependency.def_path: fingerprint(dependency) for dependency in stage.deps}


def require_whole(stage: PipelineStage, before: dict[str, object]) -> None:
    """Check what a stage reads by its bytes, and what DVC would take from its caches in place of running it.

    Raises:
        InputError: names what is not what DVC, which goes by time and size, takes it for.
    """
    contents, store = Contents(), Store(stage.repo)
    for dependency in stage.deps:
        path = Path(dependency.def_path)
        is_watched = not path.exists() or path.is_symlink() or hasattr(dependency, "params")
        if not is_watched and contents.of(path) != before[dependency.def_path]:
            raise InputError(f"{path}: damaged: not what it was, and its time and size are; `make paper` mends it")
    for entry in RunCache.of(stage.repo).recall(stage, contents):
        for out in entry["outs"]:
            store.has(out["md5"])  # which removes what is damaged: DVC then runs the stage


def require_unchanged(stage: PipelineStage, before: dict[str, object]) -> None:
    """Check that a stage made its outputs of what DVC is about to note: it hashes dependencies after the command.

    Raises:
        InputError: names the first that changed meanwhile; the outputs are removed, as those of a command that failed.
    """
    for dependency in stage.deps:
        if dependency.hash_info.value != before[dependency.def_path]:
            stage.remove_outs(ignore_remove=False, force=False)
            raise InputError(
                f"{dependency.def_path}: changed while {stage.name} ran; run it again on what is there now"
            )


def take_as_made(stage: PipelineStage) -> None:
    """What ``stage.reproduce`` leaves out with ``no_commit``: outputs into the cache, and a note for the run cache.

    Of a stage with outputs that are in git DVC keeps no such note. Here all is noted and copied: what is damaged, or
    was made of parameters that the study has again, comes back without training (``tools/copies/``).
    """
    stage.commit()
    contents, store = Contents(), Store(stage.repo)
    for out in stage.outs:
        if not (out.use_cache or is_watched(out)):
            store.put(Path(out.def_path), out.hash_info.value, contents)
    RunCache.of(stage.repo).remember(stage)


def load(repo: Repo, name: str, entry: LockEntry) -> PipelineStage:
    """A stage of dvc.yaml with its lock entry; all else of dvc.lock stays unread.

    Raises:
        InputError: there is no such stage.
    """
    file = ProjectFile(repo, "dvc.yaml")
    try:
        return StageLoader(file, file.contents, {"stages": {name: entry}})[name]
    except StageNotFound as error:
        raise InputError(f"{here()}: no {name} in dvc.yaml and params.yaml: {REMEDY}") from error


def lock_entry(stage: PipelineStage) -> LockEntry:
    return json.loads(json.dumps(to_single_stage_lockfile(stage)))


def inputs(stage: PipelineStage) -> str:
    """SHA-256 of a stage's command and of its dependencies as they are now."""
    stage.save_deps(allow_missing=True)
    hashes = {dependency.def_path: str(dependency.hash_info) for dependency in stage.deps}
    return hashlib.sha256(json.dumps([stage.cmd, hashes], sort_keys=True).encode()).hexdigest()


def run_without_importing(run_forked: Callable[[Command], int]) -> None:
    """Let DVC have the commands of runs forked; it starts all others as ever."""
    run_in_shell = command_of_stage.cmd_run

    def run_command(stage: PipelineStage, dry: bool = False, run_env: dict[str, str] | None = None) -> None:
        words = RUN.fullmatch(stage.cmd)
        if dry or not words:
            run_in_shell(stage, dry=dry, run_env=run_env)
            return
        print(f"> {stage.cmd}", flush=True)
        process = command_of_stage.prepare_kwargs(stage, run_env=run_env)
        folder, environment = str(process["cwd"]), process["env"]
        arguments = words[2].split()
        status = run_forked(Command(module=words[1], arguments=arguments, folder=folder, environment=environment))
        if status:
            raise StageCmdFailedError(stage.cmd, status)

    command_of_stage.cmd_run = run_command
