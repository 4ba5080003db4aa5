"""The bootstrap over examples, on which frontiers rest."""

import numpy as np

from stages.analysis.answers import Answers, seed_count

RESAMPLES = 10_000
RANDOM_SEED = 2025  # of every resampling: same input, same bytes
CHUNK = 500  # resamples in memory at once

# By architecture, mean accuracies (resamples, configurations); a resample has the same examples for all.
Resampled = dict[str, np.ndarray]


def resample(answers: Answers) -> Resampled:
    """Bootstrap means over examples, the same examples for every column of every architecture."""
    right = np.concatenate([correct.sum(axis=2) for correct in answers.values()])
    means = bootstrap_means(right.T) / seed_count(answers)
    ends = np.cumsum([len(correct) for correct in answers.values()])[:-1]
    return dict(zip(answers, np.split(means, ends, axis=1), strict=True))


def bootstrap_means(right: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """Column means of ``right`` (examples, columns) over resampled examples: (resamples, columns).

    All columns share each resample's examples, so differences of columns are paired. Sums of whole numbers are exact in
    floating point: the result does not depend on the number of threads.
    """
    generator = np.random.default_rng(RANDOM_SEED)
    examples = len(right)
    values = np.asarray(right, dtype=np.float64)
    means = []
    for start in range(0, resamples, CHUNK):
        rows = min(CHUNK, resamples - start)
        drawn = generator.integers(examples, size=(rows, examples))
        numbered = drawn + examples * np.arange(rows)[:, None]  # so that one count serves all rows
        times = np.bincount(numbered.ravel(), minlength=rows * examples).reshape(rows, examples)
        means.append(times.astype(np.float64) @ values / examples)
    return np.concatenate(means)
