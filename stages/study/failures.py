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


def failure_path(cell: Run) -> Path:
    return cell.record_path.with_suffix(".failed.json")


def write_failure(failed: FailedRun, cell: Run) -> None:
    failed.write_to(failure_path(cell))


def read_failure(cell: Run) -> FailedRun | None:
    """The failure of a run without a record; None where there is a record, or no run was tried.

    Raises:
        InputError: the file is of another schema.
    """
    if cell.record_path.exists() or not failure_path(cell).exists():
        return None
    return FailedRun.read_from(failure_path(cell), cell.stage)


def forget_failure(cell: Run) -> None:
    failure_path(cell).unlink(missing_ok=True)
