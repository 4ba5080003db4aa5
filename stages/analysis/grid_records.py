"""The records of the current grid, each checked against its settings; leftovers of another grid are never read."""

import math

import pandas as pd

from stages.analysis.runs import FAILED_COLUMNS, complete_configurations, tidy
from stages.core.errors import InputError
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.encoders.token_report import TokenReport
from stages.study.current import difference
from stages.study.failures import FailedRun, read_failure
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.settings import Run, RunSettings

Records = list[tuple[Run, Record]]


def read_grid(study: StudySettings) -> tuple[Records, list[FailedRun]]:
    """Each run of grid and sweep with its record, and those that failed where ``allow_failed`` shows them; in order.

    Raises:
        InputError: the first missing record, or the first that does not belong to its run.
    """
    records, failed = [], []
    for run in study.every_run:
        failure = read_failure(run)
        if failure is not None and study.allow_failed:
            failed.append(failure)
        else:
            records.append((run, _read(study, run, failure)))
    return records, failed


def require_whole_cell(study: StudySettings, records: Records) -> None:
    """Raises InputError: there is none, so that nothing could be compared."""
    if not records or not any(complete_configurations(study, tidy(records)).values()):
        raise InputError("allow_failed: true: no configuration of any architecture has a run of every seed")


def _read(study: StudySettings, run: Run, failure: FailedRun | None) -> Record:
    if failure is not None:
        raise InputError(
            f"{run.record_path}: no record of this run: it failed ({failure.cause}); `dvc repro -s {run.stage}` "
            "tries it again, `allow_failed: true` in params.yaml shows it as a hole"
        )
    if not run.record_path.exists():
        raise InputError(f"{run.record_path}: no record of this run; `dvc repro {run.stage}` makes it")
    record = Record.read_from(run.record_path)
    _check(study, run, record)
    return record


def holes(failed: list[FailedRun]) -> pd.DataFrame:
    """One row a failed run; no rows where none failed."""
    return pd.DataFrame([run.model_dump(include=set(FAILED_COLUMNS)) for run in failed], columns=FAILED_COLUMNS)


def require_classes(records: Records, classes: int) -> None:
    """Every record is of data with this many classes.

    Raises:
        InputError: the first that is not, as records are that were made of other data.
    """
    for run, record in records:
        recorded = len(record.quality.confusion)
        if recorded != classes:
            raise InputError(
                f"{run.record_path}: confusion: {recorded} classes; the data has {classes}; `dvc repro -f {run.stage}`"
            )


def require_same_inputs(study: StudySettings, records: Records, card: Card) -> None:
    """All runs of an architecture read the checkpoint and the splits that their makers reported.

    Raises:
        InputError: the first record, or report, that says otherwise.
    """
    for architecture in study.architectures:
        base, tokens = BaseReport.read(architecture), TokenReport.read(architecture)
        for split, report in tokens.splits.items():
            if report.rows != card.splits[split].rows:
                raise InputError(
                    f"{TokenReport.path(architecture)}: splits.{split}.rows: {report.rows}; {Card.path()} says "
                    f"{card.splits[split].rows}; `dvc repro -f tokenize@{architecture}`"
                )
        made = {"checkpoint_sha256": base.checkpoint_sha256, "dataset_sha256": tokens.sha256}
        for run, record in records:
            for key, value in made.items():
                if run.architecture == architecture and getattr(record.environment, key) != value:
                    raise InputError(
                        f"{run.record_path}: environment.{key}: not that of "
                        f"{(BaseReport if key == 'checkpoint_sha256' else TokenReport).path(architecture)}: damaged, "
                        f"or made of something else; `make paper` mends it, or `dvc repro -f {run.stage}`"
                    )


def _check(study: StudySettings, run: Run, record: Record) -> None:
    """The record is of this run, under the settings that the grid says."""
    identity = record.run
    settings = identity.settings
    expected = {
        "architecture": (identity.architecture, run.architecture),
        "configuration": (identity.configuration, run.configuration),
        "seed": (identity.seed, run.seed),
        "method": (identity.method, study.configurations[run.configured].method),
        "profile": (settings.profile, study.profile),
        "protocol": (settings.protocol, study.protocol),
        "learning_rate": (identity.learning_rate, study.effective_rate(run.configured, run.factor)),
    }
    again = f"`dvc repro -f {run.stage}`"
    for key, (recorded, wanted) in expected.items():
        same = math.isclose(recorded, wanted) if isinstance(wanted, float) else recorded == wanted
        if not same:
            raise InputError(f"{run.record_path}: {key}: {_shown(recorded)}; the grid says {_shown(wanted)}; {again}")
    told = RunSettings.read(run.architecture, run.configuration)
    if fault := difference(settings, told):
        raise InputError(f"{run.record_path}: run.settings.{fault}; {again}")
    if fault := record.quality.contradiction:
        raise InputError(f"{run.record_path}: quality.{fault}: damaged; `make paper` mends it, {again} makes it anew")
    if record.predictions_sha256 is None:
        raise InputError(f"{run.record_path}: predictions_sha256: missing: a record of an older version; {again}")


def _shown(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
