"""Simulated answers of two configurations, right or wrong, and their bootstrap means."""

import numpy as np

from stages.analysis.resampling import bootstrap_means
from tools.benchmarks.coverage import simulate


def answers(seeds: int, examples: int = 400, sds: tuple[float, ...] = (0.01, 0.01), seed: int = 0) -> np.ndarray:
    return simulate(np.random.default_rng(seed), seeds, examples, list(sds), shared=True)


def resampled(correct: np.ndarray) -> np.ndarray:
    return bootstrap_means(correct.sum(axis=2).T) / correct.shape[2]
