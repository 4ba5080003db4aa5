"""Published against reproduced accuracy, cell by cell, where the study ran at the published size and rates."""

import math

import pandas as pd
from scipy.stats import norm

from stages.analysis.statistics import Accuracy, Statistics
from stages.data.card import Card
from stages.published.reconciliation import Agreement, Reproduction
from stages.published.scope import is_compared
from stages.study.grid import StudySettings

MARGIN = 0.01  # a fraction of accuracy: what counts as the same result


def reproductions(study: StudySettings, card: Card, runs: pd.DataFrame, statistics: Statistics) -> list[Reproduction]:
    """One entry a cell that both studies have; none where the two are not compared (``scope.py``).

    The interval is ours with the binomial sampling error of the published mean added in quadrature.
    """
    if not is_compared(study, card):
        return []
    published = runs.groupby(["architecture", "configuration"]).agg(
        mean=("accuracy", "mean"), seeds=("seed", "size"), lr=("lr", "first")
    )
    complete = published[published["seeds"] == runs["seed"].nunique()]
    entries = []
    for ours in statistics.accuracy:
        cell = ours.architecture, ours.configuration
        if cell not in complete.index:
            continue
        if math.isclose(study.nominal_rate(ours.configuration), complete.loc[cell, "lr"]):
            entries.append(_reproduction(ours, complete.loc[cell, "mean"], statistics))
    return entries


def _reproduction(ours: Accuracy, published: float, statistics: Statistics) -> Reproduction:
    error = norm.ppf((1 + statistics.confidence) / 2) * math.sqrt(published * (1 - published) / statistics.examples)
    difference = ours.mean - published
    low = difference - math.hypot(ours.mean - ours.interval.low, error)
    high = difference + math.hypot(ours.interval.high - ours.mean, error)
    verdict, reason = _judged(low, high)
    return Reproduction(
        architecture=ours.architecture,
        configuration=ours.configuration,
        published=100 * published,
        reproduced=100 * ours.mean,
        difference=100 * difference,
        low=100 * low,
        high=100 * high,
        margin=100 * MARGIN,
        verdict=verdict,
        reason=reason,
    )


def _judged(low: float, high: float) -> tuple[Agreement, str]:
    if low >= -MARGIN and high <= MARGIN:
        return "reproduced", "the interval of the difference lies within the margin"
    if low > MARGIN or high < -MARGIN:
        return "not reproduced", "the interval of the difference lies outside the margin"
    return "cannot be decided here", "the interval of the difference crosses the margin"
