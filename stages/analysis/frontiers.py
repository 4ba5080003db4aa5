"""Frontiers of accuracy and cost: how often a cell is on that of its architecture under resampling.

Drawn anew are examples, seeds, and the measurement of cost. A cell is said to be on a frontier if nearly all resamples
have it there (``is_on`` of ``stages/analysis/statistics.py``).
"""

import numpy as np
import pandas as pd

from stages.analysis.answers import Names
from stages.analysis.costs import COMPARED, deviations
from stages.analysis.resampling import RANDOM_SEED, Resampled
from stages.analysis.runs import CELL
from stages.analysis.seed_variance import SeedVariance
from stages.analysis.statistics import Costs, Frontier, OnAxis
from stages.study.grid import StudySettings

# Of the table of cells; parameters are counted, not measured.
COLUMNS: dict[OnAxis, str] = {**COMPARED, "trainable_parameters": "trainable_parameters"}


def frontiers(
    study: StudySettings,
    names: Names,
    cells: pd.DataFrame,
    resampled: Resampled,
    seeds: dict[str, SeedVariance],
    costs: Costs,
) -> list[Frontier]:
    """Every headline cell of ``names`` on the frontiers of its architecture.

    Args:
        cells: means over seeds, as ``stages.analysis.runs.summarise`` makes them.
        costs: how far measurements scatter.
    """
    noise = np.random.default_rng(RANDOM_SEED)
    entries = []
    for architecture, means in resampled.items():
        headline = [name for name in study.headline if name in names[architecture]]
        rows = [names[architecture].index(name) for name in headline]
        accuracy = with_seeds(seeds[architecture], means, noise)[:, rows]
        competing = cells.set_index(CELL).loc[[(architecture, name) for name in headline]]
        for cost, column in COLUMNS.items():
            price = competing[column].to_numpy()
            if cost in COMPARED:
                price = measured_again(price, competing, costs.scatter[cost], len(accuracy))
            probability = on_frontier(price, accuracy).mean(axis=0)
            entries += [
                Frontier(cost=cost, architecture=architecture, configuration=name, probability=float(share))
                for name, share in zip(headline, probability, strict=True)
            ]
    return entries


def measured_again(price: np.ndarray, cells: pd.DataFrame, scatter: float | None, resamples: int) -> np.ndarray:
    """Costs (resamples, points) as other measurements might have them: log-normal, cells of the same work alike.

    Args:
        price: costs (points,), each of the ``work_runs`` of the cell's ``work``.
        scatter: standard deviation of the logarithm of one run's cost; None: not known.
    """
    works, of_point = np.unique(cells["work"].to_numpy(), return_inverse=True)
    generator = np.random.default_rng(RANDOM_SEED)
    noise = generator.standard_normal((resamples, len(works)))[:, of_point]
    return price * np.exp(deviations(cells["work_runs"].to_numpy(), scatter) * noise)


def on_frontier(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Whether each point (..., points) is beaten by none.

    It is beaten by one that is more accurate and no dearer, and by one that is as accurate and cheaper.
    """
    marks = np.ones(np.broadcast_shapes(cost.shape, accuracy.shape), dtype=bool)
    for index in range(marks.shape[-1]):
        own_cost, own_accuracy = cost[..., [index]], accuracy[..., [index]]
        beaten_by = (accuracy > own_accuracy) & (cost <= own_cost) | (accuracy == own_accuracy) & (cost < own_cost)
        marks[..., index] = ~beaten_by.any(axis=-1)
    return marks


def with_seeds(seed: SeedVariance, resampled: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Resampled means (resamples, configurations) plus normal draws of the seed component."""
    return resampled + np.sqrt(seed.component) * generator.standard_normal(resampled.shape)
