"""Accuracy against the rank of LoRA."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.report.figures import style
from stages.report.figures.accuracy import ACCURACY, runs_of
from stages.study.grid import StudySettings

LABEL_POINTS = 7  # size of a name beside its line


def rank(runs: pd.DataFrame, study: StudySettings) -> Figure | None:
    """Accuracy against the rank of LoRA: a line an architecture through the means, a dot a seed."""
    ranked = list(dict.fromkeys(name for pair in study.pairs("rank", "alpha") for name in pair))
    if not ranked:
        return None
    ranks = [study.configurations[name].rank for name in ranked]
    figure = Figure(figsize=(style.COLUMN, 2.1))
    axes = figure.subplots()
    ends: dict[str, tuple[float, float]] = {}
    for architecture, look in style.looks(list(study.architectures)).items():
        scores = [100 * runs_of(runs, architecture, name)["test_accuracy"] for name in ranked]
        means = [values.mean() for values in scores]
        drawn = [x for x, mean in enumerate(means) if np.isfinite(mean)]  # a gap where every run failed
        if not drawn:
            continue
        axes.plot(drawn, [means[x] for x in drawn], color=look.colour)
        for x, values in enumerate(scores):
            axes.plot([x] * len(values), values, look.marker, color=look.colour, alpha=0.8)
        ends[architecture] = drawn[-1], means[drawn[-1]]
    axes.set(xlabel="LoRA rank $r$", ylabel=ACCURACY, xlim=(-0.15, len(ranked) - 0.65))
    axes.set_xticks(range(len(ranked)), [str(value) for value in ranks])
    _label_ends(axes, ends, study)
    return figure


def _label_ends(axes: Axes, ends: dict[str, tuple[float, float]], study: StudySettings) -> None:
    """Name each line beside its last point, names moved apart where points are close; call it when limits are set."""
    axes.figure.draw_without_rendering()  # the layout decides where points lie
    own = [axes.transData.transform(end)[1] * 72 / axes.figure.dpi for end in ends.values()]
    moved = style.apart(own, LABEL_POINTS + 1)
    for (architecture, end), before, after in zip(ends.items(), own, moved, strict=True):
        axes.annotate(
            study.label(architecture),
            end,
            xytext=(7, after - before),
            textcoords="offset points",
            color=style.looks(list(study.architectures))[architecture].colour,
            va="center",
            fontsize=LABEL_POINTS,
        )
