"""Accuracy of the headline grid, a panel an architecture."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from stages.analysis.baselines import Baselines
from stages.analysis.statistics import Interval, Statistics
from stages.report.figures import style
from stages.report.numbers.names import BASELINES
from stages.study.grid import StudySettings

ACCURACY = "Test accuracy (%)"
BASELINE_STYLES = {"majority": (0, (1, 3)), "bag": "-.", "ceiling": ":"}
ROW, MOST_OF_PAGE = 0.19, 7.4  # inches of a row, and of all rows: more of them lie closer together
MOST_BESIDE = 5  # panels in a line
BESIDE_NAMES = 5.2  # inches that panels have beside the longest names of rows
NEAR = 0.05  # a fraction of accuracy: how near to a run the majority class is drawn


def methods(runs: pd.DataFrame, study: StudySettings, baselines: Baselines, statistics: Statistics) -> Figure:
    """Accuracy of the headline grid: a panel an architecture, a dot a seed, the mean with its interval; baselines."""
    names = [name for name in study.headline if name in set(runs["configuration"])]
    intervals = {(entry.architecture, entry.configuration): entry.interval for entry in statistics.accuracy}
    scores = baseline_scores(baselines, runs)
    grid = _panels(len(names), len(study.architectures))
    of_rows = style.labels(study.configurations)
    of_panels = style.labels(study.architectures, BESIDE_NAMES / grid.shape[1])
    panels, looks = grid.ravel(), style.looks(list(study.architectures))
    figure = grid[0, 0].figure
    for axes, architecture in zip(panels, study.architectures, strict=False):
        for height, name in enumerate(names):
            accuracies = accuracies_of(runs, architecture, name)
            if not accuracies.empty:  # some run completed
                _row(axes, height, accuracies, intervals.get((architecture, name)), looks[architecture])
        for name, score in scores.items():
            axes.axvline(100 * score, color=style.GREY, linestyle=BASELINE_STYLES[name], linewidth=0.9, zorder=0)
        axes.set_title(of_panels[architecture])
        axes.set_xlabel(ACCURACY)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.08)
    panels[0].set_yticks(range(len(names)), [of_rows[name] for name in names])
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    for axes in panels[len(study.architectures) :]:
        axes.set_axis_off()
    style.legend_outside(figure, [baseline_line(name) for name in scores], 3, handletextpad=0.2)
    return figure


def _panels(rows: int, architectures: int) -> np.ndarray:
    """Axes of a new figure, an array (lines, columns): of many architectures, several lines of panels."""
    columns = min(architectures, MOST_BESIDE)
    lines = math.ceil(architectures / columns)
    figure = Figure(figsize=(style.PAGE, 0.35 + lines * (0.6 + min(ROW * rows, MOST_OF_PAGE / lines))))
    return figure.subplots(lines, columns, sharey=True, squeeze=False)


def _row(axes: Axes, height: int, accuracies: pd.Series, interval: Interval | None, look: style.Look) -> None:
    """One configuration: its interval, a bar at the mean, a dot a run."""
    if interval is not None:
        axes.hlines(height, 100 * interval.low, 100 * interval.high, color=style.GREY, linewidth=0.8, zorder=1)
    axes.plot(accuracies.mean(), height, "|", color="black", markersize=9, markeredgewidth=1.2)
    axes.plot(accuracies, [height] * len(accuracies), look.marker, color=look.colour, markersize=3.5, alpha=0.8)


def accuracies_of(runs: pd.DataFrame, architecture: str, configuration: str) -> pd.Series:
    """Test accuracies of a cell's runs in percent; none where every run failed."""
    of_cell = (runs["architecture"] == architecture) & (runs["configuration"] == configuration)
    return 100 * runs.loc[of_cell, "test_accuracy"]


def baseline_scores(baselines: Baselines, runs: pd.DataFrame) -> dict[str, float]:
    """Scores to compare with, as fractions; the majority class where it does not lie far to the left of every run."""
    scores = {"bag": baselines.tfidf_logistic_regression.test_accuracy}
    if baselines.majority.test_accuracy >= runs["test_accuracy"].min() - NEAR:
        scores["majority"] = baselines.majority.test_accuracy
    if baselines.ceiling_accuracy is not None:
        scores["ceiling"] = baselines.ceiling_accuracy
    return scores


def baseline_line(name: str) -> Line2D:
    """A baseline in a legend."""
    return Line2D([], [], color=style.GREY, linestyle=BASELINE_STYLES[name], linewidth=0.9, label=BASELINES[name])
