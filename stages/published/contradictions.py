"""Cells of the published tables that the published runs contradict, found by recomputing every cell."""

import math

import pandas as pd

from stages.published.printed import PrintedTables
from stages.published.printed_cells import (
    BASE_RATE,
    PROBE_RATE,
    RATES,
    PrintedCell,
    PrintedColumn,
    rounds_to,
    table_cells,
)
from stages.published.reconciliation import Contradiction, Kind, Unverifiable

TABLE1, TABLE3 = "data/reported/table1.csv", "data/reported/table3.csv"
DELTA = PrintedColumn("delta", "accuracy", 100, 2, "pp")


def find(printed: PrintedTables) -> list[Contradiction]:
    """All contradictions, table by table."""
    cells = table_cells(printed)
    wrong = [_explained(cell, cells) for cell in cells if cell.complete and not cell.agrees]
    found = wrong + _differences(printed, cells)
    return found + _between(cells, {contradiction.id for contradiction in found})


def checked(printed: PrintedTables) -> int:
    """Cells recomputed, the differences included."""
    differences = printed.table1["delta_acc_pct"].notna().sum() + len(printed.table3)
    return sum(cell.complete for cell in table_cells(printed)) + int(differences)


def unverifiable(printed: PrintedTables) -> list[Unverifiable]:
    """Cells of which a run was not printed, where the printed ones alone do not give the cell."""
    seeds = printed.runs["seed"].nunique()
    return [
        Unverifiable(
            id=cell.id,
            printed=cell.printed,
            mean_of_printed_runs=cell.mean,
            implied_missing=seeds * cell.printed - sum(cell.seeds),
            unit=cell.column.unit,
        )
        for cell in table_cells(printed)
        if len(cell.seeds) == seeds - 1 and not cell.complete
    ]


def counts(contradictions: list[Contradiction]) -> dict[str, int]:
    """Contradictions by kind, the commonest first."""
    return pd.Series([c.kind for c in contradictions], dtype=str).value_counts().to_dict()


def _explained(cell: PrintedCell, cells: list[PrintedCell]) -> Contradiction:
    kind, explanation = _kind(cell, cells)
    return _contradiction(cell, cell.mean, kind, explanation)


def _kind(cell: PrintedCell, cells: list[PrintedCell]) -> tuple[Kind, str]:
    """How a cell that is not the mean of its runs may have come about."""
    if any(rounds_to(value, cell.printed, cell.column) for value in cell.seeds):
        return "single seed", "the value of one seed alone"
    factor = 10**cell.column.decimals
    if rounds_to(math.trunc(cell.mean * factor) / factor, cell.printed, cell.column, 0):
        return "truncated", "the mean cut off instead of rounded"
    rows = [other.architecture for other in cells if _is_value_of(cell, other)]
    if rows:
        return "another row", f"the value of {' and '.join(rows)} in the same configuration"
    return "not the mean", "no run, mean or other row gives this value"


def _is_value_of(cell: PrintedCell, other: PrintedCell) -> bool:
    """Whether a cell prints what another architecture's should."""
    same_place = (other.table, other.name, other.configuration) == (cell.table, cell.name, cell.configuration)
    return same_place and other is not cell and rounds_to(other.mean, cell.printed, cell.column)


def _differences(printed: PrintedTables, cells: list[PrintedCell]) -> list[Contradiction]:
    by_place = {(cell.table, cell.architecture, cell.configuration, cell.name): cell for cell in cells}
    contradictions = []
    for row in printed.table1.dropna(subset="delta_acc_pct").to_dict("records"):
        architecture, configuration = row["architecture"], row["configuration"]
        full = by_place.get(("I", architecture, "full", "acc_pct"))
        if full is not None:
            cell = by_place["I", architecture, configuration, "acc_pct"]
            contradictions.append(_difference("delta_acc_pct", row["delta_acc_pct"], cell, full))
    for row in printed.table3.to_dict("records"):
        architecture, configuration = row["architecture"], row["configuration"]
        base = by_place["III", architecture, configuration + RATES[BASE_RATE], BASE_RATE]
        probe = by_place["III", architecture, configuration + RATES[PROBE_RATE], PROBE_RATE]
        contradictions.append(_difference("delta_pct", row["delta_pct"], probe, base))
    return [contradiction for contradiction in contradictions if contradiction is not None]


def _difference(name: str, printed: float, second: PrintedCell, first: PrintedCell) -> Contradiction | None:
    """A difference must be that of the runs, in percentage points; of the printed cells where a run is missing."""
    of_runs, of_cells = second.mean - first.mean, second.printed - first.printed
    complete = second.complete and first.complete
    follows = rounds_to(of_cells, printed, DELTA)
    if complete and rounds_to(of_runs, printed, DELTA):
        return None
    if follows and (not complete or (second.agrees and first.agrees)):
        return None
    relative = [100 * of_cells / first.printed]
    if complete:
        relative.append(100 * of_runs / first.mean)
    if follows:
        kind, explanation = "derived", "follows from the printed accuracies, which the runs contradict"
    elif any(rounds_to(value, printed, DELTA, units=1) for value in relative):
        kind, explanation = "relative", "relative change in percent where other rows have percentage points"
    else:
        kind, explanation = "neither", "neither the difference nor the relative change"
    cell = second._replace(name=name, column=DELTA, printed=printed)
    return _contradiction(cell, of_runs if complete else of_cells, kind, explanation)


def _between(cells: list[PrintedCell], contradicted: set[str]) -> list[Contradiction]:
    """Accuracies that both tables print, differently; ``recomputed`` is what Table I prints.

    A cell that its own runs contradict is counted there, once.
    """
    of_table1 = {}
    for cell in cells:
        if cell.table == "I" and cell.name == "acc_pct":
            of_table1[cell.architecture, cell.configuration] = cell.printed
    contradictions = []
    for cell in cells:
        other = of_table1.get((cell.architecture, cell.configuration))
        if cell.table != "III" or cell.id in contradicted or other is None:
            continue
        if rounds_to(other, cell.printed, cell.column, units=0):
            continue
        explanation = "Table I prints the other value for the same runs"
        contradictions.append(_contradiction(cell, other, "between tables", explanation))
    return contradictions


def _contradiction(cell: PrintedCell, recomputed: float, kind: Kind, explanation: str) -> Contradiction:
    printed_as = cell.configuration if cell.table == "I" else cell.configuration.removesuffix("-probe")
    return Contradiction(
        id=cell.id,
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
