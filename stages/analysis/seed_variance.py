"""What seeds add to the variance of accuracies, estimated from a handful of them, and on how many degrees of freedom.

``correct`` is always a boolean array (configurations, examples, seeds): a run's answer to an example is right. The
model is that of crossed random effects: a run's accuracy varies because another test split would have been easier or
harder (examples), because another seed would have trained a better or worse model (seeds), and because seeds disagree
on single examples (interaction). All seeds answer the same examples, so their errors are correlated.

Assumed: examples are independent draws, seeds are independent draws whose effects are about normal, and the seed
effects of two configurations are not negatively correlated; where a seed moves two configurations alike (LoRA and its
quantised twin), tests of the pair are conservative. Neither example nor seed effects need be small.

Resampling both factors ("pigeonhole", Owen 2007, Annals of Applied Statistics 1(2)) counts the interaction up to
three times, multiplies the component of R seeds by (R - 1) / R, which halves it with two, and does not know on how few
degrees of freedom that rests. Here the bootstrap resamples examples (``resampling.py``); the seed component is
estimated by the method of moments and widens the interval, with degrees of freedom after Satterthwaite (1946,
Biometrics Bulletin 2(6)).

It does not hold where two seeds differ much more than the sampling error of the test split: intervals of accuracies
then cover less than they say. Nor where one configuration varies much more than its neighbours: more pairs are then
called distinguishable than should be. ``tools/benchmarks/coverage.py`` measures both (``metrics/bench/coverage.json``).
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from stages.analysis.statistics import NORMAL, TAILS


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


def widen(resampled: np.ndarray, centre: np.ndarray, seed_variance: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Percentile intervals over examples (resamples, k), with the seed component added in quadrature: (2, k)."""
    low, high = np.quantile(resampled, TAILS, axis=0)
    seeds = NORMAL**2 * np.maximum(seed_variance, 0)
    below = np.sqrt(np.maximum(centre - low, 0) ** 2 + seeds)
    above = np.sqrt(np.maximum(high - centre, 0) ** 2 + seeds)
    factor = stats.t.ppf(TAILS[1], degrees) / NORMAL  # a variance on few degrees of freedom may be too small
    return np.stack([centre - factor * below, centre + factor * above])
