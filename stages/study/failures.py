"""A run that failed: ``metrics/runs/<architecture>/<configuration>/<seed>.failed.json``, where its record would be.

The scheduler writes it (``tools/engine/scheduler.py``); ``collect`` shows the run as a hole, if it is allowed to.
"""

from pathlib import Path

from stages.core.files import StageFile
from stages.core.types import Strict
from stages.training.settings import Run


class FailedRun(StageFile, Strict):
    """Why there is no record."""

    PLACE = "metrics/runs/{}/{}/{}.failed.json"
    STAGE = "train"

    architecture: str
    configuration: str
    seed: int
    kind: str  # diverged, out of memory, killed, error
    cause: str
    at: str  # ISO 8601, UTC
    inputs: str | None  # SHA-256 of the command and all it read; None where that is not known
    log: list[str]  # its last lines


def failure_path(run: Run) -> Path:
    return FailedRun.path(run.architecture, run.configuration, run.seed)


def read_failure(run: Run) -> FailedRun | None:
    """The failure of a run without a record; None where there is a record, or no run was tried.

    Raises:
        InputError: the file is of another schema.
    """
    path = failure_path(run)
    if run.record_path.exists() or not path.exists():
        return None
    return FailedRun.read_from(path, run.stage)


def forget_overcome(runs: list[Run]) -> None:
    """Remove the failures of runs that have a record since: no clone has them, and a folder is hashed whole."""
    for run in runs:
        if run.record_path.exists():
            failure_path(run).unlink(missing_ok=True)
