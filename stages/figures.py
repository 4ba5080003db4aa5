"""figures: metrics/runs.csv, the card and the token lengths -> paper/generated/figures/, as PDF.

A figure with nothing to show in this grid is not written.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from stages.lib import style
from stages.lib.baselines import Baselines, read_baselines
from stages.lib.card import CARD, Card, read_card
from stages.lib.cells import STUDY, read_settings
from stages.lib.errors import InputError, run_stage
from stages.lib.ledger import Ledger, Origin
from stages.lib.numbers import COUNT, Unit, axis_label, memory_unit
from stages.lib.provenance import Pipeline
from stages.lib.runs import RUNS, label_of, memory, pairs, read_runs, summarise
from stages.lib.settings import StudySettings
from stages.lib.statistics import Statistics, pareto_frontier, read_statistics
from stages.lib.whole import written_whole

FOLDER = Path("paper/generated/figures")
TOKENIZED = Path("data/tokenized")
ACCURACY = "Test accuracy (%)"
LABEL_POINTS = 7  # size of a name beside its line
REFERENCES = {"bag": "TF-IDF, logistic regression", "ceiling": "ceiling of the corpus"}
REFERENCE_LINES = {"bag": "-.", "ceiling": ":"}
CLASSES = {"0": "negative", "1": "positive", "-1": "unlabelled"}


def main() -> None:
    """Write every figure that the grid has points for."""
    study, runs = read_settings(StudySettings, STUDY), read_runs()
    lengths = read_lengths(list(study.architectures))
    with style.applied(), written_whole(FOLDER) as folder:
        folder.mkdir()
        figures = {
            "methods": methods(runs, study, read_baselines(), read_statistics()),
            "pareto": pareto(runs, study, read_baselines()),
            "rank": rank(runs, study),
            "data": data(read_card(), lengths, study),
        }
        written = {name: figure for name, figure in figures.items() if figure is not None}
        ledger = Ledger(Pipeline())
        for name, figure in written.items():
            style.save(figure, folder / f"{name}.pdf")
            enter_numerals(ledger, name, figure)
        ledger.write(folder / "numbers.json")
    print(f"{len(written)} figures in {FOLDER}/: {', '.join(written)}")


def enter_numerals(ledger: Ledger, name: str, figure: Figure) -> None:
    """Note the numerals of a drawn figure: axis ticks, bar labels, names."""
    texts = [artist.get_text() for artist in figure.findobj(Text) if artist.get_visible()]
    numerals = dict.fromkeys(numeral for text in texts for numeral in re.findall(r"\d[\d,.]*", text))
    source = Origin(CARD if name == "data" else RUNS, f"axis or label of figure {name}")
    for index, numeral in enumerate(numerals):
        ledger.add(f"figure.{name}.{index}", numeral, COUNT, source)
        ledger.number(f"figure.{name}.{index}")


def read_lengths(architectures: list[str]) -> pd.DataFrame:
    """Columns ``architecture`` and ``true_length`` (tokens, before truncation), training split.

    Raises:
        InputError: an architecture's tokenised data is missing.
    """
    from datasets import load_from_disk  # seconds to import

    frames = []
    for name in architectures:
        folder = TOKENIZED / name / "train"
        if not folder.is_dir():
            raise InputError(f"{folder}: not found; run `dvc repro tokenize@{name}` first")
        lengths = np.asarray(load_from_disk(str(folder))["true_length"])
        frames.append(pd.DataFrame({"architecture": name, "true_length": lengths}))
    return pd.concat(frames, ignore_index=True)


def methods(runs: pd.DataFrame, study: StudySettings, baselines: Baselines, statistics: Statistics) -> Figure:
    """Accuracy of the headline grid: a panel an architecture, a dot a seed, the mean with its interval; baselines."""
    names = list(dict.fromkeys(runs.loc[runs["role"] == "train", "configuration"]))
    labels = [study.configurations[name].label for name in names]
    intervals = {(entry.architecture, entry.configuration): entry.interval for entry in statistics.accuracy}
    figure = Figure(figsize=(style.PAGE, 0.95 + 0.19 * len(names)))
    panels = figure.subplots(1, len(study.architectures), sharey=True, squeeze=False)[0]
    for axes, (architecture, look) in zip(panels, style.looks(list(study.architectures)).items(), strict=True):
        for height, name in enumerate(names):
            scores = 100 * _cell(runs, architecture, name)["test_accuracy"]
            if scores.empty:  # every run failed
                continue
            if interval := intervals.get((architecture, name)):
                axes.hlines(height, 100 * interval.low, 100 * interval.high, color=style.GREY, linewidth=0.8, zorder=1)
            axes.plot(scores.mean(), height, "|", color="black", markersize=9, markeredgewidth=1.2)
            axes.plot(scores, [height] * len(scores), look.marker, color=look.colour, markersize=3.5, alpha=0.8)
        for name, score in _reference_scores(baselines).items():
            axes.axvline(100 * score, color=style.GREY, linestyle=REFERENCE_LINES[name], linewidth=0.9, zorder=0)
        axes.set_title(label_of(study, architecture))
        axes.set_xlabel(ACCURACY)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.margins(x=0.08)
    panels[0].set_yticks(range(len(names)), labels)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.legend(handles=_reference_legend(baselines), loc="outside lower center", ncols=2)
    return figure


def _reference_scores(baselines: Baselines) -> dict[str, float]:
    """Scores to compare with, as fractions. The majority class lies far to the left of every run."""
    known = {"bag": baselines.tfidf_logistic_regression.test_accuracy, "ceiling": baselines.ceiling_accuracy}
    return {name: score for name, score in known.items() if score is not None}


def _reference_legend(baselines: Baselines) -> list[Line2D]:
    return [
        Line2D([], [], color=style.GREY, linestyle=REFERENCE_LINES[name], linewidth=0.9, label=REFERENCES[name])
        for name in _reference_scores(baselines)
    ]


def pareto(runs: pd.DataFrame, study: StudySettings, baselines: Baselines) -> Figure:
    """Accuracy against peak memory and against training time, headline grid, the frontier drawn through.

    Points are means over seeds; bars are one sample standard deviation.
    """
    cells = summarise(runs)
    cells = cells[cells["role"] == "train"]
    unit = memory_unit(cells["peak_memory_bytes_mean"])
    figure = Figure(figsize=(style.PAGE, 2.75))
    left, right = figure.subplots(1, 2, sharey=True)
    _scatter(left, cells, "peak_memory_bytes_mean", unit, study)
    _scatter(right, cells, "train_seconds_mean", Unit("s"), study)
    bag = _reference_scores(baselines)["bag"]
    for axes in (left, right):
        axes.axhline(100 * bag, color=style.GREY, linestyle=REFERENCE_LINES["bag"], linewidth=0.9, zorder=0)
    left.set(xlabel=axis_label(memory(runs), unit), ylabel=ACCURACY)
    right.set(xlabel="Training time (s)")
    figure.legend(handles=_legend(cells, study), loc="outside lower center", ncols=6, handletextpad=0.2)
    return figure


def _scatter(axes: Axes, cells: pd.DataFrame, column: str, unit: Unit, study: StudySettings) -> None:
    """Colour says the architecture, the marker the configuration."""
    colours = style.looks(list(study.architectures))
    markers = style.looks(list(dict.fromkeys(cells["configuration"])))
    cost, accuracy = unit.scale * cells[column].to_numpy(), 100 * cells["test_accuracy_mean"].to_numpy()
    best = pareto_frontier(cost, accuracy)
    axes.step(cost[best], accuracy[best], where="post", color=style.GREY, linewidth=0.9, linestyle="--", zorder=1)
    for (_, cell), x, y in zip(cells.iterrows(), cost, accuracy, strict=True):
        axes.errorbar(
            x,
            y,
            yerr=None if pd.isna(cell["test_accuracy_sd"]) else 100 * cell["test_accuracy_sd"],
            fmt=markers[cell["configuration"]].marker,
            color=colours[cell["architecture"]].colour,
            fillstyle=colours[cell["architecture"]].filling,
            markerfacecoloralt="white",
            markeredgewidth=0.8,
            elinewidth=0.7,
            capsize=1.5,
        )


def _legend(cells: pd.DataFrame, study: StudySettings) -> list[Line2D]:
    colours = style.looks(list(study.architectures))
    markers = style.looks(list(dict.fromkeys(cells["configuration"])))
    return [
        *(_swatch(look, label_of(study, name)) for name, look in colours.items()),
        *(
            Line2D([], [], color="0.3", marker=look.marker, linestyle="", label=study.configurations[n].label)
            for n, look in markers.items()
        ),
        Line2D([], [], color=style.GREY, linewidth=0.9, linestyle="--", label="Pareto frontier"),
        Line2D([], [], color=style.GREY, linewidth=0.9, linestyle=REFERENCE_LINES["bag"], label=REFERENCES["bag"]),
    ]


def _swatch(look: style.Look, label: str) -> Line2D:
    """A round marker that shows colour and filling alone."""
    return Line2D(
        [], [], color=look.colour, marker="o", fillstyle=look.filling, markerfacecoloralt="white", ls="", label=label
    )


def rank(runs: pd.DataFrame, study: StudySettings) -> Figure | None:
    """Accuracy against the rank of LoRA: a line an architecture through the means, a dot a seed."""
    ranked = list(dict.fromkeys(name for pair in pairs(study, "rank", "alpha") for name in pair))
    if not ranked:
        return None
    ranks = [study.configurations[name].rank for name in ranked]
    figure = Figure(figsize=(style.COLUMN, 2.1))
    axes = figure.subplots()
    ends: dict[str, tuple[float, float]] = {}
    for architecture, look in style.looks(list(study.architectures)).items():
        scores = [100 * _cell(runs, architecture, name)["test_accuracy"] for name in ranked]
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
            label_of(study, architecture),
            end,
            xytext=(7, after - before),
            textcoords="offset points",
            color=style.looks(list(study.architectures))[architecture].colour,
            va="center",
            fontsize=LABEL_POINTS,
        )


def data(card: Card, lengths: pd.DataFrame, study: StudySettings) -> Figure:
    """Class counts of each split, and the share of training texts that a length limit keeps whole."""
    figure = Figure(figsize=(style.COLUMN, 2.9))
    top, bottom = figure.subplots(2, 1, height_ratios=(1, 1.5))
    _class_bars(top, card)
    for architecture, look in style.looks(list(study.architectures)).items():
        values = np.sort(lengths.loc[lengths["architecture"] == architecture, "true_length"].to_numpy())
        share = 100 * np.arange(1, len(values) + 1) / len(values)
        marks = [int(len(values) * part) for part in (0.1, 0.35, 0.6, 0.85)]
        axis_label = label_of(study, architecture)
        bottom.plot(
            values, share, color=look.colour, marker=look.marker, markevery=marks, markersize=3, label=axis_label
        )
    bottom.axvline(study.max_length, color=style.GREY, linestyle="--", linewidth=0.8)
    bottom.annotate("limit", (study.max_length, 6), xytext=(3, 0), textcoords="offset points", fontsize=7)
    bottom.set(xlabel="Tokens in a training text", ylabel="Texts no longer (%)", ylim=(0, 102))
    bottom.set_xlim(0, max(1.15 * study.max_length, np.percentile(lengths["true_length"], 99)))
    bottom.legend(loc="upper left")
    return figure


def _class_bars(axes: Axes, card: Card) -> None:
    labelled = ["train", "validation", "test"]
    for label, shift, colour in (("0", -0.2, style.DARK), ("1", 0.2, style.LIGHT)):
        rows = [card.splits[split].class_counts.get(label, 0) for split in labelled]
        bars = axes.barh(np.arange(len(labelled)) + shift, rows, height=0.4, color=colour)
        axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=6)
        longest = int(np.argmax(rows))
        axes.annotate(
            CLASSES[label],
            (0, longest + shift),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=6,
            color="white" if colour == style.DARK else "black",
        )
    axes.set_yticks(range(len(labelled)), labelled)
    axes.invert_yaxis()
    axes.set_xlabel("Texts")
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")


def _cell(runs: pd.DataFrame, architecture: str, configuration: str) -> pd.DataFrame:
    return runs[(runs["architecture"] == architecture) & (runs["configuration"] == configuration)]


if __name__ == "__main__":
    run_stage(main)
