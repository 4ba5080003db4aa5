"""Which classes the runs mistake for which, read off their confusion matrices."""

from typing import NamedTuple

import numpy as np

from stages.analysis.runs import CELL
from stages.analysis.statistics import Statistics
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import SHARE

STATISTICS = Statistics.path()
POOLED = "confusion over calibration of headline cells, summed"


class Confused(NamedTuple):
    """Headline runs taken together; classes are ids."""

    actual: int  # of the most frequent confusion
    predicted: int
    share: float  # of it among all errors
    weakest: int  # class with the lowest F1
    weakest_f1: float


def enter_class_errors(ledger: Ledger, results: Results) -> None:
    """The commonest confusion and the weakest class, of more than two."""
    if len(results.card.classes) == 2:
        return
    confused = pooled_confusion(results)
    if confused is not None:
        share = Source(STATISTICS, f"{POOLED}: its largest entry beside the diagonal, of all that are beside it")
        ledger.add("errors.share", confused.share, SHARE, share, optional=True)
        weakest = Source(STATISTICS, f"{POOLED}: least F1 of a class")
        ledger.add("errors.weakest_f1", confused.weakest_f1, SHARE, weakest, optional=True)


def pooled_confusion(results: Results) -> Confused | None:
    """What the headline runs confuse most; None without a headline run or an error."""
    matrices = []
    for run in results.statistics.calibration:
        if not results.is_probe(run.architecture, run.configuration):
            matrices.append(np.array(run.confusion))
    if not matrices:
        return None
    pooled = np.sum(matrices, axis=0)
    hits = pooled.diagonal()
    errors = pooled - np.diag(hits)
    if not errors.any():
        return None
    actual, predicted = np.unravel_index(errors.argmax(), errors.shape)
    has_rows = pooled.sum(axis=1) > 0
    f1 = np.where(has_rows, 2 * hits / np.maximum(pooled.sum(axis=0) + pooled.sum(axis=1), 1), np.inf)
    weakest = int(f1.argmin())
    share = float(errors.max() / errors.sum())
    return Confused(int(actual), int(predicted), share, weakest, float(f1[weakest]))


def constant_cells(results: Results) -> list[tuple[str, str]]:
    """Headline cells of which every run names one class for all test texts, in grid order."""
    constant: dict[tuple[str, str], bool] = {}
    for run in results.statistics.calibration:
        cell = tuple(getattr(run, name) for name in CELL)
        named = np.array(run.confusion).any(axis=0).sum()
        constant[cell] = constant.get(cell, True) and named == 1
    return [cell for cell in results.cells.index if constant.get(cell) and not results.is_probe(*cell)]
