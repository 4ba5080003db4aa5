"""What a stage runs, which must be the same for the head and its workers: the command, and the code it depends on.

Nothing else must be: data comes with its hash from wherever it was made, and code of other stages decides nothing here.
"""

import socket
from pathlib import Path

from dvc.dependency import Dependency
from dvc.stage import PipelineStage

from stages.core.errors import InputError
from tools.engine.messages import Job

CODE = ("stages/", "requirements.txt")
REMEDY = "check out the same commit there"


def code_dependencies(stage: PipelineStage) -> list[Dependency]:
    """The files and folders of a stage's dependencies that come with a commit, not from another stage."""
    return [dependency for dependency in stage.deps if dependency.def_path.startswith(CODE)]


def fingerprint(dependency: Dependency) -> str | None:
    """DVC's hash of a file or folder as it is now, what .dvcignore names left out; None if it is not there."""
    return dependency.get_hash().value if dependency.exists else None


def require_same(stage: PipelineStage, job: Job) -> None:
    """Check that this folder's files would run what the head's would.

    Raises:
        InputError: names the first file or folder that differs.
    """
    if stage.cmd != job.command:
        raise InputError(differs(job, "dvc.yaml", f"dvc.yaml: {job.stage} has another command than the head's"))
    code = {dependency.def_path: fingerprint(dependency) for dependency in code_dependencies(stage)}
    for path in sorted(code.keys() | job.code.keys()):
        if code.get(path) != job.code.get(path):
            raise InputError(differs(job, path, f"{path} differs from the head's"))


def differs(job: Job, path: str, in_a_clone: str) -> str:
    """The line for a clone; in the head's own folder the file was edited, and the next head takes it as it is."""
    if job.workspace is not None:
        return f"{path}: edited since `make paper` began; `make paper` again runs what is there now"
    return f"{here()}: {in_a_clone}: {REMEDY}"


def here() -> str:
    """Which worker speaks."""
    return f"worker {socket.gethostname()}:{Path.cwd()}"
