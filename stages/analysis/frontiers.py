"""Frontiers of accuracy and cost: who is on one at the means, and how often under resampling."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.analysis.answers import Answers, Names
from stages.analysis.resampling import RANDOM_SEED, Resampled
from stages.analysis.runs import CELL
from stages.analysis.seed_variance import SeedVariance
from stages.analysis.statistics import Among, Frontier
from stages.study.grid import StudySettings

COSTS = {"peak_memory": "peak_memory_bytes_mean", "train_seconds": "train_seconds_mean"}


class Points(NamedTuple):
    """Cells that compete for a frontier."""

    cells: list[tuple[str, str]]  # (architecture, configuration)
    accuracy: np.ndarray  # (points,), means over examples and seeds
    resampled: np.ndarray  # (resamples, points)


def frontiers(
    study: StudySettings,
    names: Names,
    cells: pd.DataFrame,
    answers: Answers,
    resampled: Resampled,
    seeds: dict[str, SeedVariance],
) -> list[Frontier]:
    """Every headline cell of ``names`` on both frontiers, within its architecture and among all.

    Args:
        cells: means over seeds, as ``stages.analysis.runs.summarise`` makes them.
    """
    noise = np.random.default_rng(RANDOM_SEED)
    by_architecture, every_key = [], []
    for architecture, correct in answers.items():
        headline = [name for name in study.headline if name in names[architecture]]
        rows = [names[architecture].index(name) for name in headline]
        drawn = with_seeds(seeds[architecture], resampled[architecture], noise)
        keys = [(architecture, name) for name in headline]
        every_key += keys
        by_architecture.append(Points(keys, correct[rows].mean(axis=(1, 2)), drawn[:, rows]))
    everything = Points(
        every_key,
        np.concatenate([points.accuracy for points in by_architecture]),
        np.hstack([points.resampled for points in by_architecture]),
    )
    entries = []
    for points in by_architecture:
        entries += _entries("architecture", points, cells)
    return entries + _entries("all", everything, cells)


def _entries(among: Among, points: Points, cells: pd.DataFrame) -> list[Frontier]:
    """Both frontiers of some points."""
    entries = []
    for cost, column in COSTS.items():
        price = cells.set_index(CELL).loc[points.cells, column].to_numpy()
        frontier = pareto_frontier(price, points.accuracy).tolist()
        probability = frontier_probability(price, points.resampled)
        for index, (architecture, configuration) in enumerate(points.cells):
            entries.append(
                Frontier(
                    among=among,
                    cost=cost,
                    architecture=architecture,
                    configuration=configuration,
                    on_frontier=index in frontier,
                    probability=float(probability[index]),
                )
            )
    return entries


def frontier_probability(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Share of the rows of ``accuracy`` (resamples, points) in which each point is on the frontier."""
    kept = np.concatenate([pareto_frontier(cost, row) for row in accuracy])
    return np.bincount(kept, minlength=len(cost)) / len(accuracy)


def pareto_frontier(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Indices of the points that no other beats on both counts, by rising cost; the first of equals."""
    order = np.lexsort((-accuracy, cost))
    best_of_cheaper = np.maximum.accumulate(np.concatenate(([-np.inf], accuracy[order][:-1])))
    return order[accuracy[order] > best_of_cheaper]


def with_seeds(seed: SeedVariance, resampled: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Resampled means (resamples, configurations) plus normal draws of the seed component."""
    return resampled + np.sqrt(seed.component) * generator.standard_normal(resampled.shape)
