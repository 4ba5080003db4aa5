"""Synthetic statistics: intervals and tests that follow from made-up accuracies."""

from collections.abc import Callable

import numpy as np

from stages.analysis.comparisons import compared
from stages.analysis.costs import LEAST_SCATTER, STRETCH, TWIN_TOLERANCE
from stages.analysis.frontiers import COLUMNS
from stages.analysis.statistics import (
    Accuracy,
    Calibration,
    Comparison,
    Costs,
    Frontier,
    Interval,
    Statistics,
    limits,
)
from stages.study.grid import StudySettings
from stages.training.settings import Run
from tests.helpers.records import TEST_ROWS, accuracy

Scores = dict[tuple[str, str], list[float]]  # by architecture and configuration, a score a seed


def make_statistics(
    study: StudySettings,
    score: Callable[[Run], float] = accuracy,
    half_width: float = 0.013,
    matrix: Callable[[Run], list[list[int]]] = lambda run: [[900, 100], [100, 900]],
) -> Statistics:
    """Intervals of a fixed width; pairs more than ``half_width`` and a half apart are distinguishable."""
    scores: Scores = {}
    for run in study.runs:
        scores.setdefault((run.architecture, run.configuration), []).append(score(run))
    return Statistics(
        examples=TEST_ROWS,
        classes=2,
        seeds=study.seeds,
        confidence=0.95,
        level=0.05,
        resamples=1000,
        random_seed=2025,
        accuracy=_accuracies(study, scores, half_width),
        comparisons=_comparisons(study, scores, half_width),
        costs=Costs(
            clock="processor",
            tolerance=TWIN_TOLERANCE,
            stretch=STRETCH,
            disturbed_runs=0,
            least_scatter=LEAST_SCATTER,
            scatter={"peak_memory": 0.002, "train_seconds": 0.04},
        ),
        frontiers=_frontiers(study),
        calibration=[_calibration(run, matrix(run)) for run in study.runs],
        limits=limits(len(study.seeds)),
    )


def _interval(study: StudySettings, centre: float, half_width: float) -> Interval:
    over = "examples and seeds" if len(study.seeds) > 1 else "examples"
    return Interval(low=centre - half_width, high=centre + half_width, over=over)


def _accuracies(study: StudySettings, scores: Scores, half_width: float) -> list[Accuracy]:
    accuracies = []
    for (architecture, configuration), values in scores.items():
        mean = float(np.mean(values))
        accuracies.append(
            Accuracy(
                architecture=architecture,
                configuration=configuration,
                mean=mean,
                sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
                standard_error=half_width / 2,
                degrees_of_freedom=15.0,
                interval=_interval(study, mean, half_width),
            )
        )
    return accuracies


def _comparisons(study: StudySettings, scores: Scores, half_width: float) -> list[Comparison]:
    """Every pair of the headline grid, and those that differ in the rate alone."""
    pairs = compared(study)
    comparisons = []
    for architecture in study.architectures:
        for first, second in pairs:
            difference = float(np.mean(scores[architecture, second])) - float(np.mean(scores[architecture, first]))
            apart = abs(difference) > 1.5 * half_width
            comparisons.append(
                Comparison(
                    architecture=architecture,
                    first=first,
                    second=second,
                    learning_rate_only=first.removesuffix("-probe") == second.removesuffix("-probe"),
                    difference=difference,
                    standard_error=half_width / 2,
                    degrees_of_freedom=15.0,
                    interval=_interval(study, difference, half_width),
                    favouring_first=100,
                    favouring_second=120,
                    exact=False,
                    p=0.0004 if apart else 0.5,
                    p_holm=0.0008 if apart else 1.0,
                    verdict="distinguishable" if apart else "not distinguishable",
                )
            )
    return comparisons


def _frontiers(study: StudySettings) -> list[Frontier]:
    """Every headline cell on every frontier of its architecture."""
    frontiers = []
    for cost in COLUMNS:
        for architecture in study.architectures:
            for configuration in study.headline:
                place = {"architecture": architecture, "configuration": configuration}
                frontiers.append(Frontier(cost=cost, **place, probability=0.96))
    return frontiers


def with_shares(statistics: Statistics, shares: dict[tuple[str, str], float], otherwise: float) -> Statistics:
    """The same with other shares of resamples on frontiers, by cost and configuration."""
    frontiers = [
        place.model_copy(update={"probability": shares.get((place.cost, place.configuration), otherwise)})
        for place in statistics.frontiers
    ]
    return statistics.model_copy(update={"frontiers": frontiers})


def _calibration(run: Run, matrix: list[list[int]]) -> Calibration:
    return Calibration(
        architecture=run.architecture,
        configuration=run.configuration,
        seed=run.seed,
        expected_calibration_error=0.031,
        brier_score=0.091,
        confusion=matrix,
    )
