"""Accuracy against the rank of LoRA."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.report.figures import style
from stages.report.figures.accuracy import ACCURACY, accuracies_of
from stages.study.grid import StudySettings

LABEL_POINTS = 7  # size of a name beside its line
BESIDE = 1.1  # inches of a name beside a line: the lines have the rest of the column
Point = tuple[float, float]


def rank(runs: pd.DataFrame, study: StudySettings) -> Figure | None:
    """Accuracy against the rank of LoRA: a line an architecture through the means, a dot a seed."""
    ranked = study.ranked
    if not ranked:
        return None
    ranks = [study.configurations[name].rank for name in ranked]
    figure = Figure(figsize=(style.COLUMN, 2.1))
    axes = figure.subplots()
    ends: dict[str, Point] = {}
    for architecture, look in style.looks(list(study.architectures)).items():
        accuracies = [accuracies_of(runs, architecture, name) for name in ranked]
        means = [values.mean() for values in accuracies]
        measured = [x for x, mean in enumerate(means) if np.isfinite(mean)]  # a gap where every run failed
        if not measured:
            continue
        axes.plot(measured, [means[x] for x in measured], color=look.colour)
        for x, values in enumerate(accuracies):
            axes.plot([x] * len(values), values, look.marker, color=look.colour, alpha=0.8)
        last = measured[-1]
        ends[architecture] = last, means[last]
    axes.set(ylabel=ACCURACY, xlim=(-0.15, len(ranked) - 0.65))
    axes.set_xlabel("LoRA rank $r$", parse_math=True)
    axes.set_xticks(range(len(ranked)), [str(value) for value in ranks])
    _label_ends(axes, ends, study)
    return figure


def _label_ends(axes: Axes, ends: dict[str, Point], study: StudySettings) -> None:
    """Name each line beside its last point, names moved apart where points are close; call it when limits are set."""
    axes.figure.draw_without_rendering()  # the layout decides where points lie
    looks = style.looks(list(study.architectures))
    labels = style.labels(study.architectures, BESIDE, LABEL_POINTS)
    heights = [axes.transData.transform(end)[1] * 72 / axes.figure.dpi for end in ends.values()]  # points
    moved = style.apart(heights, LABEL_POINTS + 1)
    for (architecture, end), before, after in zip(ends.items(), heights, moved, strict=True):
        axes.annotate(
            labels[architecture],
            end,
            xytext=(7, after - before),
            textcoords="offset points",
            color=looks[architecture].colour,
            va="center",
            fontsize=LABEL_POINTS,
        )
