"""One look for every figure: sizes of the IEEE template, fonts that embed, colours that print in grey."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from scipy.optimize import isotonic_regression

from stages.encoders.settings import Architecture
from stages.study.configuration import Configuration
from stages.study.typeset import NAME_OF_FEW, short_labels

COLUMN = 3.487  # inches: IEEEtran's column, 252 pt
PAGE = 7.140  # inches: its text width, 516 pt
# Okabe and Ito's palette, without its yellow (too light on paper), in an order that alternates in lightness.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
FILLINGS = ("full", "none", "left", "top")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
GREY = "0.55"
DARK, PALE = "0.4", "0.85"
NAME_INCHES, FEWEST = 1.5, 6  # width of a name in a figure, and characters that are left of any
SETTINGS = {
    "backend": "agg",
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 4.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,  # TrueType: IEEE rejects Type 3
    "svg.hashsalt": "",
    "text.parse_math": False,  # a dollar sign of a name is one; what is mathematics says so
}


class Look(NamedTuple):
    """Colour, marker and filling of one name; filling tells colours apart in grey."""

    colour: str
    marker: str
    filling: str


@contextmanager
def applied() -> Iterator[None]:
    """The style, for the figures made inside."""
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **SETTINGS}):
        yield


def looks(names: list[str]) -> dict[str, Look]:
    """A look for each name, the same for the same list."""
    styles = zip(cycle(COLOURS), cycle(MARKERS), cycle(FILLINGS), strict=False)  # endless
    return {name: Look(*look) for name, look in zip(names, styles, strict=False)}


def apart(positions: list[float], least: float) -> list[float]:
    """Positions at least ``least`` apart, in the same order, moved no further than that takes."""
    order = np.argsort(positions, kind="stable")
    shifts = least * np.arange(len(positions))
    # isotonic regression is the least-squares answer once the wanted distances are taken off
    moved = isotonic_regression(np.asarray(positions, dtype=float)[order] - shifts).x + shifts
    placed = np.empty(len(positions))
    placed[order] = moved
    return placed.tolist()


def labels(
    definitions: Mapping[str, Architecture | Configuration],
    most: float = NAME_INCHES,
    size: float = SETTINGS["font.size"],
) -> dict[str, str]:
    """What a figure calls architectures or configurations: so many inches each, where it is set in so many points."""
    texts = {name: definition.label for name, definition in definitions.items()}
    characters = NAME_OF_FEW
    short = short_labels(texts, characters)
    while characters > FEWEST and any(inches(text, size) > most for text in short.values()):
        characters -= 1
        short = short_labels(texts, characters)
    return short


def inches(text: str, size: float) -> float:
    """How wide a text is."""
    font = FontProperties(family=SETTINGS["font.family"], size=size)
    return TextPath((0, 0), text, prop=font, usetex=False).get_extents().width / 72


# Handles and their names are given everywhere: matplotlib itself leaves out a name that begins with _.
def legend_inside(axes: Axes, handles: list[Artist]) -> None:
    """A legend where it hides least; above the axes where it is so wide that it would hide a curve."""
    legend = axes.legend(handles, _names(handles), loc="best")
    axes.figure.draw_without_rendering()
    if legend.get_window_extent().width > axes.get_window_extent().width / 2:
        legend_above(axes, handles)


def legend_above(axes: Axes, handles: list[Artist]) -> None:
    """A legend between the axes and what is above them, in as many columns as its figure is wide."""
    layout = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "columnspacing": 1, "handlelength": 1}
    for columns in range(len(handles), 0, -1):
        legend = axes.legend(handles, _names(handles), ncols=columns, **layout)
        if _fits(legend, axes.figure):
            return


def _names(handles: list[Artist]) -> list[str]:
    return [handle.get_label() for handle in handles]


def legend_outside(figure: Figure, handles: list[Line2D], columns: int, at: str = "lower", **options: float) -> None:
    """A legend under (or, ``upper``, above) all axes, in as many columns as its figure is wide, ``columns`` at most."""
    for number in range(columns, 0, -1):
        legend = figure.legend(handles=handles, loc=f"outside {at} center", ncols=number, **options)
        if _fits(legend, figure) or number == 1:
            return
        legend.remove()


def _fits(legend: Legend, figure: Figure) -> bool:
    figure.draw_without_rendering()
    return legend.get_window_extent().width <= figure.bbox.width


def save(figure: Figure, path: Path) -> None:
    """Write a PDF whose bytes depend on the figure alone."""
    figure.savefig(path, metadata={"CreationDate": None})
