"""Cells of the published tables that the published runs contradict, found by recomputing every cell."""

import math
from typing import NamedTuple

import pandas as pd

from stages.published.printed_runs import PrintedTables
from stages.published.reconciliation import Contradiction, Kind, PrintedUnit, Unverifiable

TABLE1, TABLE3 = "data/reported/table1.csv", "data/reported/table3.csv"
EPSILON = 1e-9


class PrintedColumn(NamedTuple):
    """A printed column, the runs' column behind it, and how it is printed."""

    printed: str
    runs: str
    scale: float
    decimals: int
    unit: PrintedUnit


COLUMNS = (
    PrintedColumn("params_m", "trainable_params_m", 1, 2, "M"),
    PrintedColumn("acc_pct", "accuracy", 100, 2, "%"),
    PrintedColumn("time_s", "train_time_s", 1, 1, "s"),
    PrintedColumn("vram_gb", "peak_vram_gb", 1, 2, "GB"),
)
RATES = {"acc_1e-5_pct": "", "acc_2e-5_pct": "-probe"}
ACCURACY, DELTA = COLUMNS[1], PrintedColumn("delta", "accuracy", 100, 2, "pp")


class PrintedCell(NamedTuple):
    """A printed cell with the runs that it should be the mean of; ``configuration`` is theirs."""

    table: str
    architecture: str
    configuration: str
    name: str  # of the printed column
    column: PrintedColumn
    printed: float
    seeds: tuple[float, ...]
    complete: bool

    @property
    def id(self) -> str:
        return f"{self.table}.{self.architecture}.{self.configuration}.{self.name}"

    @property
    def mean(self) -> float:
        return sum(self.seeds) / len(self.seeds) if self.seeds else math.nan

    @property
    def agrees(self) -> bool:
        return rounds_to(self.mean, self.printed, self.column)


def rounds_to(value: float, printed: float, column: PrintedColumn, units: float = 0.5) -> bool:
    """Whether ``value`` is within so many units of the last printed place; a tie may go either way."""
    return abs(value - printed) <= units * 10**-column.decimals + EPSILON


def table_cells(published: PrintedTables) -> list[PrintedCell]:
    """Every cell of Tables I and III but the differences."""
    cells = [
        _cell(published, "I", row["architecture"], row["configuration"], column.printed, column, row[column.printed])
        for row in published.table1.to_dict("records")
        for column in COLUMNS
    ]
    return cells + [
        _cell(published, "III", row["architecture"], row["configuration"] + end, name, ACCURACY, row[name])
        for row in published.table3.to_dict("records")
        for name, end in RATES.items()
    ]


def _cell(
    published: PrintedTables,
    table: str,
    architecture: str,
    configuration: str,
    name: str,
    column: PrintedColumn,
    printed: float,
) -> PrintedCell:
    runs = published.runs.query("architecture == @architecture and configuration == @configuration")
    values = runs[column.runs].dropna() * column.scale
    constant = column.unit == "M"  # a count does not depend on the seed
    complete = len(values) == published.runs["seed"].nunique() or (constant and len(values) > 0)
    return PrintedCell(table, architecture, configuration, name, column, printed, tuple(values), complete)


def find(published: PrintedTables) -> list[Contradiction]:
    """All contradictions, table by table."""
    cells = table_cells(published)
    wrong = [_explained(cell, cells) for cell in cells if cell.complete and not cell.agrees]
    return wrong + _differences(published, cells) + _between(cells)


def checked(published: PrintedTables) -> int:
    """Cells recomputed, the differences included."""
    differences = published.table1["delta_acc_pct"].notna().sum() + len(published.table3)
    return len([cell for cell in table_cells(published) if cell.complete]) + int(differences)


def unverifiable(published: PrintedTables) -> list[Unverifiable]:
    """Cells of which a run was not printed, where the printed ones alone do not give the cell."""
    seeds = published.runs["seed"].nunique()
    return [
        Unverifiable(
            id=cell.id,
            printed=cell.printed,
            mean_of_printed_runs=cell.mean,
            implied_missing=seeds * cell.printed - sum(cell.seeds),
            unit=cell.column.unit,
        )
        for cell in table_cells(published)
        if len(cell.seeds) == seeds - 1 and not cell.complete
    ]


