"""Tables of memory predicted at full size: the published peaks, its processes, both protocols."""

from stages.fullsize.census import Census
from stages.published.printed import FOLDER, GIGABYTE
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import (
    COUNT,
    GIBIBYTES,
    MILLIONS,
    SHARE,
    SIGNED_SHARE,
    THOUSANDS,
)
from stages.report.tables.published import (
    cell_columns,
    cell_labels,
)
from stages.report.tables.tabular import WRAPPED, Column, tabular

SEGMENTS = FOLDER / "kernel_segments.csv"
PROTOCOLS = ("corrected", "as-published")


def memory_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published runs that were first in their process: printed and predicted peak in GiB, the error in per cent."""
    rows = []
    for run in results.memory.itertuples(index=False):
        key = f"predicted.{run.architecture}.{run.configuration}.{run.seed}"
        where = f"{run.architecture}, {run.configuration}, seed {run.seed}"
        cell = Source(Census.path(), f"as-published.{run.architecture}.{run.configuration}.predicted_memory.peak")
        error = Source(Census.path(), f"predicted over printed peak, less one; {where}")
        ledger.add(f"{key}.seed", str(run.seed), GIBIBYTES, Source(SEGMENTS, f"seed; {where}"))
        ledger.add(
            f"{key}.printed", run.printed_bytes, GIBIBYTES, Source(SEGMENTS, f"peak_vram_gb x {GIGABYTE}; {where}")
        )
        ledger.add(f"{key}.peak", run.predicted_bytes, GIBIBYTES, cell)
        ledger.add(f"{key}.error", run.relative_error, SIGNED_SHARE, error)
        own = (ledger.numeral(f"{key}.{part}") for part in ("seed", "printed", "peak", "error"))
        rows.append([*cell_labels(results, run.architecture, run.configuration), *own])
    return rows


def process_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published processes whose peaks one run more explains: largest errors without it and with it, in per cent."""
    rows = []
    for process in results.processes.query("unprinted != ''").itertuples(index=False):
        key, where = f"process.{process.process}", f"the predicted peaks of process {process.process}"
        held = f"with weights and optimiser state of one {process.unprinted} run held from the start"
        ledger.add(f"{key}.runs", process.runs, COUNT, Source(SEGMENTS, f"runs of process {process.process}"))
        ledger.add(f"{key}.error", process.largest_error, SHARE, Source(Census.path(), f"largest error of {where}"))
        remaining = Source(Census.path(), f"largest error of {where}, {held}")
        ledger.add(f"{key}.remaining", process.largest_with_unprinted, SHARE, remaining)
        first, supposed = (
            cell_labels(results, process.architecture, name) for name in (process.configuration, process.unprinted)
        )
        runs, error, remaining = (ledger.numeral(f"{key}.{part}") for part in ("runs", "error", "remaining"))
        rows.append([*first, runs, error, supposed[1], remaining])
    return rows


def protocol_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Full-size models under both protocols: what trains, what should and does not, the predicted peak."""
    rows = []
    for architecture in results.study.architectures:
        grids = [results.census.root[protocol].get(architecture, {}) for protocol in PROTOCOLS]
        for configuration in ("full", "lora-ffn", "qlora-ffn", "ia3"):
            if all(configuration in grid for grid in grids):
                rows.append(_protocol_row(ledger, results, architecture, configuration))
    return rows


def _protocol_row(ledger: Ledger, results: Results, architecture: str, configuration: str) -> list[str]:
    key = f"census.{architecture}.{configuration}"
    for protocol in PROTOCOLS:
        cell = results.census.root[protocol][architecture][configuration]
        where = f"{protocol}.{architecture}.{configuration}"
        ledger.add(f"{key}.{protocol}.trainable", cell.trainable, MILLIONS, Source(Census.path(), f"{where}.trainable"))
        peak = Source(Census.path(), f"{where}.predicted_memory.peak")
        ledger.add(f"{key}.{protocol}.peak", cell.predicted_memory.peak, GIBIBYTES, peak)
        if protocol == "as-published":  # the corrected protocol leaves none of either
            for field in ("new_but_frozen", "trainable_but_dead"):
                ledger.add(f"{key}.{field}", getattr(cell, field), THOUSANDS, Source(Census.path(), f"{where}.{field}"))
    counts = (ledger.numeral(f"{key}.{p}.trainable") for p in PROTOCOLS)
    faults = (ledger.numeral(f"{key}.{field}") for field in ("new_but_frozen", "trainable_but_dead"))
    peaks = (ledger.numeral(f"{key}.{p}.peak") for p in PROTOCOLS)
    return [*cell_labels(results, architecture, configuration), *counts, *faults, *peaks]


def memory(results: Results, ledger: Ledger) -> str | None:
    """Predicted against printed peak memory of the published runs whose process was fresh."""
    rows = memory_rows(ledger, results)
    columns = [
        Column("Architecture", WRAPPED),
        Column("Configuration", WRAPPED),
        Column("Seed"),
        Column("Printed"),
        Column("Predicted"),
        Column(r"Error (\%)"),
    ]
    return tabular(columns, [(None, rows)], width=r"\columnwidth") if rows else None


def processes(results: Results, ledger: Ledger) -> str | None:
    """Published processes that print as if one run more had come before: the largest error without it, and with it."""
    rows = process_rows(ledger, results)
    columns = [
        Column("Architecture", WRAPPED),
        Column("First printed", WRAPPED),
        Column("Runs"),
        Column(r"Error (\%)"),
        Column("Supposed run", WRAPPED),
        Column(r"Error (\%)"),
    ]
    return tabular(columns, [(None, rows)], width=r"\columnwidth") if rows else None


def protocols(results: Results, ledger: Ledger) -> str | None:
    """Both protocols at full size, from the census; None without a published architecture in the grid."""
    rows = protocol_rows(ledger, results)
    headers = ["Trains (M)", "Published", "Frozen (k)", "Dead (k)", "Peak (GiB)", "Published"]
    return tabular([*cell_columns(), *map(Column, headers)], [(None, rows)]) if rows else None
