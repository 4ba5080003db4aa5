"""Simulated answers of configurations of one architecture, right or wrong, and what their seeds add."""

import numpy as np

from stages.analysis.resampling import bootstrap_means
from stages.analysis.seed_variance import SeedVariance, seed_variances
from tools.benchmarks.simulated_studies import simulate


def answers(
    seeds: int, examples: int = 400, sds: tuple[float, ...] = (0.01, 0.01), seed: int = 0, method: str = "full"
) -> np.ndarray:
    return simulate(np.random.default_rng(seed), seeds, examples, np.array(sds), [method] * len(sds))


def of_seeds(correct: np.ndarray, methods: list[str] | None = None) -> SeedVariance:
    """With the kinds of configurations told apart by their methods; without, all are of one kind."""
    kinds = [(method, "base") for method in methods or ["full"] * len(correct)]
    return seed_variances({"one": correct}, {"one": kinds})["one"]


def right_on(*counts: tuple[int, ...], examples: int) -> np.ndarray:
    """Each configuration's seeds right on so many of the first examples: (configurations, examples, seeds)."""
    return np.arange(examples)[None, :, None] < np.array(counts)[:, None, :]


def resampled(correct: np.ndarray) -> np.ndarray:
    return bootstrap_means(correct.sum(axis=2).T) / correct.shape[2]
