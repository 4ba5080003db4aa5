"""What a handful of seeds and one test split say about accuracies: components of variance, bootstrap, paired tests.

``correct`` is always a boolean array (configurations, examples, seeds): a run's answer to an example is right. The
model is that of crossed random effects: a run's accuracy varies because another test split would have been easier or
harder (examples), because another seed would have trained a better or worse model (seeds), and because seeds disagree
on single examples (interaction). All seeds answer the same examples, so their errors are correlated.

Assumed: examples are independent draws, seeds are independent draws whose effects are about normal, and the seed
effects of two configurations are not negatively correlated; where a seed moves two configurations alike (LoRA and its
quantised twin), tests of the pair are conservative. Neither example nor seed effects need be small.

Resampling both factors ("pigeonhole", Owen 2007, Annals of Applied Statistics 1(2)) counts the interaction up to
three times, multiplies the component of R seeds by (R - 1) / R, which halves it with two, and does not know on how few
degrees of freedom that rests. Here the bootstrap resamples examples; the seed component is estimated by the method of
moments and widens the interval, with degrees of freedom after Satterthwaite (1946, Biometrics Bulletin 2(6)).

It does not hold where two seeds differ much more than the sampling error of the test split: intervals of accuracies
then cover less than they say. Nor where one configuration varies much more than its neighbours: more pairs are then
called distinguishable than should be. ``benchmarks/coverage.py`` measures both (``metrics/bench/coverage.json``).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 10_000
RANDOM_SEED = 2025  # of every resampling: same input, same bytes
CHUNK = 500  # resamples in memory at once
FEW_DISCORDANT = 25  # below, the normal approximation of McNemar's statistic is not trusted
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
NORMAL = float(stats.norm.ppf(TAILS[1]))

Pair = tuple[int, int]


class SeedComponent(NamedTuple):
    """What seeds add to the variance of each configuration's mean; arrays (configurations,) of fractions squared.

    ``variance`` is the unbiased estimate, below zero where the seeds differ by less than their disagreement on single
    examples predicts; ``mean_square`` is the estimate before that disagreement is taken off. Zero with one seed.
    """

    variance: np.ndarray
    mean_square: np.ndarray


def seed_component(correct: np.ndarray) -> SeedComponent:
    """Method of moments of the two-way layout, each configuration by itself."""
    configurations, examples, seeds = correct.shape
    if seeds == 1:
        return SeedComponent(np.zeros(configurations), np.zeros(configurations))
    right = correct.sum(axis=2)
    between = correct.mean(axis=1).var(axis=1, ddof=1)
    within = (right - right**2 / seeds).sum(axis=1)
    interaction = (within - examples * (seeds - 1) * between) / ((examples - 1) * (seeds - 1))
    return SeedComponent((between - interaction / examples) / seeds, between / seeds)


def moderated(component: SeedComponent) -> SeedComponent:
    """Each configuration's own estimate or the mean over configurations, whichever is larger.

    Two seeds often agree by luck, and a family of tests picks such pairs out; a variance of their neighbours' size is
    the least that is assumed then. A configuration that varies much more than its neighbours keeps its own.
    """
    variance, mean_square = component
    return SeedComponent(np.maximum(variance, max(0.0, variance.mean())), np.maximum(mean_square, mean_square.mean()))


def degrees_of_freedom(sampling: np.ndarray, sampling_df: float, seed: SeedComponent, seed_df: int) -> np.ndarray:
    """Satterthwaite's, for the sum of the sampling variance and the seed component; infinite for a sum of zero."""
    total = sampling + np.maximum(seed.variance, 0)
    spread = sampling**2 / sampling_df + seed.mean_square**2 / max(seed_df, 1)
    return np.divide(total**2, spread, out=np.full_like(total, np.inf), where=(total > 0) & (spread > 0))


def bootstrap_means(right: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """Column means of ``right`` (examples, columns) over resampled examples: (resamples, columns).

    All columns share each resample's examples, so differences of columns are paired. Sums of whole numbers are exact in
    floating point: the result does not depend on the number of threads.
    """
    generator = np.random.default_rng(RANDOM_SEED)
    examples, values = len(right), np.asarray(right, dtype=np.float64)
    means = []
    for start in range(0, resamples, CHUNK):
        rows = min(CHUNK, resamples - start)
        drawn = generator.integers(examples, size=(rows, examples)) + examples * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * examples).reshape(rows, examples)
        means.append(times.astype(np.float64) @ values / examples)
    return np.concatenate(means)


def widen(resampled: np.ndarray, centre: np.ndarray, seed_variance: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Percentile intervals over examples (resamples, k), with the seed component added in quadrature: (2, k)."""
    low, high = np.quantile(resampled, TAILS, axis=0)
    factor, seeds = stats.t.ppf(TAILS[1], degrees) / NORMAL, NORMAL**2 * np.maximum(seed_variance, 0)
    return np.stack(
        [
            centre - factor * np.sqrt(np.maximum(centre - low, 0) ** 2 + seeds),
            centre + factor * np.sqrt(np.maximum(high - centre, 0) ** 2 + seeds),
        ]
    )


def accuracy_intervals(correct: np.ndarray, resampled: np.ndarray) -> np.ndarray:
    """Intervals for each configuration's expected accuracy over examples and seeds: (2, configurations), fractions.

    With one seed they are for that run's expected accuracy over examples. Each configuration uses its own seed
    component. An interval has no width where every run answers every example alike.

    Args:
        correct: (configurations, examples, seeds).
        resampled: bootstrap means (resamples, configurations) of the share of seeds that are right.
    """
    _, examples, seeds = correct.shape
    seed = seed_component(correct)
    sampling = correct.mean(axis=2).var(axis=1, ddof=1) / examples
    degrees = degrees_of_freedom(sampling, examples - 1, seed, seeds - 1)
    return np.clip(widen(resampled, correct.mean(axis=(1, 2)), seed.variance, degrees), 0, 1)


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
    right, (first, second) = correct.sum(axis=2), np.transpose(pairs)
    return right[second] - right[first]


def _pair_component(correct: np.ndarray, pairs: list[Pair]) -> tuple[SeedComponent, int]:
    """Moderated components of each pair's difference, with the degrees of freedom of all configurations together."""
    (first, second), (variance, mean_square) = np.transpose(pairs), moderated(seed_component(correct))
    component = SeedComponent(variance[first] + variance[second], mean_square[first] + mean_square[second])
    return component, correct.shape[0] * (correct.shape[2] - 1)


def sign_flip_p(gains: np.ndarray) -> float:
    """Two-sided p of the sum of whole numbers when each sign is as likely as the other, by exact enumeration."""
    distribution = np.ones(1)
    for size in np.abs(gains[gains != 0]):
        step = np.zeros(2 * size + 1)
        step[[0, -1]] = 0.5
        distribution = np.convolve(distribution, step)
    sums = np.arange(len(distribution)) - len(distribution) // 2
    return float(min(1.0, distribution[np.abs(sums) >= abs(gains.sum())].sum()))