def _explained(cell: PrintedCell, cells: list[PrintedCell]) -> Contradiction:
    kind, explanation = _kind(cell, cells)
    return _contradiction(cell, cell.mean, kind, explanation)


def _kind(cell: PrintedCell, cells: list[PrintedCell]) -> tuple[Kind, str]:
    if any(rounds_to(value, cell.printed, cell.column) for value in cell.seeds):
        return "single seed", "the value of one seed alone"
    factor = 10**cell.column.decimals
    if rounds_to(math.trunc(cell.mean * factor) / factor, cell.printed, cell.column, 0):
        return "truncated", "the mean cut off instead of rounded"
    others = [o for o in cells if (o.table, o.name, o.configuration) == (cell.table, cell.name, cell.configuration)]
    rows = [
        o.architecture for o in others if o is not cell and o.seeds and rounds_to(o.mean, cell.printed, cell.column)
    ]
    if rows:
        return "another row", f"the value of {' and '.join(rows)} in the same configuration"
    return "not the mean", "no run, mean or other row gives this value"


def _differences(published: PrintedTables, cells: list[PrintedCell]) -> list[Contradiction]:
    by = {(c.table, c.architecture, c.configuration, c.name): c for c in cells}
    pairs = [
        ("delta_acc_pct", row, by["I", a, row["configuration"], "acc_pct"], by["I", a, "full", "acc_pct"])
        for row in published.table1.dropna(subset="delta_acc_pct").to_dict("records")
        if ("I", a := row["architecture"], "full", "acc_pct") in by
    ]
    for row in published.table3.to_dict("records"):
        base, probe = (by["III", row["architecture"], row["configuration"] + end, name] for name, end in RATES.items())
        pairs.append(("delta_pct", row, probe, base))
    found = [_difference(name, row[name], second, first) for name, row, second, first in pairs]
    return [contradiction for contradiction in found if contradiction]


def _difference(name: str, printed: float, second: PrintedCell, first: PrintedCell) -> Contradiction | None:
    """A difference must be that of the runs, in percentage points; of the printed cells where a run is missing."""
    runs, shown = second.mean - first.mean, second.printed - first.printed
    complete = second.complete and first.complete
    sound = not complete or (second.agrees and first.agrees)
    if (complete and rounds_to(runs, printed, DELTA)) or (sound and rounds_to(shown, printed, DELTA)):
        return None
    relative = [100 * shown / first.printed] + [100 * runs / first.mean] * complete
    if rounds_to(shown, printed, DELTA):
        kind, explanation = "derived", "follows from the printed accuracies, which the runs contradict"
    elif any(rounds_to(value, printed, DELTA, 1) for value in relative):
        kind, explanation = "relative", "relative change in percent where other rows have percentage points"
    else:
        kind, explanation = "neither", "neither the difference nor the relative change"
    cell = second._replace(name=name, column=DELTA, printed=printed)
    return _contradiction(cell, runs if complete else shown, kind, explanation)


def _between(cells: list[PrintedCell]) -> list[Contradiction]:
    """Accuracies that both tables print, differently; ``recomputed`` is what Table I prints."""
    first = {(c.architecture, c.configuration): c.printed for c in cells if c.table == "I" and c.name == "acc_pct"}
    return [
        _contradiction(cell, first[key], "between tables", "Table I prints the other value for the same runs")
        for cell in cells
        if cell.table == "III" and (key := (cell.architecture, cell.configuration)) in first
        if not rounds_to(first[key], cell.printed, cell.column, 0)
    ]


def _contradiction(cell: PrintedCell, recomputed: float, kind: Kind, explanation: str) -> Contradiction:
    printed_as = cell.configuration if cell.table == "I" else cell.configuration.removesuffix("-probe")
    return Contradiction(
        id=cell.id + (".between" if kind == "between tables" else ""),
        table=cell.table,
        architecture=cell.architecture,
        configuration=cell.configuration,
        column=cell.name,
        printed=cell.printed,
        recomputed=round(recomputed, 9),
        unit=cell.column.unit,
        kind=kind,
        explanation=explanation,
        source=TABLE1 if cell.table == "I" else TABLE3,
        source_key=f"{cell.name}; architecture={cell.architecture}, configuration={printed_as}",
    )


def counts(contradictions: list[Contradiction]) -> dict[str, int]:
    """Contradictions by kind, the commonest first."""
    return pd.Series([c.kind for c in contradictions], dtype=str).value_counts().to_dict()
