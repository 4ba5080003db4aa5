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
    right = correct.sum(axis=2)
    gains = right[second] - right[first]  # seeds right in the second less seeds right in the first, by example
    difference = gains.mean(axis=1) / seeds
    of_first, of_second = (SeedVariance(*(values[rows] for values in seed)) for rows in (first, second))
    sampling = gains.var(axis=1, ddof=1) / examples / seeds**2
    error = np.sqrt(sampling + of_first.component + of_second.component)
    degrees = degrees_of_difference(of_first, of_second, examples)
    certain = np.where(difference == 0, 0.0, np.inf)  # where every example says the same
    p = 2 * stats.t.sf(np.divide(np.abs(difference), error, out=certain, where=error > 0), degrees)
    exact = (gains != 0).sum(axis=1) < FEW_DISCORDANT
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
            "favouring_first": (gains < 0).sum(axis=1),
            "favouring_second": (gains > 0).sum(axis=1),
            "p": p,
            "exact": exact,
        }
    )


def sign_flip_p(gains: np.ndarray) -> float:
    """Two-sided p of the sum of whole numbers when each sign is as likely as the other, by exact enumeration."""
    distribution = np.ones(1)
    for size in np.abs(gains[gains != 0]):
        step = np.zeros(2 * size + 1)
        step[[0, -1]] = 0.5
        distribution = np.convolve(distribution, step)
    sums = np.arange(len(distribution)) - len(distribution) // 2
    return float(min(1.0, distribution[np.abs(sums) >= abs(gains.sum())].sum()))
