"""``metrics/statistics.json``: its typed schema, and what needs no model of errors: frontiers, calibration, limits.

Accuracies, differences, interval ends and probabilities are fractions. Intervals and tests are in ``inference.py``.
"""

from math import comb
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from scipy import stats
from sklearn.metrics import brier_score_loss, confusion_matrix

from stages.lib.cells import Cell
from stages.lib.inference import NORMAL, TAILS
from stages.lib.jsonfile import read_json
from stages.lib.schema import Strict

STATISTICS = Path("metrics/statistics.json")
LEVEL = 0.05
BINS = 15  # Guo et al. 2017

Over = Literal["examples", "examples and seeds"]
Among = Literal["architecture", "all"]


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
    interval: Interval


class Comparison(Entry):
    """A paired test of two configurations of one architecture; see ``inference.paired_tests``."""

    architecture: str
    first: str
    second: str
    learning_rate_only: bool  # the two differ in nothing else
    difference: float  # second minus first
    interval: Interval
    favouring_first: int  # examples that more seeds of the first answer right
    favouring_second: int
    exact: bool  # too few such examples for the normal approximation
    p: float = Field(ge=0, le=1)
    p_holm: float = Field(ge=0, le=1)  # over all comparisons of the file
    verdict: Literal["distinguishable", "not distinguishable"]


class Frontier(Entry):
    """A headline cell's place on an accuracy-cost frontier."""

    among: Among
    cost: Literal["peak_memory", "train_seconds"]
    architecture: str
    configuration: str
    on_frontier: bool  # at the means
    probability: float = Field(ge=0, le=1)  # share of resamples


class Calibration(Entry):
    """How far one run's probabilities can be believed; counts are test examples."""

    architecture: str
    configuration: str
    seed: int
    expected_calibration_error: float = Field(ge=0, le=1)
    brier_score: float = Field(ge=0, le=1)
    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int


class Limits(Entry):
    """What this number of seeds cannot show."""

    seeds: int
    smallest_permutation_p: float  # two-sided, two groups of this many seeds that do not overlap
    seeds_for_permutation_p_below_level: int
    t_interval_factor: float | None  # t over normal, seeds - 1 degrees of freedom; None with one seed


class Statistics(Entry):
    """The whole file."""

    examples: int
    seeds: list[int]
    confidence: float
    level: float
    resamples: int
    random_seed: int
    accuracy: list[Accuracy]
    comparisons: list[Comparison]
    frontiers: list[Frontier]
    calibration: list[Calibration]
    limits: Limits


def read_statistics(path: Path = STATISTICS) -> Statistics:
    """Read back, validated.

    Raises:
        InputError: the file is missing or of another schema.
    """
    return read_json(Statistics, path, "statistics")


def frontier_probability(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Share of the rows of ``accuracy`` (resamples, points) in which each point is on the frontier."""
    kept = np.concatenate([pareto_frontier(cost, row) for row in accuracy])
    return np.bincount(kept, minlength=len(cost)) / len(accuracy)


def pareto_frontier(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Indices of the points that no other beats on both counts, by rising cost; the first of equals."""
    order = np.lexsort((-accuracy, cost))
    before = np.maximum.accumulate(np.concatenate(([-np.inf], accuracy[order][:-1])))
    return order[accuracy[order] > before]


def calibration(cell: Cell, predictions: pd.DataFrame) -> Calibration:
    """Calibration and confusion of one run."""
    (tn, fp), (fn, tp) = confusion_matrix(predictions["label"], predictions["prediction"], labels=[0, 1]).tolist()
    return Calibration(
        architecture=cell.architecture,
        configuration=cell.configuration,
        seed=cell.seed,
        expected_calibration_error=calibration_error(predictions),
        brier_score=float(brier_score_loss(predictions["label"], predictions["probability_positive"], pos_label=1)),
        true_negatives=tn,
        false_positives=fp,
        false_negatives=fn,
        true_positives=tp,
    )


def calibration_error(predictions: pd.DataFrame) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equal-width bins, weighted by examples.

    Confidence is the predicted class's probability (Naeini et al. 2015, AAAI; Guo et al. 2017, ICML).
    """
    confidence = predictions[["probability_negative", "probability_positive"]].max(axis=1).to_numpy()
    right = (predictions["label"] == predictions["prediction"]).to_numpy()
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # closed on the right, as Guo et al.
    return float(np.abs(np.bincount(bins, right - confidence, minlength=BINS)).sum() / len(right))


def limits(seeds: int) -> Limits:
    """From the number of seeds alone."""
    enough = next(number for number in range(1, 100) if _permutation_p(number) < LEVEL)
    return Limits(
        seeds=seeds,
        smallest_permutation_p=_permutation_p(seeds),
        seeds_for_permutation_p_below_level=enough,
        t_interval_factor=float(stats.t.ppf(TAILS[1], seeds - 1)) / NORMAL if seeds > 1 else None,
    )


def _permutation_p(seeds: int) -> float:
    return 2 / comb(2 * seeds, seeds)
