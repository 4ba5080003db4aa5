"""Paired tests and intervals of differences between two configurations that answer the same examples.

Everywhere ``correct`` is as in ``seed_variance.py``: booleans (configurations, examples, seeds).
"""

import numpy as np
import pandas as pd
from scipy import stats

from stages.analysis.seed_variance import SeedComponent, degrees_of_freedom, moderated, seed_component, widen

FEW_DISCORDANT = 25  # below, the normal approximation of McNemar's statistic is not trusted
Pair = tuple[int, int]  # of rows of ``correct``


def paired_tests(correct: np.ndarray, pairs: list[Pair]) -> pd.DataFrame:
    """Whether the accuracies of two configurations differ on the same examples: one row a pair, in order.

    McNemar's test with an example's seeds as one cluster (Durkalski et al. 2003, Statistics in Medicine 22(15)), the
    two seed components added to its variance, on Student's t. With one seed it is McNemar's test without continuity
    correction. Below ``FEW_DISCORDANT`` examples on which the configurations differ, p is at least that of the exact
    sign-flip test over these examples; with one seed that is McNemar's exact test.

    Returns:
        Columns ``difference`` (fraction, second minus first), ``favouring_first`` and ``favouring_second`` (examples
        that more seeds of one or the other answer right), ``p`` and ``exact``.
    """
    seeds = correct.shape[2]
    gains = _gains(correct, pairs)
    seed, seed_df = _pair_component(correct, pairs)
    null = (gains**2).sum(axis=1) / gains.shape[1] ** 2 / seeds**2
    degrees = degrees_of_freedom(null, np.inf, seed, seed_df)
    difference = gains.mean(axis=1) / seeds
    error = np.sqrt(null + seed.variance)
    statistic = np.divide(np.abs(difference), error, out=np.zeros_like(error), where=error > 0)
    p = 2 * stats.t.sf(statistic, degrees)
    exact = (gains != 0).sum(axis=1) < FEW_DISCORDANT
    for row in np.flatnonzero(exact):
        flipped = sign_flip_p(gains[row])
        p[row] = flipped if seeds == 1 else max(p[row], flipped)
    return pd.DataFrame(
        {
            "difference": difference,
            "favouring_first": (gains < 0).sum(axis=1),
            "favouring_second": (gains > 0).sum(axis=1),
            "p": p,
            "exact": exact,
        }
    )


def paired_intervals(correct: np.ndarray, pairs: list[Pair], resampled: np.ndarray) -> np.ndarray:
    """Intervals for the differences of ``paired_tests`` from resamples as in ``accuracy_intervals``: (2, pairs)."""
    first, second = np.transpose(pairs)
    gains = _gains(correct, pairs) / correct.shape[2]
    seed, seed_df = _pair_component(correct, pairs)
    examples = gains.shape[1]
    degrees = degrees_of_freedom(gains.var(axis=1, ddof=1) / examples, examples - 1, seed, seed_df)
    return widen(resampled[:, second] - resampled[:, first], gains.mean(axis=1), seed.variance, degrees)


def _gains(correct: np.ndarray, pairs: list[Pair]) -> np.ndarray:
    """Seeds right in the second less seeds right in the first: integers (pairs, examples)."""
    first, second = np.transpose(pairs)
    right = correct.sum(axis=2)
    return right[second] - right[first]


def _pair_component(correct: np.ndarray, pairs: list[Pair]) -> tuple[SeedComponent, int]:
    """Moderated components of each pair's difference, with the degrees of freedom of all configurations together."""
    first, second = np.transpose(pairs)
    variance, mean_square = moderated(seed_component(correct))
    component = SeedComponent(variance[first] + variance[second], mean_square[first] + mean_square[second])
    configurations, _, seeds = correct.shape
    return component, configurations * (seeds - 1)


def sign_flip_p(gains: np.ndarray) -> float:
    """Two-sided p of the sum of whole numbers when each sign is as likely as the other, by exact enumeration."""
    distribution = np.ones(1)
    for size in np.abs(gains[gains != 0]):
        step = np.zeros(2 * size + 1)
        step[[0, -1]] = 0.5
        distribution = np.convolve(distribution, step)
    sums = np.arange(len(distribution)) - len(distribution) // 2
    return float(min(1.0, distribution[np.abs(sums) >= abs(gains.sum())].sum()))
