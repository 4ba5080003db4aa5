"""Accuracy against cost: a panel for each architecture and cost, its frontier, and names beside the points."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.analysis.costs import COMPARED, Cost, compared_memory
from stages.analysis.runs import summarise
from stages.analysis.statistics import Frontier
from stages.report.figures import style
from stages.report.numbers.names import capitalised
from stages.report.numbers.units import Format, memory_unit
from stages.study.grid import StudySettings

ACCURACY = "Test accuracy (%)"
NAMED = 10  # points of a panel that all have their names; of more, those on the frontier
MOST_BESIDE = 4  # panels in a line
PANEL, HIGHEST = 1.3, 8.0  # inches
POINTS = 6  # size of a name
APART = POINTS + 0.5  # of names
# To the middle of a name's left edge: one to its centre would cross the names above or below.
LINE = {"arrowstyle": "-", "color": "0.75", "linewidth": 0.4, "shrinkA": 0, "shrinkB": 2, "relpos": (0, 0.5)}
BESIDE_PANEL, BESIDE_NAME = 0.6, 0.25  # inches that a panel's labels take of its column, and a line to a name


def pareto(runs: pd.DataFrame, study: StudySettings, places: list[Frontier]) -> Figure | None:
    """Accuracy against peak memory in one line of panels, against training time in the next; headline grid.

    Points are means over seeds, whose bars are one sample standard deviation; those on a frontier are filled.
    """
    cells = summarise(runs)
    cells = cells[cells["role"] == "train"]
    if cells.empty:
        return None
    unit = memory_unit(cells["peak_memory_bytes_mean"])
    columns = min(len(study.architectures), MOST_BESIDE)
    blocks = math.ceil(len(study.architectures) / columns)
    if columns == 1:  # both costs fit beside each other
        figure = Figure(figsize=(style.PAGE, 2.1))
        grid = figure.subplots(1, 2, sharey=True, squeeze=False).T
    else:
        figure = Figure(figsize=(style.PAGE, min(0.3 + PANEL * 2 * blocks, HIGHEST)))
        grid = figure.subplots(2 * blocks, columns, squeeze=False)
    for index, architecture in enumerate(study.architectures):
        block, column = divmod(index, columns)
        of_architecture = cells[cells["architecture"] == architecture]
        for offset, (cost, cost_unit) in enumerate(zip(COMPARED, (unit, Format("s")), strict=True)):
            axes = grid[2 * block + offset, column]
            on_it = {
                place.configuration
                for place in places
                if place.architecture == architecture and place.cost == cost and place.is_on
            }
            _panel(axes, of_architecture, cost, cost_unit, study, style.PAGE / max(columns, 2), on_it)
            if offset == 0 or columns == 1:
                axes.set_title(style.labels(study.architectures, style.PAGE / columns - 0.5)[architecture], pad=3)
            if column == 0 and (offset == 0 or columns > 1):
                axes.set_ylabel(ACCURACY)
            memory = f"{capitalised(compared_memory(runs).label)} ({unit.symbol})"
            axes.set_xlabel(memory if offset == 0 else "Training time (s)")
    for axes in grid[-2:, len(study.architectures) - columns * (blocks - 1) :].ravel():
        axes.set_axis_off()
    _name_all(figure)
    return figure


def _panel(
    axes: Axes, cells: pd.DataFrame, measure: Cost, unit: Format, study: StudySettings, width: float, on_it: set[str]
) -> None:
    """The points of an architecture and the steps of their frontier; names wait on the axes for the final layout.

    Args:
        width: of the panel with its labels, in inches.
        on_it: configurations that are on the frontier.
    """
    cost, accuracy = unit.scale * cells[COMPARED[measure]].to_numpy(), 100 * cells["test_accuracy_mean"].to_numpy()
    deviation = 100 * cells["test_accuracy_sd"].fillna(0).to_numpy()  # of one seed there is none
    best = [row for row in np.argsort(cost, kind="stable") if cells["configuration"].iloc[row] in on_it]
    colour = style.COLOURS[0]
    axes.errorbar(cost, accuracy, yerr=deviation, fmt="none", ecolor=style.GREY, elinewidth=0.7, zorder=1)
    axes.step(cost[best], accuracy[best], where="post", color=colour, linewidth=0.9, linestyle="--", zorder=1)
    for index, (x, y) in enumerate(zip(cost, accuracy, strict=True)):
        filling = colour if index in best else "white"
        axes.plot(x, y, "o", color=colour, markerfacecolor=filling, markersize=3.5, zorder=2)
    axes.margins(y=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=unit.scale != 1))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    labels = style.labels(study.configurations, 0.9, POINTS)
    named = range(len(cost)) if len(cost) <= NAMED else best
    axes.names_to_set = [(cost[row], accuracy[row], labels[cells["configuration"].iloc[row]]) for row in named]
    if len(cost):
        widest = max((style.inches(name, POINTS) for _, _, name in axes.names_to_set), default=0.0) + BESIDE_NAME
        room = widest / (width - BESIDE_PANEL - widest)
        extent = np.ptp(cost) or abs(cost[0]) or 1.0
        axes.set_xlim(cost.min() - 0.06 * extent, cost.max() + room * 1.06 * extent)


def _name_all(figure: Figure) -> None:
    """Each point's name to its right, names moved apart where points are close, a thin line to those that moved."""
    figure.draw_without_rendering()  # the layout decides where points lie
    for axes in figure.axes:
        names = getattr(axes, "names_to_set", [])
        if not names:
            continue
        places = [axes.transData.transform((x, y)) * 72 / figure.dpi for x, y, _ in names]
        box = axes.get_window_extent()
        low, high = box.y0 * 72 / figure.dpi, box.y1 * 72 / figure.dpi
        moved = style.apart([y for _, y in places], APART)
        moved = _within(moved, low + POINTS / 2, high - POINTS / 2, APART)
        right = max(x for x, _ in places)
        for (x, y, name), (at, before), after in zip(names, places, moved, strict=True):
            shift = right - at + 10  # all names begin in one column
            axes.annotate(
                name,
                (x, y),
                xytext=(shift, after - before),
                textcoords="offset points",
                va="center",
                fontsize=POINTS,
                arrowprops=LINE,
                annotation_clip=False,
            )


def _within(positions: list[float], low: float, high: float, least: float) -> list[float]:
    """Positions that are ``least`` apart, moved as little as it takes to lie between the ends, as far as they fit."""
    order = np.argsort(positions, kind="stable")
    steps = least * np.arange(len(positions))
    inside = np.maximum(np.asarray(positions, dtype=float)[order], low + steps)
    inside = np.minimum(inside, high - steps[::-1])
    placed = np.empty(len(positions))
    placed[order] = inside
    return placed.tolist()
