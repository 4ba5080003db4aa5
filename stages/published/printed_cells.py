"""The cells of the published tables, each with the printed runs that it should be the mean of."""

import math
from typing import NamedTuple

from stages.published.evidence import rows_of
from stages.published.printed import PrintedTables
from stages.published.reconciliation import PrintedUnit

EPSILON = 1e-9


class PrintedColumn(NamedTuple):
    """A printed column, the runs' column behind it, and how it is printed."""

    printed: str
    runs: str
    scale: float
    decimals: int
    unit: PrintedUnit


ACCURACY = PrintedColumn("acc_pct", "accuracy", 100, 2, "%")
COLUMNS = (
    PrintedColumn("params_m", "trainable_params_m", 1, 2, "M"),
    ACCURACY,
    PrintedColumn("time_s", "train_time_s", 1, 1, "s"),
    PrintedColumn("vram_gb", "peak_vram_gb", 1, 2, "GB"),
)
BASE_RATE, PROBE_RATE = "acc_1e-5_pct", "acc_2e-5_pct"  # columns of Table III
RATES = {BASE_RATE: "", PROBE_RATE: "-probe"}  # what follows the configuration's name


class PrintedCell(NamedTuple):
    """A printed cell with the runs that it should be the mean of; ``configuration`` is theirs."""

    table: str
    architecture: str
    configuration: str
    name: str  # of the printed column
    column: PrintedColumn
    printed: float
    seeds: tuple[float, ...]  # the runs' values, in printed units
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


def table_cells(printed: PrintedTables) -> list[PrintedCell]:
    """Every cell of Tables I and III but the differences."""
    cells = []
    for row in printed.table1.to_dict("records"):
        for column in COLUMNS:
            cells.append(_cell(printed, "I", row, row["configuration"], column.printed, column))
    for row in printed.table3.to_dict("records"):
        for name, suffix in RATES.items():
            cells.append(_cell(printed, "III", row, row["configuration"] + suffix, name, ACCURACY))
    return cells


def _cell(
    printed: PrintedTables, table: str, row: dict, configuration: str, name: str, column: PrintedColumn
) -> PrintedCell:
    runs = rows_of(printed.runs, row["architecture"], configuration)
    values = tuple(runs[column.runs].dropna() * column.scale)
    constant = column.unit == "M"  # a count does not depend on the seed
    complete = len(values) == printed.runs["seed"].nunique() or (constant and len(values) > 0)
    return PrintedCell(table, row["architecture"], configuration, name, column, row[name], values, complete)
