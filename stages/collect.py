"""collect: the records of the current grid -> metrics/runs.csv, summary.json, failed.csv and the data of `dvc plots`.

Where other rates were tried, metrics/tuning.json and sweep.csv have them all, and the rest is of the best of each cell.
The grid comes from the resolved settings, never from the folder: leftovers of an earlier grid are not read.
"""

import json
from pathlib import Path

import pandas as pd

from stages.analysis.costs import compared_costs
from stages.analysis.grid_records import holes, read_grid, require_classes, require_same_inputs, require_whole_cell
from stages.analysis.plots import confusion, learning_curves, pareto
from stages.analysis.runs import FAILED, RUNS, SUMMARY, SWEEP, summarise, tidy, with_holes
from stages.core.csv_tables import write_table
from stages.core.errors import run_stage
from stages.core.files import write_text
from stages.core.free_text import plain
from stages.data.card import Card
from stages.study.current import require_current
from stages.study.failures import forget_overcome
from stages.study.grid import StudySettings
from stages.study.typeset import numbered
from stages.tuning.choice import best_runs, sweep_table, tune

PLOTS = Path("metrics/plots")
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
        InputError: the settings are not of today's params.yaml, or a run of the grid has no record, one of other
            settings, classes, checkpoint or data, or one that contradicts itself.
    """
    require_current()
    study, card = StudySettings.read(), Card.read()
    forget_overcome(study.every_run)
    records, failed = read_grid(study)
    require_classes(records, len(card.classes))
    require_same_inputs(study, records, card)
    tuning = tune(study, records)
    sweep = sweep_table(tuning, study, records, failed)
    records, failed = best_runs(study, tuning, records, failed)
    require_whole_cell(study, records)
    runs = tidy(records, tuning.factors)
    cells = summarise(runs)
    summary = nested(with_holes(cells, study).reset_index())
    write_text(SUMMARY, json.dumps(summary, indent=2) + "\n")
    tuning.write()
    tables = {
        RUNS: runs.assign(disturbed=compared_costs(runs)["disturbed"]),
        FAILED: holes(failed),
        SWEEP: sweep,
        PLOTS / "learning_curves.csv": learning_curves(records),
        PLOTS / "confusion.csv": confusion(records, numbered([plain(name) for name in card.classes])),
        PLOTS / "pareto.csv": pareto(cells),
    }
    for path, table in tables.items():
        write_table(path, table)
    failures = f", {len(failed)} failed" if failed else ""
    print(f"{len(runs)} runs of {len(cells)} cells in {RUNS}{failures}")


def nested(cells: pd.DataFrame) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Architecture -> configuration -> metric; None where a metric is not defined (sd of one seed)."""
    summary: dict = {}
    for row in cells.to_dict("records"):
        values = {key: None if pd.isna(row[key]) else row[key] for key in METRICS}
        summary.setdefault(row["architecture"], {})[row["configuration"]] = values
    return summary


if __name__ == "__main__":
    run_stage(main)
