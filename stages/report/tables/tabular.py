"""How a table is set: columns, groups of rows, marks, notes."""

import math
from collections.abc import Callable
from typing import NamedTuple

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import NOT_MEASURED, Ledger

MOST_LINES = 56  # of a table: what a page has room for beside a caption and a note
CONTINUED = "% continued\n"  # between the parts of a table that takes several
LONG_NAME = 30  # characters: more of them take several lines in a cell
WRAPPED = r">{\raggedright\arraybackslash}X"
STAR = Latex(r"\textsuperscript{*}")
DAGGER = Latex(r"\textsuperscript{\textdagger}")


class Column(NamedTuple):
    """A column's header (LaTeX) and its specification for ``tabular``; decimals line up to the right."""

    header: str
    spec: str = "r"


Row = list[str]
Group = tuple[str | None, list[Row]]  # a line across the table, and the rows under it


def tabular(
    columns: list[Column],
    groups: list[Group],
    width: str | None = None,
    note: str | None = None,
    heights: list[int] | None = None,
) -> str:
    """A booktabs ``tabular`` (``tabularx`` with a width), with a last row under its rule for a note.

    A table of more lines than ``MOST_LINES`` goes on in further ones, with ``CONTINUED`` between two.

    Args:
        heights: about how many lines each row takes; one without it.
    """
    parts = _parts(groups, heights or [1] * sum(len(rows) for _, rows in groups))
    return CONTINUED.join(_tabular(columns, part, width, note) for part in parts)


def _parts(groups: list[Group], heights: list[int]) -> list[list[Group]]:
    """The groups of each part of a long table, of about the same height; a group that is cut keeps its heading."""
    lines = sum(heights) + len(groups)
    most = math.ceil(lines / math.ceil(lines / MOST_LINES)) + 1
    parts: list[list[Group]] = [[]]
    taken, height_of = 0, iter(heights)
    for heading, rows in groups:
        if not rows:
            parts[-1].append((heading, []))
        for index, row in enumerate(rows):
            height = next(height_of)
            if taken and taken + height + (index == 0) > most:
                parts.append([])
                taken = 0
            if index == 0 or not parts[-1]:
                parts[-1].append((heading, []))
                taken += 1
            parts[-1][-1][1].append(row)
            taken += height
    return parts


def _tabular(columns: list[Column], groups: list[Group], width: str | None, note: str | None) -> str:
    environment, size = ("tabular", "") if width is None else ("tabularx", f"{{{width}}}")
    specs = " ".join(column.spec for column in columns)
    lines = [
        rf"\begin{{{environment}}}{size}{{@{{}}{specs}@{{}}}}",
        r"\toprule",
        " & ".join(column.header for column in columns) + r" \\",
    ]
    for heading, rows in groups:
        lines.append(r"\midrule")
        if heading is not None:
            lines.append(rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{\itshape {named(heading)}}} \\")
        for row in rows:
            lines.append(" & ".join(row) + r" \\")
    lines.append(r"\bottomrule")
    if note:
        lines.append(note)
    lines.append(rf"\end{{{environment}}}")
    if width is None:  # as wide as its cells: labels may take it beyond its column
        lines = [r"\begin{fitted}", *lines, r"\end{fitted}"]
    return "\n".join(lines) + "\n"


def between(ledger: Ledger, low: str, high: str) -> Latex:
    """An interval, ``[87.10, 89.40]``."""
    return Latex(f"[{ledger.numeral(low)}, {ledger.numeral(high)}]") if ledger.has(low) else NOT_MEASURED


def star(results: Results, architecture: str, first: str | None, second: str) -> Latex:
    """Beside a difference that the paired test tells from none; its room stays free otherwise."""
    test = results.comparison(architecture, first, second) if first else None
    if test is None or first == second:
        return Latex("")
    return STAR if test.verdict == "distinguishable" else Latex(rf"\hphantom{{{STAR}}}")


def label(results: Results, configuration: str) -> Latex:
    return cell_name(results.study.configurations[configuration].label)


def cell_name(label: str) -> Latex:
    """A configurable name in a cell, where a long one takes several lines."""
    return named(label) if len(label) <= LONG_NAME else Latex(rf"\rowname{{{named(label)}}}")


def dagger(results: Results, architecture: str, *configurations: str) -> Latex:
    """Behind the name of a row over cells of which a run failed."""
    failed = any(results.has_hole(architecture, configuration) for configuration in configurations)
    return DAGGER if failed else Latex("")


def row_label(results: Results, architecture: str, configuration: str, *others: str) -> str:
    """A configuration's name, with a dagger if one of its runs failed, or of the others that the row compares."""
    return label(results, configuration) + dagger(results, architecture, configuration, *others)


def dagger_note(results: Results, columns: int) -> str | None:
    """What the dagger says, as a last row; None where every run completed."""
    if results.failed.empty:
        return None
    words = "a run failed; mean over the seeds that completed"
    return rf"\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{{DAGGER}\,{words}}} \\"


def star_note(columns: int) -> str:
    """What the star says, as a last row."""
    return rf"\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{{STAR}\,distinguishable from zero by the paired test}} \\"


def by_cell(results: Results, roles: list[str], row: Callable[[str, str], Row]) -> list[Group]:
    """One group an architecture, one row a cell of these roles."""
    cells = results.cells[results.cells["role"].isin(roles)]
    groups = []
    for architecture in results.study.architectures:
        rows = [row(architecture, configuration) for configuration in cells.loc[architecture].index]
        groups.append((results.study.label(architecture), rows))
    return groups
