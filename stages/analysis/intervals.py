"""Accuracies and their intervals, over examples and seeds (``seed_variance.py``)."""

import numpy as np
import pandas as pd
from scipy import stats

from stages.analysis.answers import Answers, Names, sampled_over
from stages.analysis.seed_variance import SeedVariance, degrees_of_mean
from stages.analysis.statistics import TAILS, Accuracy, Interval


def accuracy_intervals(correct: np.ndarray, seed: SeedVariance) -> pd.DataFrame:
    """Student's t intervals for each configuration's expected accuracy over examples and seeds: one row each.

    With one seed they are for that run's expected accuracy over examples. An interval has no width where every run
    answers every example alike.

    Args:
        correct: (configurations, examples, seeds).
        seed: of the configurations of ``correct``.

    Returns:
        Columns ``mean``, ``standard_error``, ``low`` and ``high`` (fractions), and ``degrees_of_freedom``.
    """
    examples = correct.shape[1]
    shares = correct.mean(axis=2)  # of seeds that are right, by example
    mean = shares.mean(axis=1)
    sampling = shares.var(axis=1, ddof=1) / examples
    error = np.sqrt(sampling + seed.component)
    degrees = degrees_of_mean(seed, sampling, examples)
    half_width = stats.t.ppf(TAILS[1], degrees) * error
    return pd.DataFrame(
        {
            "mean": mean,
            "low": np.maximum(mean - half_width, 0),
            "high": np.minimum(mean + half_width, 1),
            "standard_error": error,
            "degrees_of_freedom": degrees,
        }
    )


def accuracies(names: Names, answers: Answers, seeds: dict[str, SeedVariance]) -> list[Accuracy]:
    """One entry an (architecture, configuration)."""
    entries = []
    for architecture, correct in answers.items():
        intervals = accuracy_intervals(correct, seeds[architecture]).to_dict("records")
        for name, scores, row in zip(names[architecture], correct.mean(axis=1), intervals, strict=True):
            interval = Interval(low=row.pop("low"), high=row.pop("high"), over=sampled_over(answers))
            sd = float(scores.std(ddof=1)) if len(scores) > 1 else None
            entries.append(Accuracy(architecture=architecture, configuration=name, sd=sd, interval=interval, **row))
    return entries
