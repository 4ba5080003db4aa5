"""Reproduce one stage with DVC, in this process: ``python -m tools.engine.reproduce``.

The job comes as a line of JSON on standard input.

This is ``dvc --wait-for-lock repro --single-item <stage>`` (the head knows that it is out of date; DVC may still
take its outputs from the run-cache) without reading and rewriting the whole of dvc.lock, which takes seconds and
grows with the grid: the stage's own entry goes to the journal, from which the head writes dvc.lock (``pipeline.py``).
"""

import hashlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

from dvc.dvcfile import ProjectFile
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage.exceptions import StageCmdFailedError
from dvc.stage.loader import StageLoader
from dvc.stage.serialize import to_single_stage_lockfile

from tools.engine.messages import FailureNote, Job, LockEntry, Outcome, failure_path, journal_path
from tools.engine.remote import fetch, push


def main() -> int:
    """Run the job; 0 with an entry in the journal if the stage was made, 1 with a note if its command failed."""
    job = Job.model_validate_json(sys.stdin.readline())
    die_with_parent()
    repo = Repo(_wait_for_lock=True)
    stage = load(repo, job.stage, job.lock)
    failure_path(job.stage).unlink(missing_ok=True)
    if job.action == "fetch":
        with repo.lock:
            fetch(stage, job.remote)
        return 0
    try:
        with repo.lock:
            for name, entry in job.upstream.items():
                fetch(load(repo, name, entry), job.remote)
            ran = stage.reproduce() is not None
            if job.remote:
                push([stage], job.remote)
    except StageCmdFailedError as error:
        note = FailureNote(status=int(str(error).rsplit(maxsplit=1)[-1]), inputs=inputs(stage))
        write(failure_path(job.stage), note.model_dump_json())
        return 1
    uncached = [out for out in stage.outs if not out.use_cache] if job.remote else []
    outcome = Outcome(
        stage=job.stage,
        ran=ran,
        lock=lock_entry(stage),
        files={out.def_path: Path(out.def_path).read_text(encoding="utf-8") for out in uncached},
    )
    write(journal_path(job.stage), outcome.model_dump_json())
    return 0


def load(repo: Repo, name: str, entry: LockEntry) -> PipelineStage:
    """A stage of dvc.yaml with its lock entry; all else of dvc.lock stays unread."""
    file = ProjectFile(repo, "dvc.yaml")
    return StageLoader(file, file.contents, {"stages": {name: entry}})[name]


def lock_entry(stage: PipelineStage) -> LockEntry:
    return json.loads(json.dumps(to_single_stage_lockfile(stage)))


def inputs(stage: PipelineStage) -> str:
    """SHA-256 of a stage's command and of its dependencies as they are now."""
    stage.save_deps(allow_missing=True)
    found = {dep.def_path: str(dep.hash_info) for dep in stage.deps}
    return hashlib.sha256(json.dumps([stage.cmd, found], sort_keys=True).encode()).hexdigest()


def write(path: Path, text: str) -> None:
    """Write atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def die_with_parent() -> None:
    """End this process and its command when the worker goes, so that no training is left that nobody waits for.

    The worker holds the other end of standard input and never writes again: reading it returns when the worker is gone.
    """
    lifeline = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the command's own standard input

    def wait() -> None:
        os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
