"""Accuracy of the headline grid, a panel an architecture."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from stages.analysis.baselines import Baselines
from stages.analysis.statistics import Statistics
from stages.report.figures import style
from stages.study.grid import StudySettings

ACCURACY = "Test accuracy (%)"
REFERENCES = {"bag": "TF-IDF, logistic regression", "ceiling": "ceiling of the corpus"}
REFERENCE_LINES = {"bag": "-.", "ceiling": ":"}


def methods(runs: pd.DataFrame, study: StudySettings, baselines: Baselines, statistics: Statistics) -> Figure:
    """Accuracy of the headline grid: a panel an architecture, a dot a seed, the mean with its interval; baselines."""
    names = [name for name in study.headline if name in set(runs["configuration"])]
    labels = [study.configurations[name].label for name in names]
    intervals = {(entry.architecture, entry.configuration): entry.interval for entry in statistics.accuracy}
    figure = Figure(figsize=(style.PAGE, 0.95 + 0.19 * len(names)))
    panels = figure.subplots(1, len(study.architectures), sharey=True, squeeze=False)[0]
    for axes, (architecture, look) in zip(panels, style.looks(list(study.architectures)).items(), strict=True):
        for height, name in enumerate(names):
            scores = 100 * runs_of(runs, architecture, name)["test_accuracy"]
            if scores.empty:  # every run failed
                continue
            if interval := intervals.get((architecture, name)):
                axes.hlines(height, 100 * interval.low, 100 * interval.high, color=style.GREY, linewidth=0.8, zorder=1)
            axes.plot(scores.mean(), height, "|", color="black", markersize=9, markeredgewidth=1.2)
            axes.plot(scores, [height] * len(scores), look.marker, color=look.colour, markersize=3.5, alpha=0.8)
        for name, score in reference_scores(baselines).items():
            axes.axvline(100 * score, color=style.GREY, linestyle=REFERENCE_LINES[name], linewidth=0.9, zorder=0)
        axes.set_title(study.label(architecture))
        axes.set_xlabel(ACCURACY)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.08)
    panels[0].set_yticks(range(len(names)), labels)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.legend(handles=reference_legend(baselines), loc="outside lower center", ncols=2)
    return figure


def reference_scores(baselines: Baselines) -> dict[str, float]:
    """Scores to compare with, as fractions. The majority class lies far to the left of every run."""
    known = {"bag": baselines.tfidf_logistic_regression.test_accuracy, "ceiling": baselines.ceiling_accuracy}
    return {name: score for name, score in known.items() if score is not None}


def reference_legend(baselines: Baselines) -> list[Line2D]:
    return [
        Line2D([], [], color=style.GREY, linestyle=REFERENCE_LINES[name], linewidth=0.9, label=REFERENCES[name])
        for name in reference_scores(baselines)
    ]


def runs_of(runs: pd.DataFrame, architecture: str, configuration: str) -> pd.DataFrame:
    return runs[(runs["architecture"] == architecture) & (runs["configuration"] == configuration)]
