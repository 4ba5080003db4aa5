"""Accuracy against cost."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stages.analysis.baselines import Baselines
from stages.analysis.costs import COMPARED, Cost, compared_memory, ties
from stages.analysis.frontiers import pareto_frontier
from stages.analysis.runs import summarise
from stages.report.figures import style
from stages.report.figures.accuracy import ACCURACY, BASELINE_STYLES, baseline_line
from stages.report.numbers.names import SHAPES, capitalised
from stages.report.numbers.units import Format, memory_unit
from stages.study.grid import StudySettings

Ties = dict[Cost, float]


def pareto(runs: pd.DataFrame, study: StudySettings, baselines: Baselines) -> Figure:
    """Accuracy against peak memory and against training time, headline grid, the frontier drawn through.

    Points are means over seeds; bars are one sample standard deviation.
    """
    cells = summarise(runs)
    cells = cells[cells["role"] == "train"]
    unit, limits = memory_unit(cells["peak_memory_bytes_mean"]), ties(runs)
    figure = Figure(figsize=(style.PAGE, 2.75))
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, cost, cost_unit in zip((left, right), COMPARED, (unit, Format("s")), strict=True):
        _scatter(axes, cells, cost, cost_unit, study, limits)
    bag = baselines.tfidf_logistic_regression.test_accuracy
    for axes in (left, right):
        axes.axhline(100 * bag, color=style.GREY, linestyle=BASELINE_STYLES["bag"], linewidth=0.9, zorder=0)
    left.set(xlabel=f"{capitalised(compared_memory(runs).label)} ({unit.symbol})", ylabel=ACCURACY)
    right.set(xlabel="Training time (s)")
    style.legend_outside(figure, _legend(cells, study, limits), 6, handletextpad=0.2)
    return figure


def _scatter(axes: Axes, cells: pd.DataFrame, measure: Cost, unit: Format, study: StudySettings, limits: Ties) -> None:
    """Colour says the architecture, the marker the configuration; of too many, those on the frontier have numbers."""
    colours, markers = _looks(cells, study)
    are_named = len(markers) <= SHAPES
    cost, accuracy = unit.scale * cells[COMPARED[measure]].to_numpy(), 100 * cells["test_accuracy_mean"].to_numpy()
    best = pareto_frontier(cost, accuracy, limits[measure])
    axes.step(cost[best], accuracy[best], where="post", color=style.GREY, linewidth=0.9, linestyle="--", zorder=1)
    for (_, cell), x, y in zip(cells.iterrows(), cost, accuracy, strict=True):
        deviation = cell["test_accuracy_sd"]
        look = colours[cell["architecture"]]
        axes.errorbar(
            x,
            y,
            yerr=None if pd.isna(deviation) else 100 * deviation,  # of one seed there is none
            fmt=markers[cell["configuration"]].marker if are_named else "o",
            color=look.colour,
            fillstyle=look.filling,
            markerfacecoloralt="white",
            markeredgewidth=0.8,
            elinewidth=0.7,
            capsize=1.5,
        )
    if not are_named:
        _number(axes, cells, list(zip(cost[best], accuracy[best], best, strict=True)), numbered(cells, limits))


def _number(axes: Axes, cells: pd.DataFrame, points: list[tuple[float, float, int]], numbers: dict[str, int]) -> None:
    """Beside each point of the frontier, the number that its configuration has in the legend."""
    for x, y, row in points:
        number = numbers[cells["configuration"].iloc[row]]
        place = {"xytext": (-3, 3), "textcoords": "offset points", "ha": "right", "fontsize": 7}
        axes.annotate(str(number), (x, y), **place)


def numbered(cells: pd.DataFrame, limits: Ties) -> dict[str, int]:
    """Configurations on the frontier of either cost, which a crowded figure names, numbered in the grid's order."""
    accuracy = cells["test_accuracy_mean"].to_numpy()
    rows: set[int] = set()
    for measure, column in COMPARED.items():
        rows |= set(pareto_frontier(cells[column].to_numpy(), accuracy, limits[measure]))
    names = dict.fromkeys(cells["configuration"].iloc[sorted(rows)])
    return {name: number for number, name in enumerate(names, start=1)}


def _looks(cells: pd.DataFrame, study: StudySettings) -> tuple[dict[str, style.Look], dict[str, style.Look]]:
    """By architecture, for colour and filling; by configuration, for the marker."""
    configurations = list(dict.fromkeys(cells["configuration"]))
    return style.looks(list(study.architectures)), style.looks(configurations)


def _legend(cells: pd.DataFrame, study: StudySettings, limits: Ties) -> list[Line2D]:
    colours, markers = _looks(cells, study)
    architectures, configurations = style.labels(study.architectures), style.labels(study.configurations)
    handles = [_swatch(look, architectures[name]) for name, look in colours.items()]
    if len(markers) <= SHAPES:
        named = {name: look.marker for name, look in markers.items()}
    else:
        named = {name: f"${number}$" for name, number in numbered(cells, limits).items()}
    for name, marker in named.items():
        handles.append(Line2D([], [], color="0.3", marker=marker, linestyle="", label=configurations[name]))
    handles.append(Line2D([], [], color=style.GREY, linewidth=0.9, linestyle="--", label="Pareto frontier"))
    handles.append(baseline_line("bag"))
    return handles


def _swatch(look: style.Look, label: str) -> Line2D:
    """A round marker that shows colour and filling alone."""
    return Line2D(
        [], [], color=look.colour, marker="o", fillstyle=look.filling, markerfacecoloralt="white", ls="", label=label
    )
