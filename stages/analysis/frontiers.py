"""Frontiers of accuracy and cost: who is on one at the means, and how often under resampling.

Drawn anew are examples, seeds, and the measurement of cost; costs that are ties count as equal
(``stages/analysis/costs.py``).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.analysis.answers import Answers, Names
from stages.analysis.costs import COMPARED
from stages.analysis.resampling import RANDOM_SEED, Resampled
from stages.analysis.runs import CELL
from stages.analysis.seed_variance import SeedVariance
from stages.analysis.statistics import Among, Costs, Frontier
from stages.study.grid import StudySettings


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
    costs: Costs,
) -> list[Frontier]:
    """Every headline cell of ``names`` on both frontiers, within its architecture and among all.

    Args:
        cells: means over seeds, as ``stages.analysis.runs.summarise`` makes them.
        costs: which differences of cost are ties, and how far measurements scatter.
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
        entries += _entries("architecture", points, cells, costs)
    return entries + _entries("all", everything, cells, costs)


def _entries(among: Among, points: Points, cells: pd.DataFrame, costs: Costs) -> list[Frontier]:
    """Both frontiers of some points."""
    entries = []
    competing = cells.set_index(CELL).loc[points.cells]
    for cost, column in COMPARED.items():
        price, tie = competing[column].to_numpy(), costs.ties[cost]
        marks = on_frontier(price, points.accuracy, tie)
        noise = np.random.default_rng(RANDOM_SEED)
        drawn = measured_again(price, competing, costs.scatter[cost], noise, len(points.resampled))
        probability = on_frontier(drawn, points.resampled, tie).mean(axis=0)
        for index, (architecture, configuration) in enumerate(points.cells):
            entries.append(
                Frontier(
                    among=among,
                    cost=cost,
                    architecture=architecture,
                    configuration=configuration,
                    on_frontier=bool(marks[index]),
                    probability=float(probability[index]),
                )
            )
    return entries


def measured_again(
    price: np.ndarray, cells: pd.DataFrame, scatter: float | None, generator: np.random.Generator, resamples: int
) -> np.ndarray:
    """Costs (resamples, points) as other measurements might have them: log-normal, cells of the same work alike.

    Args:
        price: costs (points,), each a mean over the ``work_runs`` of the cell's ``work``.
        scatter: standard deviation of the logarithm of one run's cost; None: not known, so that costs stay.
    """
    if scatter is None:
        return np.broadcast_to(price, (resamples, len(price)))
    works, of_point = np.unique(cells["work"].to_numpy(), return_inverse=True)
    noise = generator.standard_normal((resamples, len(works)))[:, of_point]
    return price * np.exp(scatter / np.sqrt(cells["work_runs"].to_numpy()) * noise)


def on_frontier(cost: np.ndarray, accuracy: np.ndarray, tie: float = 0.0) -> np.ndarray:
    """Whether each point (..., points) is beaten by none.

    It is beaten by one that is more accurate and whose cost is lower or a tie, and by one that is as accurate and whose
    cost is lower and no tie. A cost is a tie with a lower one from which it differs by no more than the share ``tie``.
    """
    marks = np.ones(np.broadcast_shapes(cost.shape, accuracy.shape), dtype=bool)
    for index in range(marks.shape[-1]):
        own_cost, own_accuracy = cost[..., [index]], accuracy[..., [index]]
        no_dearer = cost <= (1 + tie) * own_cost
        cheaper = (1 + tie) * cost < own_cost
        beaten_by = (accuracy > own_accuracy) & no_dearer | (accuracy == own_accuracy) & cheaper
        marks[..., index] = ~beaten_by.any(axis=-1)
    return marks


def pareto_frontier(cost: np.ndarray, accuracy: np.ndarray, tie: float = 0.0) -> np.ndarray:
    """Indices of the points (points,) that are beaten by none, by rising cost."""
    kept = np.flatnonzero(on_frontier(cost, accuracy, tie))
    return kept[np.argsort(cost[kept], kind="stable")]


def with_seeds(seed: SeedVariance, resampled: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Resampled means (resamples, configurations) plus normal draws of the seed component."""
    return resampled + np.sqrt(seed.component) * generator.standard_normal(resampled.shape)
