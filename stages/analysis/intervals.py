"""Intervals of accuracies: a bootstrap over examples, widened by the seed component (``seed_variance.py``)."""

import numpy as np
from scipy import stats

from stages.analysis.answers import Answers, Names, sampled_over
from stages.analysis.resampling import Resampled
from stages.analysis.seed_variance import degrees_of_freedom, seed_component
from stages.analysis.statistics import NORMAL, TAILS, Accuracy, Interval


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


def accuracies(names: Names, answers: Answers, resampled: Resampled) -> list[Accuracy]:
    """One entry an (architecture, configuration)."""
    entries = []
    for architecture, correct in answers.items():
        intervals = accuracy_intervals(correct, resampled[architecture])
        for name, scores, (low, high) in zip(names[architecture], correct.mean(axis=1), intervals.T, strict=True):
            entries.append(
                Accuracy(
                    architecture=architecture,
                    configuration=name,
                    mean=float(scores.mean()),
                    sd=float(scores.std(ddof=1)) if len(scores) > 1 else None,
                    interval=Interval(low=low, high=high, over=sampled_over(answers)),
                )
            )
    return entries
