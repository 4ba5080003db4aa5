"""Differences in test accuracy: each method from full fine-tuning, then each step in one choice."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from stages.analysis.baselines import Baselines
from stages.analysis.statistics import Comparison, Statistics
from stages.report.figures import style
from stages.report.numbers.names import BASELINES
from stages.study.grid import StudySettings

ROW, MOST_OF_PAGE = 0.13, 7.4  # inches of a row, and of all rows: more of them lie closer together
MOST_BESIDE = 4  # panels in a line
BESIDE_NAMES = 4.8  # inches that panels have beside the longest names of rows
NAMES = 2.0  # inches of a row's name
GAP = 0.6  # of a row, between the methods and the steps
CLEAR, UNCLEAR = "distinguishable from zero", "not distinguishable"


def differences(study: StudySettings, statistics: Statistics, baselines: Baselines) -> Figure | None:
    """A panel an architecture on one axis, a row a difference with its interval; None where no test was made.

    A filled symbol is a difference that the test tells from zero, after correction for all of them.
    """
    tests = {(test.architecture, frozenset((test.first, test.second))): test for test in statistics.comparisons}
    tested = {pair for _, pair in tests}
    pairs = [pair for pair in study.drawn_pairs if frozenset(pair) in tested]
    if not pairs:
        return None
    grid = _panels(len(pairs), len(study.architectures))
    names = style.labels(study.architectures, BESIDE_NAMES / grid.shape[1])
    heights = _heights(study, pairs)
    for axes, architecture in zip(grid.ravel(), study.architectures, strict=False):
        axes.axvline(0, color="black", linewidth=1.0, zorder=0.9)  # before the grid
        for pair, height in zip(pairs, heights, strict=True):
            if test := tests.get((architecture, frozenset(pair))):
                _row(axes, height, test, is_turned=test.first != pair[0])
        methods = [height for pair, height in zip(pairs, heights, strict=True) if pair not in study.steps]
        if methods:
            _bag(axes, study, statistics, baselines, architecture, methods)
        axes.set_title(names[architecture], pad=3)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.grid(visible=False, axis="y")
    grid[0, 0].set_yticks(heights, _row_names(study, pairs))
    grid[0, 0].set_ylim(max(heights) + 0.6, -0.6)
    for axes in grid.ravel()[len(study.architectures) :]:
        axes.set_axis_off()
    figure = grid[0, 0].figure
    figure.supxlabel("Difference in test accuracy (pp)", fontsize=8)
    handles = [_symbol(True, CLEAR), _symbol(False, UNCLEAR)]
    if study.reference:
        handles.append(_bag_line())
    style.legend_outside(figure, handles, 3, "upper", handletextpad=0.5)
    return figure


def _panels(rows: int, architectures: int) -> np.ndarray:
    """Axes of a new figure, an array (lines, columns): of many architectures, several lines of panels."""
    columns = min(architectures, MOST_BESIDE)
    lines = math.ceil(architectures / columns)
    height = 0.6 + lines * (0.4 + min(ROW * rows, MOST_OF_PAGE / lines))
    figure = Figure(figsize=(style.PAGE, height))
    return figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)


def _heights(study: StudySettings, pairs: list[tuple[str, str]]) -> list[float]:
    """Where each row lies, from above: steps in one choice below a gap."""
    steps = [pair in study.steps for pair in pairs]
    gap = 0 if all(steps) else GAP
    return [row + gap * is_step for row, is_step in enumerate(steps)]


def _row_names(study: StudySettings, pairs: list[tuple[str, str]]) -> list[str]:
    """A method by its name, a step by both ends."""
    labels = style.labels(study.configurations, NAMES / 2)
    names = []
    for first, second in pairs:
        is_step = (first, second) in study.steps
        names.append(f"{labels[first]} \u2192 {labels[second]}" if is_step else labels[second])
    return names


def _row(axes: Axes, height: float, test: Comparison, is_turned: bool) -> None:
    """One difference, second less first of the pair that is drawn, whichever way round it was tested."""
    sign = -100 if is_turned else 100
    ends = sorted((sign * test.interval.low, sign * test.interval.high))
    axes.hlines(height, *ends, color=style.COLOURS[0], linewidth=1.0, zorder=1)
    is_clear = test.verdict == "distinguishable"
    axes.plot(sign * test.difference, height, **_look(is_clear))


def _look(is_clear: bool) -> dict[str, object]:
    """Told apart by filling alone, so in grey too."""
    colour = style.COLOURS[0]
    return {
        "marker": "o",
        "markersize": 4,
        "color": colour,
        "markerfacecolor": colour if is_clear else "white",
        "linestyle": "",
    }


def _symbol(is_clear: bool, label: str) -> Line2D:
    return Line2D([], [], label=label, **_look(is_clear))


def _bag(
    axes: Axes,
    study: StudySettings,
    statistics: Statistics,
    baselines: Baselines,
    architecture: str,
    heights: list[float],
) -> None:
    """Where the bag of words lies from full fine-tuning, beside the rows that are differences from it."""
    for entry in statistics.accuracy:
        if (entry.architecture, entry.configuration) == (architecture, study.reference):
            distance = 100 * (baselines.tfidf_logistic_regression.test_accuracy - entry.mean)
            look = {"color": style.COLOURS[1], "linestyle": (0, (4, 2)), "linewidth": 0.9, "zorder": 0}
            axes.vlines(distance, min(heights) - 0.5, max(heights) + 0.5, **look)


def _bag_line() -> Line2D:
    return Line2D([], [], color=style.COLOURS[1], linestyle=(0, (4, 2)), linewidth=0.9, label=BASELINES["bag"])
