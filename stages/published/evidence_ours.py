"""What our records say about a quantity: an estimate with an interval, or why there is none."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from stages.analysis.runs import DEVICE_MEMORY, RUNS
from stages.analysis.statistics import CONFIDENCE, Statistics
from stages.published.claims import Quantity
from stages.published.evidence import NO_SPREAD, Estimate, Finding, Gap, name, rows_of, variance_ratio, where
from stages.study.grid import StudySettings


class Tested(NamedTuple):
    """An accuracy or a difference of accuracies with its interval; ``p_holm`` of its paired test."""

    value: float
    low: float
    high: float
    p_holm: float | None = None


class Tests(NamedTuple):
    """The statistics that claims rest on, by (architecture, configuration) and (architecture, first, second)."""

    accuracy: dict[tuple[str, str], Tested]
    differences: dict[tuple[str, str, str], Tested]


def tests(statistics: Statistics) -> Tests:
    """From ``metrics/statistics.json``; differences in both directions."""
    accuracy = {
        (e.architecture, e.configuration): Tested(e.mean, e.interval.low, e.interval.high) for e in statistics.accuracy
    }
    differences = {}
    for c in statistics.comparisons:
        found = Tested(c.difference, c.interval.low, c.interval.high, c.p_holm)
        differences[c.architecture, c.first, c.second] = found
        turned = Tested(-found.value, -found.high, -found.low, c.p_holm)
        differences[c.architecture, c.second, c.first] = turned
    return Tests(accuracy, differences)


class OurEvidence:
    """Our records: paired tests of accuracies, t intervals over seeds for costs, exact counts."""

    test = "paired test over examples and seeds (Holm), t interval over seeds for costs"
    reproduced = True

    def __init__(self, study: StudySettings, runs: pd.DataFrame, found: Tests, published: pd.DataFrame) -> None:
        self.study, self.runs, self.found = study, runs, found
        self.architectures = list(dict.fromkeys(published["architecture"]))
        self.rates = published.groupby("configuration")["lr"].first().to_dict()

    def value(self, quantity: Quantity, architecture: str, cell: str) -> Finding:
        if gap := self._gap(quantity, architecture, cell):
            return gap
        if quantity == "accuracy":
            found = self.found.accuracy[architecture, cell]
            key = f"accuracy where {where(architecture, cell)}: mean"
            return Estimate(found.value, found.low, found.high, str(Statistics.path()), key)
        return self._over_seeds(quantity, architecture, cell)

    def difference(self, architecture: str, first: str, second: str) -> Finding:
        for cell in (first, second):
            if gap := self._gap("accuracy", architecture, cell):
                return gap
        found = self.found.differences.get((architecture, first, second))
        if found is None:
            return Gap(f"{name(architecture, first, second)}: the statistics do not compare them")
        key = f"comparisons where architecture={architecture}, {second} - {first}: difference"
        return Estimate(found.value, found.low, found.high, str(Statistics.path()), key, found.p_holm)

    def ratio(self, quantity: Quantity, architecture: str, first: str, second: str) -> Finding:
        """Of accuracies: one plus the paired difference over the first's mean, whose own error is of second order."""
        if quantity == "accuracy":
            found = self.difference(architecture, first, second)
            if isinstance(found, Gap):
                return found
            mean = self.found.accuracy[architecture, first].value
            value, low, high = (1 + end / mean for end in found[:3])
            return Estimate(value, low, high, found.source, f"1 + ({found.key}) / accuracy of {first}")
        for cell in (first, second):
            if gap := self._gap(quantity, architecture, cell):
                return gap
        return self._over_seeds(quantity, architecture, second, first)

    def spread(self, architecture: str, cell: str) -> Finding:
        """F test of a cell's seed variance against the pooled variance of all others."""
        if gap := self._gap("accuracy", architecture, cell):
            return gap
        if len(self._rows(architecture, cell)) < 2:
            return Gap("one seed shows no spread")
        found = variance_ratio(self.runs, "test_accuracy", architecture, cell)
        if found is None:
            return NO_SPREAD
        ratio, ours, others = found
        low, high = (ratio / stats.f.ppf(q, ours, others) for q in ((1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2))
        key = f"variance of test_accuracy over seeds / mean of the other cells'; {where(architecture, cell)}"
        return Estimate(ratio, low, high, str(RUNS), key)

    def _gap(self, quantity: Quantity, architecture: str, cell: str) -> Gap | None:
        rows = self._rows(architecture, cell)
        if rows.empty:
            return Gap(f"{name(architecture, cell)}: not in the grid of this build")
        if len(rows) < self.runs["seed"].nunique():
            return Gap(f"{name(architecture, cell)}: a run failed")
        if quantity == "accuracy" and not math.isclose(self.study.nominal_rate(cell), self.rates[cell]):
            return Gap(f"{name(architecture, cell)}: run at another learning rate than the published one")
        if quantity == "memory" and rows[DEVICE_MEMORY.column].isna().any():
            return Gap("memory was measured on the host, which decides nothing about a GPU")
        if quantity == "seconds" and (rows["device"] == "cpu").any():
            return Gap("training ran on the CPU, which decides nothing about time on a GPU")
        if quantity == "seconds" and (rows["runs_at_once"] > 1).any():
            return Gap("runs shared the machine, so their times are not comparable")
        return None

    def _rows(self, architecture: str, cell: str) -> pd.DataFrame:
        return rows_of(self.runs, architecture, cell).set_index("seed")

    def _over_seeds(self, quantity: Quantity, architecture: str, cell: str, against: str | None = None) -> Finding:
        """A cost, or its ratio to another cell's seed by seed: geometric mean with a t interval of the logarithms."""
        column = {"memory": DEVICE_MEMORY.column, "seconds": "train_seconds", "parameters": "trainable_parameters"}
        logs = np.log(self._rows(architecture, cell)[column[quantity]].astype(float))
        if against is not None:
            logs = logs - np.log(self._rows(architecture, against)[column[quantity]].astype(float))
        mean, seeds = float(logs.mean()), len(logs)
        if quantity == "parameters":
            half = 0.0
        elif seeds < 2:
            return Gap("one seed gives no interval for a cost")
        else:
            half = float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1) * logs.std(ddof=1) / math.sqrt(seeds))
        cells = [cell] if against is None else [cell, against]
        key = f"geometric mean over seeds of {column[quantity]}, or of its ratio; {where(architecture, *cells)}"
        return Estimate(math.exp(mean), math.exp(mean - half), math.exp(mean + half), str(RUNS), key)
