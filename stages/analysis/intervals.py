"""Accuracies and their intervals: a bootstrap over examples, widened by the seed component (``seed_variance.py``)."""

import numpy as np

from stages.analysis.answers import Answers, Names, sampled_over
from stages.analysis.resampling import Resampled
from stages.analysis.seed_variance import degrees_of_freedom, seed_component, widen
from stages.analysis.statistics import Accuracy, Interval


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
