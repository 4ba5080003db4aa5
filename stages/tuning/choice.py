"""From the records of a sweep to the rate of each cell: the highest validation accuracy over seeds."""

import pandas as pd

from stages.analysis.grid_records import Records
from stages.analysis.runs import made_by
from stages.study.failures import FailedRun
from stages.study.grid import StudySettings
from stages.training.record import Quality, Record
from stages.training.settings import OWN_RATE, Run
from stages.tuning.tuning import TriedRate, TunedCell, Tuning, mean

SAME = 9  # decimals to which means of accuracies and losses are compared: sums round by the order of their terms
COLUMNS = [
    "architecture",
    "configuration",
    "rate_factor",
    "seed",
    "nominal_learning_rate",
    "learning_rate",
    "validation_accuracy",
    "validation_loss",
    "test_accuracy",
    "selected_epoch",
    "train_seconds",
    "chosen",
    "failed",
]
Key = tuple[str, str, int]  # architecture, configuration with its factor, seed


def tune(study: StudySettings, records: Records) -> Tuning:
    """What was tried and what is chosen, from the records of grid and sweep; no cells where rates are not tuned."""
    if not study.is_tuned:
        return Tuning(seeds=study.seeds, cells=[])
    qualities = {_key(run): record.quality for run, record in records}
    cells: dict[tuple[str, str], list[Run]] = {}
    for run in study.every_run:
        cells.setdefault((run.architecture, run.configured), []).append(run)
    return Tuning(seeds=study.seeds, cells=[_tuned(study, runs, qualities) for runs in cells.values()])


def _key(run: Run) -> Key:
    return run.architecture, run.configuration, run.seed


def _tuned(study: StudySettings, runs: list[Run], qualities: dict[Key, Quality]) -> TunedCell:
    by_factor: dict[str, list[Run]] = {}
    for run in runs:
        by_factor.setdefault(run.factor, []).append(run)
    rates = [_tried(study, same_rate, qualities) for same_rate in by_factor.values()]
    rates.sort(key=lambda rate: rate.learning_rate)
    chosen = choose(rates)
    ends = {rates[0].factor: "lowest", rates[-1].factor: "highest"}
    return TunedCell(
        architecture=runs[0].architecture,
        configuration=runs[0].configured,
        rates=rates,
        chosen=chosen.factor,
        edge=ends.get(chosen.factor) if chosen.completed else None,
    )


def _tried(study: StudySettings, runs: list[Run], qualities: dict[Key, Quality]) -> TriedRate:
    """Of runs that differ in their seed."""
    configuration, factor = runs[0].configured, runs[0].factor
    of_seeds = [qualities.get(_key(run)) for run in runs]
    return TriedRate(
        factor=factor,
        nominal_learning_rate=study.nominal_rate(configuration, factor),
        learning_rate=study.effective_rate(configuration, factor),
        validation_accuracy=[None if quality is None else quality.validation_accuracy for quality in of_seeds],
        validation_loss=[None if quality is None else validation_loss(quality) for quality in of_seeds],
        test_accuracy=[None if quality is None else quality.test_accuracy for quality in of_seeds],
    )


def validation_loss(quality: Quality) -> float:
    """Of the selected epoch, where selection is on the validation split."""
    return next(epoch.selection_loss for epoch in quality.history if epoch.epoch == quality.selected_epoch)


def choose(rates: list[TriedRate]) -> TriedRate:
    """The rate with the highest mean validation accuracy; of equals that with the lower loss, then the lower rate.

    A rate with a run that failed is chosen only where no rate has more that completed; the own rate where none has any.
    """
    most = max(rate.completed for rate in rates)
    if most == 0:
        return next(rate for rate in rates if rate.factor == OWN_RATE)
    whole = [rate for rate in rates if rate.completed == most]
    return min(
        whole,
        key=lambda rate: (
            -round(rate.mean_validation, SAME),
            round(mean(rate.validation_loss), SAME),
            rate.learning_rate,
        ),
    )


def best_runs(
    study: StudySettings, tuning: Tuning, records: Records, failed: list[FailedRun]
) -> tuple[Records, list[FailedRun]]:
    """Each run of the grid with the record of its cell's chosen rate, or its failure, as one of its own name."""
    found = {_key(run): record for run, record in records}
    failures = {(failure.architecture, failure.configuration, failure.seed): failure for failure in failed}
    chosen, holes = [], []
    for run in study.runs:
        key = _key(made_by(run, tuning.factors))
        if key in found:
            chosen.append((run, found[key]))
        else:
            holes.append(failures[key].model_copy(update={"configuration": run.configuration}))
    return chosen, holes


def sweep_table(tuning: Tuning, study: StudySettings, records: Records, failed: list[FailedRun]) -> pd.DataFrame:
    """One row a run that was tried, ``COLUMNS``; of one that failed, its kind of failure in place of scores."""
    found: dict[Key, Record] = {_key(run): record for run, record in records}
    kinds = {(failure.architecture, failure.configuration, failure.seed): failure.kind for failure in failed}
    rows = []
    for run in study.every_run if study.is_tuned else []:
        row = {
            "architecture": run.architecture,
            "configuration": run.configured,
            "rate_factor": run.factor,
            "seed": run.seed,
            "nominal_learning_rate": study.nominal_rate(run.configured, run.factor),
            "learning_rate": study.effective_rate(run.configured, run.factor),
            "chosen": tuning.factors[run.architecture, run.configured] == run.factor,
            "failed": kinds.get(_key(run)),
        }
        rows.append(row | (_scores(found[_key(run)]) if _key(run) in found else {}))
    return pd.DataFrame(rows, columns=COLUMNS)


def _scores(record: Record) -> dict[str, float | int | None]:
    return {
        "validation_accuracy": record.quality.validation_accuracy,
        "validation_loss": validation_loss(record.quality),
        "test_accuracy": record.quality.test_accuracy,
        "selected_epoch": record.quality.selected_epoch,
        "train_seconds": record.cost.train_seconds,
    }
