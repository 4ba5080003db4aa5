"""``metrics/tuning.json``: every rate that was tried, by cell, and the one that was chosen."""

from math import sqrt
from statistics import fmean
from typing import Literal

from stages.analysis.runs import Factors
from stages.core.files import StageFile
from stages.core.types import Strict
from stages.training.settings import OWN_RATE


class TriedRate(Strict):
    """One rate of one cell: scores by seed, in the order of the study's seeds; None for a run that failed."""

    factor: str  # of the configuration's own rate, as params.yaml has it
    nominal_learning_rate: float
    learning_rate: float  # effective
    validation_accuracy: list[float | None]  # of the selected epoch, a fraction
    validation_loss: list[float | None]  # of the same, in nats
    test_accuracy: list[float | None]  # no choice is made by it

    @property
    def completed(self) -> int:
        """How many of its runs have a record."""
        return sum(score is not None for score in self.validation_accuracy)

    @property
    def mean_validation(self) -> float | None:
        return mean(self.validation_accuracy)

    @property
    def mean_test(self) -> float | None:
        return mean(self.test_accuracy)


class TunedCell(Strict):
    """One configuration on one architecture: its rates in ascending order."""

    architecture: str
    configuration: str
    rates: list[TriedRate]
    chosen: str  # the factor of one of them
    edge: Literal["lowest", "highest"] | None  # of all that were tried: a wider grid might have a better one

    def at(self, factor: str) -> TriedRate:
        return next(rate for rate in self.rates if rate.factor == factor)

    @property
    def own(self) -> TriedRate:
        return self.at(OWN_RATE)

    @property
    def best(self) -> TriedRate:
        return self.at(self.chosen)

    def rivals(self, rows: int) -> int:
        """Other rates within one binomial standard error of the chosen, over so many validation texts.

        Seeds do not count: all of them answer the same texts.
        """
        accuracy = self.best.mean_validation
        if accuracy is None:
            return 0
        error = sqrt(accuracy * (1 - accuracy) / rows)
        others = [rate.mean_validation for rate in self.rates if rate.factor != self.chosen and rate.completed]
        return sum(accuracy - other <= error for other in others)

    @property
    def gain(self) -> float | None:
        """Mean test accuracy at the chosen rate minus that at the own; None where a run of either failed."""
        if None in (*self.best.test_accuracy, *self.own.test_accuracy):
            return None
        return self.best.mean_test - self.own.mean_test


class Tuning(StageFile, Strict):
    """Of the headline grid in its order; no cells where rates were not tuned."""

    PLACE = "metrics/tuning.json"
    STAGE = "collect"

    seeds: list[int]
    cells: list[TunedCell]

    @property
    def factors(self) -> Factors:
        """What was chosen, by cell."""
        return {(cell.architecture, cell.configuration): cell.chosen for cell in self.cells}


def mean(scores: list[float | None]) -> float | None:
    """Over the runs that completed; None without one."""
    completed = [score for score in scores if score is not None]
    return fmean(completed) if completed else None
