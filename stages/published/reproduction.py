"""Published against reproduced accuracy, cell by cell, where the study ran at the published size and rates."""

import math

import pandas as pd
from scipy.stats import norm

from stages.analysis.statistics import Accuracy, Statistics
from stages.published.reconciliation import Reproduction
from stages.study.grid import StudySettings

MARGIN = 0.01  # a fraction of accuracy: what counts as the same result


def reproductions(study: StudySettings, runs: pd.DataFrame, statistics: Statistics) -> list[Reproduction]:
    """One entry a cell that both studies have; none for a small-scale profile, which is not comparable.

    The interval is ours with the binomial sampling error of the published mean added in quadrature.
    """
    if study.small_scale:
        return []
    published = runs.groupby(["architecture", "configuration"]).agg(
        mean=("accuracy", "mean"), seeds=("seed", "size"), lr=("lr", "first")
    )
    complete = published[published["seeds"] == runs["seed"].nunique()]
    keys = [(entry, (entry.architecture, entry.configuration)) for entry in statistics.accuracy]
    return [
        _reproduction(entry, complete.loc[key, "mean"], statistics)
        for entry, key in keys
        if key in complete.index and math.isclose(study.nominal_rate(key[1]), complete.loc[key, "lr"])
    ]


def _reproduction(entry: Accuracy, published: float, statistics: Statistics) -> Reproduction:
    error = norm.ppf((1 + statistics.confidence) / 2) * math.sqrt(published * (1 - published) / statistics.examples)
    difference = entry.mean - published
    low = difference - math.hypot(entry.mean - entry.interval.low, error)
    high = difference + math.hypot(entry.interval.high - entry.mean, error)
    if low >= -MARGIN and high <= MARGIN:
        verdict, reason = "reproduced", "the interval of the difference lies within the margin"
    elif low > MARGIN or high < -MARGIN:
        verdict, reason = "not reproduced", "the interval of the difference lies outside the margin"
    else:
        verdict, reason = "cannot be decided here", "the interval of the difference crosses the margin"
    return Reproduction(
        architecture=entry.architecture,
        configuration=entry.configuration,
        published=100 * published,
        reproduced=100 * entry.mean,
        difference=100 * difference,
        low=100 * low,
        high=100 * high,
        margin=100 * MARGIN,
        verdict=verdict,
        reason=reason,
    )
