"""Numbers about the published study: against itself, against the census at full size, against our runs."""

from stages.fullsize.census import Census, CensusCell
from stages.published.claims import FAILS, HOLDS, UNDECIDED, Claims
from stages.published.memory_check import TOLERANCE
from stages.published.reconciliation import Reconciliation
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, SHARE

WHOLE = SHARE._replace(decimals=0)
VERDICTS = {"hold": HOLDS, "fail": FAILS, "undecided": UNDECIDED}


def enter(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (_reconciled, _judged, _reproduced, _predicted, _protocols):
        part(ledger, results)


def _reconciled(ledger: Ledger, results: Results) -> None:
    """How far the published study agrees with itself."""
    found = results.reconciliation
    counts = {
        "cells_checked": (found.cells_checked, "cells_checked"),
        "contradictions": (len(found.contradictions), "length of contradictions"),
        "unverifiable": (len(found.unverifiable), "length of unverifiable"),
        "residue": (len(found.residue), "length of residue"),
        "missing": (len(found.missing_runs), "length of missing_runs"),
        "left_out": (len(found.left_out), "length of left_out"),
        "parameters_checked": (len(found.parameters), "length of parameters"),
        "parameters_agree": (sum(check.agrees for check in found.parameters), "parameters that agree"),
    }
    for key, (value, where) in counts.items():
        optional = key == "parameters_agree"  # "all" where it equals those checked
        ledger.add(f"published.{key}", value, COUNT, Source(Reconciliation.path(), where), optional=optional)


def _judged(ledger: Ledger, results: Results) -> None:
    claims = results.claims.claims
    ledger.add("claims.count", len(claims), COUNT, Source(Claims.path(), "length of claims"))
    for key, verdict in VERDICTS.items():
        number = sum(claim.published.verdict == verdict for claim in claims)
        where = Source(Claims.path(), f"claims whose published verdict is {verdict!r}")
        ledger.add(f"claims.{key}", number, COUNT, where, optional=True)
        number = sum(claim.reproduced.observation == verdict for claim in claims)
        where = Source(Claims.path(), f"claims whose reproduced observation is {verdict!r}")
        ledger.add(f"claims.here_{key}", number, COUNT, where, optional=True)


def _reproduced(ledger: Ledger, results: Results) -> None:
    """Published against reproduced accuracies: counts of each verdict; none for a profile that is not comparable."""
    found = results.reconciliation.reproductions
    where = Source(Reconciliation.path(), "length of reproductions")
    ledger.add("reproduced.cells", len(found), COUNT, where, optional=True)
    for key, verdict in {"yes": "reproduced", "no": "not reproduced", "undecided": UNDECIDED}.items():
        number = sum(entry.verdict == verdict for entry in found)
        where = Source(Reconciliation.path(), f"reproductions whose verdict is {verdict!r}")
        ledger.add(f"reproduced.{key}", number, COUNT, where, optional=True)
    if found:
        where = Source(Reconciliation.path(), "reproductions.0.margin, in percent")
        ledger.add("reproduced.margin", found[0].margin, COUNT, where, optional=True)


def _predicted(ledger: Ledger, results: Results) -> None:
    close = (results.memory["relative_error"].abs() <= TOLERANCE).sum()
    where = Source(Census.path(), "predicted peaks within the tolerance of the printed ones")
    ledger.add("memory.close", close, COUNT, where, optional=True)
    ledger.add("memory.compared", len(results.memory), COUNT, where, optional=True)
    alone = results.processes.query("unprinted == ''")
    missing = results.processes.query("unprinted != '' and not fresh")
    for key, value, unit, what in (
        ("processes", len(alone), COUNT, "processes whose peaks no further run fits better"),
        (
            "processes_error",
            alone["largest_error"].max(),
            SHARE,
            "largest error of a predicted peak in these processes",
        ),
        (
            "processes_missing",
            len(missing),
            COUNT,
            "the other processes whose first printed run was not the first to train",
        ),
    ):
        ledger.add(
            f"memory.{key}", value, unit, Source(Census.path(), f"against kernel_segments.csv: {what}"), optional=True
        )
    ledger.add(
        "memory.tolerance", TOLERANCE, WHOLE, Source("stages/published/memory_check.py", "TOLERANCE"), optional=True
    )


def _protocols(ledger: Ledger, results: Results) -> None:
    """What each protocol does at full size: predicted savings of QLoRA, new parameters left alone, dead ones."""
    for protocol, grid in results.census.root.items():
        cells = [cells for name, cells in grid.items() if name in results.study.architectures]
        own = {name: _largest(cells, name) for name in ("new_but_frozen", "trainable_but_dead")}
        for name, value in own.items():
            source = Source(Census.path(), f"largest {protocol}.*.*.{name}")
            ledger.add(f"protocol.{protocol}.{name}", value, COUNT, source, optional=True)
        used = {cell.precision for cells in grid.values() for cell in cells.values()}
        where = Source(Census.path(), f"{protocol}.*.*.precision, where it is one")
        ledger.add(
            f"protocol.{protocol}.precision", used.pop() if len(used) == 1 else None, COUNT, where, optional=True
        )
        saved = [1 - _peak(c["qlora-ffn"]) / _peak(c["full"]) for c in cells if _both(c, "full", "qlora-ffn")]
        for end, choose in (("least", min), ("most", max)):
            source = Source(Census.path(), f"{end} 1 - qlora-ffn / full of {protocol}.*.predicted_memory.peak")
            value = choose(saved, default=None)
            ledger.add(f"protocol.{protocol}.saved_{end}", value, WHOLE, source, optional=True)


def _largest(grids: list[dict[str, CensusCell]], field: str) -> int:
    return max((getattr(cell, field) for cells in grids for cell in cells.values()), default=0)


def _both(cells: dict[str, CensusCell], *names: str) -> bool:
    return all(name in cells for name in names)


def _peak(cell: CensusCell) -> int:
    return cell.predicted_memory.peak
