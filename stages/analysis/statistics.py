"""``metrics/statistics.json``: its typed schema, and what this number of seeds cannot show.

Accuracies, differences, interval ends and probabilities are fractions.
"""

from itertools import count
from math import comb
from typing import Literal

from pydantic import ConfigDict, Field
from scipy import stats

from stages.analysis.costs import Cost
from stages.core.files import StageFile
from stages.core.types import Strict

LEVEL = 0.05  # of the family of paired tests, and of verdicts on claims
CONFIDENCE = 0.95  # of every interval, and of a place on a frontier
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
NORMAL = float(stats.norm.ppf(TAILS[1]))
Over = Literal["examples", "examples and seeds"]
OnAxis = Cost | Literal["trainable_parameters"]  # what accuracy is set against


class Entry(Strict):
    """What is not a number fails when it is written, not when it is read."""

    model_config = ConfigDict(allow_inf_nan=False)


class Interval(Entry):
    """At ``Statistics.confidence``; ``over`` names what was sampled: with one seed, other seeds are not covered."""

    low: float
    high: float
    over: Over


class Accuracy(Entry):
    """Test accuracy of one (architecture, configuration) over its seeds."""

    architecture: str
    configuration: str
    mean: float = Field(ge=0, le=1)
    sd: float | None  # of a sample; None with one seed
    standard_error: float = Field(ge=0)  # of the mean, over what the interval is over
    degrees_of_freedom: float = Field(ge=1)
    interval: Interval


class Comparison(Entry):
    """A paired test of two configurations of one architecture; see ``stages/analysis/paired_tests.py``."""

    architecture: str
    first: str
    second: str
    learning_rate_only: bool  # the two differ in nothing else
    difference: float  # second minus first
    standard_error: float = Field(ge=0)  # of the difference, over what the interval is over
    degrees_of_freedom: float = Field(ge=1)
    interval: Interval  # of this pair alone: it holds zero where ``p`` is above the level, whatever ``p_holm`` says
    favouring_first: int  # examples that more seeds of the first answer right
    favouring_second: int
    exact: bool  # too few such examples for the t test alone
    p: float = Field(ge=0, le=1)  # of this pair alone
    p_holm: float = Field(ge=0, le=1)  # over all comparisons of the file
    verdict: Literal["distinguishable", "not distinguishable"]


class Costs(Entry):
    """How costs were compared; see ``stages/analysis/costs.py``."""

    clock: Literal["processor", "wall"]
    tolerance: float  # of a run's share beyond the fastest of the same work, above which it was disturbed
    stretch: float  # likewise of the wall clock's multiple of what the processor's time needs
    disturbed_runs: int
    least_scatter: float  # standard deviation of logarithms that frontiers allow any cost at the least
    scatter: dict[Cost, float | None]  # likewise, over runs of the same work; None without such


class Frontier(Entry):
    """A headline cell's place on the accuracy-cost frontier of its architecture."""

    cost: OnAxis
    architecture: str
    configuration: str
    probability: float = Field(ge=0, le=1)  # share of resamples: of examples, seeds, and measurements of the cost

    @property
    def is_on(self) -> bool:
        return is_on(self.probability)


class Calibration(Entry):
    """How far one run's probabilities can be believed.

    ``confusion`` counts test examples: a row an actual class, a column a predicted. ``brier_score`` is half the mean
    squared distance of all probabilities from the answer, which for two classes is that of the second alone.
    """

    architecture: str
    configuration: str
    seed: int
    expected_calibration_error: float = Field(ge=0, le=1)
    brier_score: float = Field(ge=0, le=1)
    confusion: list[list[int]]


class Limits(Entry):
    """What this number of seeds cannot show."""

    seeds: int
    smallest_permutation_p: float  # two-sided, two groups of this many seeds that do not overlap
    seeds_for_permutation_p_below_level: int
    t_interval_factor: float | None  # t over normal, seeds - 1 degrees of freedom; None with one seed


class Statistics(StageFile, Entry):
    """The whole file."""

    PLACE = "metrics/statistics.json"
    STAGE = "statistics"

    examples: int
    classes: int
    seeds: list[int]
    confidence: float
    level: float
    resamples: int
    random_seed: int
    accuracy: list[Accuracy]
    comparisons: list[Comparison]
    costs: Costs | None = None  # older files lack it
    frontiers: list[Frontier]
    calibration: list[Calibration]
    limits: Limits


def is_on(probability: float) -> bool:
    """Whether a cell that is on a frontier in this share of resamples is said to be on it.

    A cell that is not may be off it, or undecided. Those two are not told apart: of cells in the middle of a grid one
    or another would change sides between two builds of one study, as its cost is measured again.
    """
    return probability >= CONFIDENCE


def limits(seeds: int) -> Limits:
    """From the number of seeds alone."""
    return Limits(
        seeds=seeds,
        smallest_permutation_p=_permutation_p(seeds),
        seeds_for_permutation_p_below_level=next(number for number in count(1) if _permutation_p(number) < LEVEL),
        t_interval_factor=float(stats.t.ppf(TAILS[1], seeds - 1)) / NORMAL if seeds > 1 else None,
    )


def _permutation_p(seeds: int) -> float:
    """Two of all ways to part twice as many runs in halves are as extreme as groups that do not overlap."""
    return 2 / comb(2 * seeds, seeds)
