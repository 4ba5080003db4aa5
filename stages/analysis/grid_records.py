"""The records of the current grid, each checked against its settings; leftovers of another grid are never read."""

import math

import pandas as pd

from stages.analysis.runs import FAILED_COLUMNS, complete, tidy
from stages.core.errors import InputError
from stages.study.failures import FailedRun, read_failure
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.settings import Run


def read_grid(study: StudySettings) -> tuple[list[tuple[Run, Record]], list[FailedRun]]:
    """Each run of the grid with its record, and those that failed where ``allow_failed`` shows them; in grid order.

    Raises:
        InputError: the first missing record, the first that does not belong to its cell, or no record at all.
    """
    records, failed = [], []
    for cell in study.runs:
        failure = read_failure(cell)
        if failure is not None and study.allow_failed:
            failed.append(failure)
            continue
        if failure is not None:
            raise InputError(
                f"{cell.record_path}: no record of this run: it failed ({failure.cause}); `dvc repro -s {cell.stage}` "
                "tries it again, `allow_failed: true` in params.yaml shows it as a hole"
            )
        if not cell.record_path.exists():
            raise InputError(f"{cell.record_path}: no record of this run; `dvc repro {cell.stage}` makes it")
        record = Record.read_from(cell.record_path)
        _check(study, cell, record, f"`dvc repro -f {cell.stage}`")
        records.append((cell, record))
    if not any(complete(study, tidy(records)).values() if records else []):
        raise InputError("allow_failed: true: no configuration of any architecture has a run of every seed")
    return records, failed


def holes(failed: list[FailedRun]) -> pd.DataFrame:
    """One row a failed run; no rows where none failed."""
    return pd.DataFrame([run.model_dump(include=set(FAILED_COLUMNS)) for run in failed], columns=FAILED_COLUMNS)


def _check(study: StudySettings, cell: Run, record: Record, remedy: str) -> None:
    run, configuration = record.run, study.configurations[cell.configuration]
    expected = {
        "architecture": (run.architecture, cell.architecture),
        "configuration": (run.configuration, cell.configuration),
        "seed": (run.seed, cell.seed),
        "method": (run.method, configuration.method),
        "profile": (run.settings.profile, study.profile),
        "protocol": (run.settings.protocol, study.protocol),
        "learning_rate": (run.learning_rate, study.effective_rate(cell.configuration)),
    }
    for key, (found, wanted) in expected.items():
        same = math.isclose(found, wanted) if isinstance(wanted, float) else found == wanted
        if not same:
            raise InputError(f"{cell.record_path}: {key}: {_shown(found)}; the grid says {_shown(wanted)}; {remedy}")


def _shown(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
