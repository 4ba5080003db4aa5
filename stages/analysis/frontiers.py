"""Frontiers of accuracy and cost: who is on one at the means, and how often under resampling."""

import numpy as np
import pandas as pd

from stages.analysis.answers import Answers, Names
from stages.analysis.resampling import RANDOM_SEED, Resampled
from stages.analysis.runs import CELL
from stages.analysis.seed_variance import moderated, seed_component
from stages.analysis.statistics import Among, Frontier
from stages.study.grid import StudySettings


def frontier_probability(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Share of the rows of ``accuracy`` (resamples, points) in which each point is on the frontier."""
    kept = np.concatenate([pareto_frontier(cost, row) for row in accuracy])
    return np.bincount(kept, minlength=len(cost)) / len(accuracy)


def pareto_frontier(cost: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Indices of the points that no other beats on both counts, by rising cost; the first of equals."""
    order = np.lexsort((-accuracy, cost))
    before = np.maximum.accumulate(np.concatenate(([-np.inf], accuracy[order][:-1])))
    return order[accuracy[order] > before]


COSTS = {"peak_memory": "peak_memory_bytes_mean", "train_seconds": "train_seconds_mean"}


def frontiers(
    study: StudySettings, names: Names, cells: pd.DataFrame, answers: Answers, resampled: Resampled
) -> list[Frontier]:
    """Every headline cell of ``names`` on both frontiers, within its architecture and among all.

    Args:
        cells: means over seeds, as ``stages.analysis.runs.summarise`` makes them.
    """
    headline = {a: [name for name in study.headline if name in names[a]] for a in answers}
    chosen = {a: [names[a].index(name) for name in headline[a]] for a in answers}
    noise = np.random.default_rng(RANDOM_SEED)
    drawn = {a: with_seeds(correct, resampled[a], noise)[:, chosen[a]] for a, correct in answers.items()}
    means = {a: correct[chosen[a]].mean(axis=(1, 2)) for a, correct in answers.items()}
    groups: list[tuple[Among, list[str]]] = [("architecture", [a]) for a in answers]
    entries = []
    for among, members in [*groups, ("all", list(answers))]:
        keys = [(architecture, name) for architecture in members for name in headline[architecture]]
        mean, resamples = np.concatenate([means[a] for a in members]), np.hstack([drawn[a] for a in members])
        for cost, column in COSTS.items():
            price = cells.set_index(CELL).loc[keys, column].to_numpy()
            best, share = pareto_frontier(price, mean).tolist(), frontier_probability(price, resamples)
            for place, (a, name) in enumerate(keys):
                on, found = place in best, float(share[place])
                entry = {"among": among, "cost": cost, "architecture": a, "configuration": name}
                entries.append(Frontier(**entry, on_frontier=on, probability=found))
    return entries


def with_seeds(correct: np.ndarray, resampled: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Resampled means (resamples, configurations) plus normal draws of the moderated seed component."""
    variance = moderated(seed_component(correct)).variance
    return resampled + np.sqrt(variance) * generator.standard_normal(resampled.shape)
