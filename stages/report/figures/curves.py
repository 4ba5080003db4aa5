"""Learning curves: accuracy on the split that selects, after each epoch, a panel an architecture."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from stages.report.figures import style
from stages.study.grid import StudySettings

MOST_LINES = 10  # configurations that lines tell apart
FEWEST = 3  # epochs that make a curve
MOST_BESIDE = 4  # panels in a line
PANEL = 1.55  # inches


def curves(epochs: pd.DataFrame, study: StudySettings) -> Figure | None:
    """Means over seeds of the headline grid, a line a configuration; None with too few epochs or too many lines.

    Args:
        epochs: a row an epoch of each run, as ``stages.analysis.plots.learning_curves`` makes it.
    """
    names = [name for name in study.headline if name in set(epochs["configuration"])]
    means = epochs.groupby(["architecture", "configuration", "epoch"])["selection_accuracy"].mean()
    if not 0 < len(names) <= MOST_LINES or epochs["epoch"].nunique() < FEWEST:
        return None
    columns = min(len(study.architectures), MOST_BESIDE)
    lines = math.ceil(len(study.architectures) / columns)
    figure = Figure(figsize=(style.PAGE, 0.5 + PANEL * lines))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    labels, looks = style.labels(study.configurations), style.looks(names)
    titles = style.labels(study.architectures, style.PAGE / columns - 0.5)
    for axes, architecture in zip(panels, study.architectures, strict=False):
        _panel(axes, means, architecture, looks)
        axes.set_title(titles[architecture], pad=3)
    for axes in panels[len(study.architectures) :]:
        axes.set_axis_off()
    panels[0].set_ylabel("Accuracy after the epoch (%)")
    handles = [_line(look, labels[name]) for name, look in looks.items()]
    style.legend_outside(figure, handles, len(handles))
    return figure


def _panel(axes: Axes, means: pd.Series, architecture: str, looks: dict[str, style.Look]) -> None:
    for name, look in looks.items():
        if (architecture, name) in means:
            curve = 100 * means.loc[architecture, name]
            axes.plot(curve.index, curve, color=look.colour, marker=look.marker, markersize=3.5, fillstyle=look.filling)
    axes.set_xlabel("Epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _line(look: style.Look, label: str) -> Line2D:
    return Line2D([], [], color=look.colour, marker=look.marker, markersize=3.5, fillstyle=look.filling, label=label)
