"""What our records say about a quantity: an estimate with an interval."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from stages.analysis.costs import DEVICE_MEMORY
from stages.analysis.runs import RUNS
from stages.analysis.statistics import TAILS, Statistics
from stages.published.claims import Quantity
from stages.published.evidence import Estimate, NoEstimateError, cell_name, rows_of, selection, variance_ratio
from stages.study.grid import StudySettings

COSTS = {"memory": DEVICE_MEMORY.column, "seconds": "train_seconds", "parameters": "trainable_parameters"}


class WithInterval(NamedTuple):
    """An accuracy or a difference of accuracies; ``p_holm`` of its paired test."""

    value: float
    low: float
    high: float
    p_holm: float | None = None


class TestedAccuracies(NamedTuple):
    """The statistics that claims rest on, by (architecture, configuration) and (architecture, first, second)."""

    means: dict[tuple[str, str], WithInterval]
    differences: dict[tuple[str, str, str], WithInterval]


def tested_accuracies(statistics: Statistics) -> TestedAccuracies:
    """From ``metrics/statistics.json``; differences in both directions."""
    means = {}
    for accuracy in statistics.accuracy:
        interval = accuracy.interval
        cell = accuracy.architecture, accuracy.configuration
        means[cell] = WithInterval(accuracy.mean, interval.low, interval.high)
    differences = {}
    for pair in statistics.comparisons:
        value, low, high = pair.difference, pair.interval.low, pair.interval.high
        differences[pair.architecture, pair.first, pair.second] = WithInterval(value, low, high, pair.p_holm)
        differences[pair.architecture, pair.second, pair.first] = WithInterval(-value, -high, -low, pair.p_holm)
    return TestedAccuracies(means, differences)


class OurEvidence:
    """Our records: paired tests of accuracies, t intervals over seeds for costs, exact counts."""

    test = "paired test over examples and seeds (Holm), t interval over seeds for costs"
    reproduced = True

    def __init__(
        self, study: StudySettings, runs: pd.DataFrame, tested: TestedAccuracies, printed_runs: pd.DataFrame
    ) -> None:
        self.study = study
        self.runs = runs
        self.tested = tested
        self.architectures = list(printed_runs["architecture"].unique())
        self.published_rates = printed_runs.groupby("configuration")["lr"].first().to_dict()

    def value(self, quantity: Quantity, architecture: str, configuration: str) -> Estimate:
        self._check(quantity, architecture, configuration)
        if quantity != "accuracy":
            return self._over_seeds(quantity, architecture, configuration)
        mean = self.tested.means[architecture, configuration]
        key = f"accuracy where {selection(architecture, configuration)}: mean"
        return Estimate(mean.value, mean.low, mean.high, str(Statistics.path()), key)

    def difference(self, architecture: str, first: str, second: str) -> Estimate:
        for configuration in (first, second):
            self._check("accuracy", architecture, configuration)
        difference = self.tested.differences.get((architecture, first, second))
        if difference is None:
            raise NoEstimateError(f"{cell_name(architecture, first, second)}: the statistics do not compare them")
        value, low, high, p_holm = difference
        key = f"comparisons where architecture={architecture}, {second} - {first}: difference"
        return Estimate(value, low, high, str(Statistics.path()), key, p_holm)

    def ratio(self, quantity: Quantity, architecture: str, first: str, second: str) -> Estimate:
        """Of accuracies: one plus the paired difference over the first's mean, whose own error is of second order."""
        if quantity == "accuracy":
            difference = self.difference(architecture, first, second)
            mean = self.tested.means[architecture, first].value
            return Estimate(
                value=1 + difference.value / mean,
                low=1 + difference.low / mean,
                high=1 + difference.high / mean,
                source=difference.source,
                key=f"1 + ({difference.key}) / accuracy of {first}",
            )
        for configuration in (first, second):
            self._check(quantity, architecture, configuration)
        return self._over_seeds(quantity, architecture, second, first)

    def spread(self, architecture: str, configuration: str) -> Estimate:
        """F test of a cell's seed variance against the pooled variance of all others."""
        self._check("accuracy", architecture, configuration)
        if len(rows_of(self.runs, architecture, configuration)) < 2:
            raise NoEstimateError("one seed shows no spread")
        ratio, degrees, degrees_of_others = variance_ratio(self.runs, "test_accuracy", architecture, configuration)
        lower_tail, upper_tail = stats.f.ppf(TAILS, degrees, degrees_of_others)
        cell = selection(architecture, configuration)
        key = f"variance of test_accuracy over seeds / mean of the other cells'; {cell}"
        return Estimate(ratio, ratio / upper_tail, ratio / lower_tail, str(RUNS), key)

    def matching(self) -> tuple[Estimate, int, int]:
        raise NoEstimateError("records say nothing about cells that somebody else printed")

    def _check(self, quantity: Quantity, architecture: str, configuration: str) -> None:
        """That the cell's runs can say anything about the quantity of the published study."""
        if quantity == "texts":
            raise NoEstimateError("records say nothing about the texts that somebody else took")
        rows = rows_of(self.runs, architecture, configuration)
        cell = cell_name(architecture, configuration)
        if rows.empty:
            raise NoEstimateError(f"{cell}: not in the grid of this build")
        if len(rows) < self.runs["seed"].nunique():
            raise NoEstimateError(f"{cell}: a run failed")
        if quantity == "accuracy" and not self._at_published_rate(configuration):
            raise NoEstimateError(f"{cell}: run at another learning rate than the published one")
        if quantity == "memory" and rows[DEVICE_MEMORY.column].isna().any():
            raise NoEstimateError("memory was measured on the host, which decides nothing about a GPU")
        if quantity == "seconds" and (rows["device"] == "cpu").any():
            raise NoEstimateError("training ran on the CPU, which decides nothing about time on a GPU")
        if quantity == "seconds" and (rows["runs_at_once"] > 1).any():
            raise NoEstimateError("runs shared a GPU, so their times are not comparable")

    def _at_published_rate(self, configuration: str) -> bool:
        return math.isclose(self.study.nominal_rate(configuration), self.published_rates[configuration])

    def _over_seeds(
        self, quantity: Quantity, architecture: str, configuration: str, against: str | None = None
    ) -> Estimate:
        """A cost, or its ratio to another cell's seed by seed: geometric mean with a t interval of the logarithms."""
        configurations = [configuration]
        logs = self._logs(quantity, architecture, configuration)
        if against is not None:
            configurations.append(against)
            logs = logs - self._logs(quantity, architecture, against)
        if quantity == "parameters":  # the same for every seed
            half = 0.0
        elif len(logs) < 2:
            raise NoEstimateError("one seed gives no interval for a cost")
        else:
            half = float(stats.t.ppf(TAILS[1], len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs)))
        mean = float(logs.mean())
        cells = selection(architecture, *configurations)
        key = f"geometric mean over seeds of {COSTS[quantity]}, or of its ratio; {cells}"
        return Estimate(math.exp(mean), math.exp(mean - half), math.exp(mean + half), str(RUNS), key)

    def _logs(self, quantity: Quantity, architecture: str, configuration: str) -> pd.Series:
        """Logarithms of a cost, by seed."""
        costs = rows_of(self.runs, architecture, configuration).set_index("seed")[COSTS[quantity]]
        return np.log(costs.astype(float))
