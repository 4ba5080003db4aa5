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
from stages.report.tables.published import CELL_COLUMNS, cell_labels
from stages.report.tables.tabular import WRAPPED, Column, Row, tabular

SEGMENTS, CENSUS = FOLDER / "kernel_segments.csv", Census.path()
PROTOCOLS = ("corrected", "as-published")
COMPARED = ("full", "lora-ffn", "qlora-ffn", "ia3")  # of the protocols, one configuration a method


def memory(results: Results, ledger: Ledger) -> str | None:
    """Predicted against printed peak memory of the published runs that were first in their process, in GiB."""
    columns = [
        Column("Architecture", WRAPPED),
        Column("Configuration", WRAPPED),
        Column("Seed"),
        Column("Printed"),
        Column("Predicted"),
        Column(r"Error (\%)"),
    ]
    rows = []
    for run in results.memory.itertuples(index=False):
        key = f"predicted.{run.architecture}.{run.configuration}.{run.seed}"
        which = f"{run.architecture}, {run.configuration}, seed {run.seed}"
        printed = Source(SEGMENTS, f"peak_vram_gb x {GIGABYTE}; {which}")
        predicted = Source(CENSUS, f"as-published.{run.architecture}.{run.configuration}.predicted_memory.peak")
        error = Source(CENSUS, f"predicted over printed peak, less one; {which}")
        ledger.add(f"{key}.seed", str(run.seed), GIBIBYTES, Source(SEGMENTS, f"seed; {which}"))
        ledger.add(f"{key}.printed", run.printed_bytes, GIBIBYTES, printed)
        ledger.add(f"{key}.peak", run.predicted_bytes, GIBIBYTES, predicted)
        ledger.add(f"{key}.error", run.relative_error, SIGNED_SHARE, error)
        numerals = [ledger.numeral(f"{key}.{part}") for part in ("seed", "printed", "peak", "error")]
        rows.append([*cell_labels(results, run.architecture, run.configuration), *numerals])
    return tabular(columns, [(None, rows)], width=r"\columnwidth") if rows else None


def processes(results: Results, ledger: Ledger) -> str | None:
    """Published processes that print as if one run more had come before: the largest error without it, and with it."""
    columns = [
        Column("Architecture", WRAPPED),
        Column("First printed", WRAPPED),
        Column("Runs"),
        Column(r"Error (\%)"),
        Column("Supposed run", WRAPPED),
        Column(r"Error (\%)"),
    ]
    rows = []
    for process in results.processes.query("unprinted != ''").itertuples(index=False):
        key = f"process.{process.process}"
        peaks = f"the predicted peaks of process {process.process}"
        supposition = f"with weights and optimiser state of one {process.unprinted} run held from the start"
        without, supposed = f"largest error of {peaks}", f"largest error of {peaks}, {supposition}"
        ledger.add(f"{key}.runs", process.runs, COUNT, Source(SEGMENTS, f"runs of process {process.process}"))
        ledger.add(f"{key}.error", process.largest_error, SHARE, Source(CENSUS, without))
        ledger.add(f"{key}.remaining", process.largest_with_unprinted, SHARE, Source(CENSUS, supposed))
        architecture, first_printed = cell_labels(results, process.architecture, process.configuration)
        _, supposed_run = cell_labels(results, process.architecture, process.unprinted)
        runs, error, remaining = (ledger.numeral(f"{key}.{part}") for part in ("runs", "error", "remaining"))
        rows.append([architecture, first_printed, runs, error, supposed_run, remaining])
    return tabular(columns, [(None, rows)], width=r"\columnwidth") if rows else None


def protocols(results: Results, ledger: Ledger) -> str | None:
    """Full-size models under both protocols: what trains, what should and does not, the predicted peak.

    None without a published architecture in the grid.
    """
    headers = ["Trains (M)", "Published", "Frozen (k)", "Dead (k)", "Peak (GiB)", "Published"]
    rows = []
    for architecture in results.study.architectures:
        grids = [results.counted(protocol).get(architecture, {}) for protocol in PROTOCOLS]
        for configuration in COMPARED:
            if all(configuration in grid for grid in grids):
                rows.append(_protocol_row(ledger, results, architecture, configuration))
    return tabular([*CELL_COLUMNS, *map(Column, headers)], [(None, rows)]) if rows else None


def _protocol_row(ledger: Ledger, results: Results, architecture: str, configuration: str) -> Row:
    key = f"census.{architecture}.{configuration}"
    for protocol in PROTOCOLS:
        cell = results.counted(protocol)[architecture][configuration]
        path = f"{protocol}.{architecture}.{configuration}"
        ledger.add(f"{key}.{protocol}.trainable", cell.trainable, MILLIONS, Source(CENSUS, f"{path}.trainable"))
        peak = Source(CENSUS, f"{path}.predicted_memory.peak")
        ledger.add(f"{key}.{protocol}.peak", cell.predicted_memory.peak, GIBIBYTES, peak)
        if protocol == "as-published":  # the corrected protocol leaves none of either
            for field in ("new_but_frozen", "trainable_but_dead"):
                ledger.add(f"{key}.{field}", getattr(cell, field), THOUSANDS, Source(CENSUS, f"{path}.{field}"))
    counts = [ledger.numeral(f"{key}.{protocol}.trainable") for protocol in PROTOCOLS]
    faults = [ledger.numeral(f"{key}.new_but_frozen"), ledger.numeral(f"{key}.trainable_but_dead")]
    peaks = [ledger.numeral(f"{key}.{protocol}.peak") for protocol in PROTOCOLS]
    return [*cell_labels(results, architecture, configuration), *counts, *faults, *peaks]
