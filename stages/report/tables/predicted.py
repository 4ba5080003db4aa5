"""The table of both protocols at full size: counts, and predicted memory."""

from stages.fullsize.census import Census
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import GIBIBYTES, MILLIONS, THOUSANDS
from stages.report.tables.published import CELL_COLUMNS, cell_labels
from stages.report.tables.tabular import Column, Row, tabular

CENSUS = Census.path()
PROTOCOLS = ("corrected", "as-published")
COMPARED = ("full", "lora-ffn", "qlora-ffn", "ia3")  # of the protocols, one configuration a method


def protocols(results: Results, ledger: Ledger) -> str | None:
    """Full-size models under both protocols: what trains, what should and does not, the predicted peak.

    None without a cell that is counted under both.
    """
    headers = ["Trains (M)", "published", "Frozen (k)", "No gradient (k)", "Peak (GiB)", "published peak"]
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
