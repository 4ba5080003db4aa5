"""Paired tests and intervals of differences between two configurations that answer the same examples.

``correct`` is as in ``seed_variance.py``: booleans (configurations, examples, seeds).
"""

import numpy as np
import pandas as pd
from scipy import stats

from stages.analysis.seed_variance import SeedVariance, degrees_of_difference
from stages.analysis.statistics import CONFIDENCE, TAILS

FEW_DISCORDANT = 25  # below, the differences on single examples are too few for their mean to be about normal
Pair = tuple[int, int]  # of rows of ``correct``


def paired_tests(correct: np.ndarray, pairs: list[Pair], seed: SeedVariance) -> pd.DataFrame:
    """Whether the accuracies of two configurations differ on the same examples: one row a pair, in order.

    A t test of the difference on each example, averaged over seeds, whose squared standard error is its variance over
    examples, divided by their number, plus the seed components of the two. With one seed it is the paired t test.
    Below ``FEW_DISCORDANT`` examples on which the configurations differ, p is at least that of the exact sign-flip test
    over these examples, which with one seed is McNemar's exact test. An interval holds zero where p is above
    1 - ``CONFIDENCE``, and nowhere else.

    Args:
        seed: of the configurations of ``correct``.

    Returns:
        Columns ``difference`` (fraction, second minus first), ``low`` and ``high`` of its interval,
        ``standard_error``, ``degrees_of_freedom``, ``favouring_first`` and ``favouring_second`` (examples that more
        seeds of one or the other answer right), ``p`` and ``exact``.
    """
    first, second = np.transpose(pairs)
    _, examples, seeds = correct.shape
    right = correct.sum(axis=2, dtype=np.int16)
    gains = right[second] - right[first]  # seeds right in the second less seeds right in the first, by example
    difference = gains.sum(axis=1) / examples / seeds
    of_first, of_second = (SeedVariance(*(values[rows] for values in seed)) for rows in (first, second))
    covariance = covariance_over_examples(right)
    variance = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
    sampling = variance / examples / seeds**2
    error = np.sqrt(sampling + of_first.component + of_second.component)
    degrees = degrees_of_difference(of_first, of_second, examples)
    certain = np.where(difference == 0, 0.0, np.inf)  # where every example says the same
    p = 2 * stats.t.sf(np.divide(np.abs(difference), error, out=certain, where=error > 0), degrees)
    favouring_first, favouring_second = np.count_nonzero(gains < 0, axis=1), np.count_nonzero(gains > 0, axis=1)
    exact = favouring_first + favouring_second < FEW_DISCORDANT
    for row in np.flatnonzero(exact):
        p[row] = max(p[row], sign_flip_p(gains[row]))
    half_width = stats.t.ppf(TAILS[1], degrees) * error
    reach = np.where(exact & (p > 1 - CONFIDENCE), np.abs(difference), 0)  # to zero, where the exact test says so
    half_width = np.maximum(half_width, reach)
    return pd.DataFrame(
        {
            "difference": difference,
            "low": np.maximum(difference - half_width, -1),
            "high": np.minimum(difference + half_width, 1),
            "standard_error": error,
            "degrees_of_freedom": degrees,
            "favouring_first": favouring_first,
            "favouring_second": favouring_second,
            "p": p,
            "exact": exact,
        }
    )


def covariance_over_examples(right: np.ndarray) -> np.ndarray:
    """Of whole numbers (configurations, examples), each configuration with each other.

    Products and sums of whole numbers are exact in floating point: the result does not depend on the number of threads.
    """
    examples = right.shape[1]
    counts = right.astype(np.float64)
    sums = counts.sum(axis=1)
    return (counts @ counts.T * examples - np.outer(sums, sums)) / examples / (examples - 1)


def sign_flip_p(gains: np.ndarray) -> float:
    """Two-sided p of the sum of whole numbers when each sign is as likely as the other, by exact enumeration."""
    distribution = np.ones(1)
    for size in np.abs(gains[gains != 0]):
        step = np.zeros(2 * size + 1)
        step[[0, -1]] = 0.5
        distribution = np.convolve(distribution, step)
    sums = np.arange(len(distribution)) - len(distribution) // 2
    return float(min(1.0, distribution[np.abs(sums) >= abs(gains.sum())].sum()))
