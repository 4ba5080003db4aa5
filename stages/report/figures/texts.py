"""Class balance and token lengths."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.core.errors import InputError
from stages.data.card import Card
from stages.report.figures import style
from stages.report.numbers.names import CLASSES
from stages.study.grid import StudySettings

TOKENIZED = Path("data/tokenized")
SPLITS = ["train", "validation", "test"]  # those with labels


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
    figure = Figure(figsize=(style.COLUMN, 2.9))
    top, bottom = figure.subplots(2, 1, height_ratios=(1, 1.5))
    _class_bars(top, card)
    for architecture, look in style.looks(list(study.architectures)).items():
        values = np.sort(lengths.loc[lengths["architecture"] == architecture, "true_length"].to_numpy())
        share = 100 * np.arange(1, len(values) + 1) / len(values)
        marks = [int(len(values) * part) for part in (0.1, 0.35, 0.6, 0.85)]
        name = study.label(architecture)
        bottom.plot(values, share, color=look.colour, marker=look.marker, markevery=marks, markersize=3, label=name)
    bottom.axvline(study.max_length, color=style.GREY, linestyle="--", linewidth=0.8)
    bottom.annotate("limit", (study.max_length, 6), xytext=(3, 0), textcoords="offset points", fontsize=7)
    bottom.set(xlabel="Tokens in a training text", ylabel="Texts no longer (%)", ylim=(0, 102))
    bottom.set_xlim(0, max(1.15 * study.max_length, np.percentile(lengths["true_length"], 99)))
    bottom.legend(loc="upper left")
    return figure


def _class_bars(axes: Axes, card: Card) -> None:
    """A bar a class in each split, the class named inside its longest bar."""
    for label, shift, colour, ink in ((0, -0.2, style.DARK, "white"), (1, 0.2, style.LIGHT, "black")):
        counts = [card.splits[split].class_counts.get(str(label), 0) for split in SPLITS]
        bars = axes.barh(np.arange(len(SPLITS)) + shift, counts, height=0.4, color=colour)
        axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=6)
        longest = int(np.argmax(counts))
        axes.annotate(
            CLASSES[label],
            (0, longest + shift),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=6,
            color=ink,
        )
    axes.set_yticks(range(len(SPLITS)), SPLITS)
    axes.invert_yaxis()
    axes.set_xlabel("Texts")
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
