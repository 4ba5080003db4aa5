"""Sizes of classes and token lengths."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.core.errors import InputError
from stages.data.card import Card
from stages.report.figures import style
from stages.study.grid import StudySettings
from stages.study.typeset import class_labels

TOKENIZED = Path("data/tokenized")
SPLITS = ["train", "validation", "test"]  # those with labels
BARS = 6  # classes: more of them are drawn as points
BAR_INCHES = 0.11  # room of a bar, so that its count has room too
NAME = 18  # characters of a class's name


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


def data(card: Card, lengths: pd.DataFrame, study: StudySettings) -> Figure:
    """Class counts of each split, and the share of training texts that a length limit keeps whole."""
    classes = len(card.classes)
    bars = len(SPLITS) * BAR_INCHES * classes if classes <= BARS else 0
    top_height, bottom_height = max(0.85, 0.2 + bars), 1.3
    figure = Figure(figsize=(style.COLUMN, 0.75 + top_height + bottom_height))
    top, bottom = figure.subplots(2, 1, height_ratios=(top_height, bottom_height))
    draw = _class_bars if classes <= BARS else _class_points
    draw(top, card)
    _token_lengths(bottom, lengths, study)
    return figure


def _token_lengths(axes: Axes, lengths: pd.DataFrame, study: StudySettings) -> None:
    """A line an architecture, and the limit."""
    labels, lines = style.labels(study.architectures), []
    for architecture, look in style.looks(list(study.architectures)).items():
        values = np.sort(lengths.loc[lengths["architecture"] == architecture, "true_length"].to_numpy())
        share = 100 * np.arange(1, len(values) + 1) / len(values)
        marks = [int(len(values) * part) for part in (0.1, 0.35, 0.6, 0.85)]
        lines += axes.plot(
            values,
            share,
            color=look.colour,
            marker=look.marker,
            markevery=marks,
            markersize=3,
            label=labels[architecture],
        )
    axes.axvline(study.max_length, color=style.GREY, linestyle="--", linewidth=0.8)
    axes.annotate("limit", (study.max_length, 6), xytext=(3, 0), textcoords="offset points", fontsize=7)
    axes.set(xlabel="Tokens in a training text", ylabel="Texts no longer (%)", ylim=(0, 102))
    axes.set_xlim(0, max(1.15 * study.max_length, np.percentile(lengths["true_length"], 99)))
    style.legend_inside(axes, lines)


def _class_bars(axes: Axes, card: Card) -> None:
    """A bar a class in each split, from dark to light in the order of their ids; names in a legend above."""
    classes = class_labels(card.classes, NAME)
    height = 0.8 / len(classes)
    for label, name in enumerate(classes):
        shift = height * (label - (len(classes) - 1) / 2)
        bars = axes.barh(
            np.arange(len(SPLITS)) + shift,
            _counts(card, label),
            height=height,
            color=_grey(label, len(classes)),
            edgecolor=style.DARK,
            linewidth=0.3,
            label=name,
        )
        axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=6)
    axes.set_yticks(range(len(SPLITS)), SPLITS)
    axes.invert_yaxis()
    axes.set_xlabel("Texts")
    axes.margins(x=0.14)
    axes.grid(visible=False, axis="y")
    style.legend_above(axes, list(axes.containers))


def _class_points(axes: Axes, card: Card) -> None:
    """A point a class of many, by its id: a shade a split."""
    for index, split in enumerate(SPLITS):
        counts = [_counts(card, label)[index] for label in range(len(card.classes))]
        look = {"color": _grey(index, len(SPLITS)), "marker": style.MARKERS[index]}
        axes.plot(
            counts, linestyle="", markersize=3, markeredgecolor=style.DARK, markeredgewidth=0.4, label=split, **look
        )
    axes.set(xlabel="Class, by its number", ylabel="Texts")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style.legend_above(axes, list(axes.lines))


def _counts(card: Card, label: int) -> list[int]:
    """Rows of a class in each split."""
    return [card.splits[split].class_counts.get(str(label), 0) for split in SPLITS]


def _grey(index: int, count: int) -> str:
    """A shade from dark to light."""
    dark, light = float(style.DARK), float(style.PALE)
    return f"{dark + (light - dark) * index / max(count - 1, 1):.3f}"
