"""How a table is set: columns, groups of rows, marks, notes."""

from collections.abc import Callable
from typing import NamedTuple

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import Ledger

NONE = Latex("--")
WRAPPED = r">{\raggedright\arraybackslash}X"
STAR = Latex(r"\textsuperscript{*}")
DAGGER = Latex(r"\textsuperscript{\textdagger}")


class Column(NamedTuple):
    """A column's header (LaTeX) and its specification for ``tabular``; decimals line up to the right."""

    header: str
    spec: str = "r"


Group = tuple[str | None, list[list[str]]]  # a line across the table, and the rows under it


def between(ledger: Ledger, low: str, high: str) -> Latex:
    """An interval, ``[87.10, 89.40]``."""
    return Latex(f"[{ledger.numeral(low)}, {ledger.numeral(high)}]") if ledger.has(low) else NONE


def mark(results: Results, architecture: str, first: str | None, second: str) -> Latex:
    """A star on a difference that the paired test tells from none; its room stays free otherwise."""
    test = results.comparison(architecture, first, second) if first else None
    if test is None or first == second:
        return Latex("")
    return STAR if test.verdict == "distinguishable" else Latex(rf"\hphantom{{{STAR}}}")


def tabular(columns: list[Column], groups: list[Group], width: str | None = None, note: str | None = None) -> str:
    """A booktabs ``tabular`` (``tabularx`` with a width), with a last row under its rule for a note."""
    name, size = ("tabular", "") if width is None else ("tabularx", f"{{{width}}}")
    lines = [
        rf"\begin{{{name}}}{size}{{@{{}}{' '.join(column.spec for column in columns)}@{{}}}}",
        r"\toprule",
        " & ".join(column.header for column in columns) + r" \\",
    ]
    for heading, rows in groups:
        lines.append(r"\midrule")
        if heading is not None:
            lines += [rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{\itshape {named(heading)}}} \\"]
        lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\bottomrule", *([note] if note else []), rf"\end{{{name}}}", ""])


def label(results: Results, configuration: str, *architectures: str) -> Latex:
    """A configuration's name, with a dagger if one of its runs failed."""
    marked = any(results.has_hole(architecture, configuration) for architecture in architectures)
    return Latex(named(results.study.configurations[configuration].label) + (DAGGER if marked else ""))


def hole_note(results: Results, columns: int) -> str | None:
    """What the dagger says, as a last row; None where every run completed."""
    if results.failed.empty:
        return None
    words = "a run failed; mean over the seeds that completed"
    return rf"\multicolumn{{{columns}}}{{@{{}}l@{{}}}}{{{DAGGER}\,{words}}} \\"


def by_architecture(results: Results, role: str | None, row: Callable[[str, str], list[str]]) -> list[Group]:
    """One group an architecture, one row a cell of ``role`` (None: of any)."""
    study = results.study
    cells = results.cells if role is None else results.cells[results.cells["role"] == role]
    return [
        (study.label(name), [row(name, configuration) for configuration in cells.loc[name].index])
        for name in study.architectures
    ]
