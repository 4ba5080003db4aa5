"""collect: the records of the current grid -> metrics/runs.csv, summary.json, failed.csv and the data of `dvc plots`.

The grid comes from the resolved settings, never from the folder: leftovers of an earlier grid are not read.
"""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

from stages.lib.cells import STUDY, Cell, read_settings
from stages.lib.errors import InputError, run_stage
from stages.lib.failures import FailedRun, read_failure
from stages.lib.records import Record, read_record
from stages.lib.runs import FAILED, FAILED_COLUMNS, RUNS, SUMMARY, complete, summarise, tidy, with_holes
from stages.lib.settings import StudySettings
from stages.lib.whole import write_text

PLOTS = Path("metrics/plots")
CLASSES = ("negative", "positive")
CONFUSION_ROWS = 1000
METRICS = (
    "test_accuracy_mean",
    "test_accuracy_sd",
    "test_f1_macro_mean",
    "test_loss_mean",
    "train_seconds_mean",
    "peak_memory_bytes_mean",
    "trainable_parameters",
)


def main() -> None:
    """Write the tidy table, the summary and the plot data of the current grid.

    Raises:
        InputError: a cell of the grid has no record, or a record of other settings.
    """
    study = read_settings(StudySettings, STUDY)
    records, failed = read_grid(study)
    runs = tidy(records)
    cells = summarise(runs)
    summary = nested(with_holes(cells, study).reset_index())
    write_text(SUMMARY, json.dumps(summary, indent=2) + "\n")
    for path, table in {
        RUNS: runs,
        FAILED: holes(failed),
        PLOTS / "learning_curves.csv": learning_curves(records),
        PLOTS / "confusion.csv": confusion(runs),
        PLOTS / "pareto.csv": pareto(cells),
    }.items():
        write_text(path, table.to_csv(index=False))
    print(f"{len(runs)} runs of {len(cells)} cells in {RUNS}" + (f", {len(failed)} failed" if failed else ""))


def read_grid(study: StudySettings) -> tuple[list[tuple[Cell, Record]], list[FailedRun]]:
    """Each run of the grid with its record, and those that failed where ``allow_failed`` shows them; in grid order.

    Raises:
        InputError: the first missing record, the first that does not belong to its cell, or no record at all.
    """
    records, failed = [], []
    for cell in study.cells:
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
        record = read_record(cell.record_path)
        _check(study, cell, record, f"`dvc repro -f {cell.stage}`")
        records.append((cell, record))
    if not any(complete(study, tidy(records)).values() if records else []):
        raise InputError("allow_failed: true: no configuration of any architecture has a run of every seed")
    return records, failed


def holes(failed: list[FailedRun]) -> pd.DataFrame:
    """One row a failed run; no rows where none failed."""
    return pd.DataFrame([run.model_dump(include=set(FAILED_COLUMNS)) for run in failed], columns=FAILED_COLUMNS)


def _check(study: StudySettings, cell: Cell, record: Record, remedy: str) -> None:
    run, configuration = record.run, study.configurations[cell.configuration]
    nominal = study.lr if configuration.lr == "base" else study.lr_probe
    expected = {
        "architecture": (run.architecture, cell.architecture),
        "configuration": (run.configuration, cell.configuration),
        "seed": (run.seed, cell.seed),
        "method": (run.method, configuration.method),
        "profile": (run.settings.profile, study.profile),
        "protocol": (run.settings.protocol, study.protocol),
        "learning_rate": (run.learning_rate, nominal * study.lr_scale),
    }
    for key, (found, wanted) in expected.items():
        same = math.isclose(found, wanted) if isinstance(wanted, float) else found == wanted
        if not same:
            raise InputError(f"{cell.record_path}: {key}: {_shown(found)}; the grid says {_shown(wanted)}; {remedy}")


def _shown(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def nested(cells: pd.DataFrame) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Architecture -> configuration -> metric; None where a metric is not defined (sd of one seed)."""
    summary: dict = {}
    for row in cells.to_dict("records"):
        values = {key: None if pd.isna(row[key]) else row[key] for key in METRICS}
        summary.setdefault(row["architecture"], {})[row["configuration"]] = values
    return summary


def learning_curves(records: list[tuple[Cell, Record]]) -> pd.DataFrame:
    """One row an epoch of each run; losses in nats, accuracy as a fraction of the selection split."""
    return pd.DataFrame(
        [
            {"architecture": cell.architecture, "configuration": cell.configuration, "seed": cell.seed}
            | epoch.model_dump()
            for cell, record in records
            for epoch in record.quality.history
        ]
    )


def confusion(runs: pd.DataFrame) -> pd.DataFrame:
    """Columns ``actual`` and ``predicted``, 1000 rows: the headline grid's test predictions, pooled, per mille.

    DVC's confusion template counts rows and takes no weights; a row a prediction would be a hundred thousand.
    """
    headline = runs[runs["role"] == "train"]
    counts = headline[["true_negatives", "false_positives", "false_negatives", "true_positives"]].sum().to_numpy()
    exact = counts / counts.sum() * CONFUSION_ROWS
    rows = np.floor(exact).astype(int)
    rows[np.argsort(rows - exact, kind="stable")[: CONFUSION_ROWS - rows.sum()]] += 1
    cells = [(actual, predicted) for actual in CLASSES for predicted in CLASSES]
    repeated = [cell for cell, number in zip(cells, rows, strict=True) for _ in range(number)]
    return pd.DataFrame(repeated, columns=["actual", "predicted"])


def pareto(cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and cost of each cell, in percent, seconds and MiB."""
    return pd.DataFrame(
        {
            "architecture": cells["architecture"],
            "configuration": cells["configuration"],
            "test_accuracy_percent": 100 * cells["test_accuracy_mean"],
            "train_seconds": cells["train_seconds_mean"],
            "peak_memory_mib": cells["peak_memory_bytes_mean"] / 2**20,
        }
    )


if __name__ == "__main__":
    run_stage(main)
