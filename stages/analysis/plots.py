"""The tables behind `dvc plots`, and the learning curves read back."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from stages.analysis.runs import CELL
from stages.core.csv_tables import read_table
from stages.core.errors import InputError
from stages.training.record import Record
from stages.training.settings import Run

CURVES = Path("metrics/plots/learning_curves.csv")
CONFUSION_ROWS = 1000


def learning_curves(records: list[tuple[Run, Record]]) -> pd.DataFrame:
    """One row an epoch of each run; losses in nats, accuracy as a fraction of the selection split."""
    rows = []
    for run, record in records:
        names = run.model_dump(exclude={"role"})
        rows += [names | epoch.model_dump() for epoch in record.quality.history]
    return pd.DataFrame(rows)


def read_curves(path: Path = CURVES) -> pd.DataFrame:
    """What ``collect`` wrote of ``learning_curves``.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        return read_table(path, lambda name: name in CELL)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}; run `dvc repro -f collect`") from error


def confusion(records: list[tuple[Run, Record]], classes: list[str]) -> pd.DataFrame:
    """Columns ``actual`` and ``predicted``, 1000 rows: the headline grid's test predictions, pooled, per mille.

    DVC's confusion template counts rows and takes no weights; a row a prediction would be a hundred thousand.
    """
    headline = [record.quality.confusion for run, record in records if run.role == "train"]
    outcomes = pd.DataFrame(product(classes, classes), columns=["actual", "predicted"])
    if not headline:  # every headline run failed
        return outcomes.iloc[:0]
    counts = np.sum(headline, axis=0).ravel()
    exact = counts / counts.sum() * CONFUSION_ROWS
    rows = np.floor(exact).astype(int)
    missing = CONFUSION_ROWS - rows.sum()
    rows[np.argsort(rows - exact, kind="stable")[:missing]] += 1  # those that lost most by rounding down
    return outcomes.loc[outcomes.index.repeat(rows)]


def pareto(cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and cost of each cell, in percent, seconds and MiB; the costs by which cells are compared."""
    return pd.DataFrame(
        {
            "architecture": cells["architecture"],
            "configuration": cells["configuration"],
            "test_accuracy_percent": 100 * cells["test_accuracy_mean"],
            "train_seconds": cells["compared_seconds"],
            "peak_memory_mib": cells["compared_bytes"] / 2**20,
        }
    )
