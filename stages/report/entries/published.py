"""Numbers about the published study: against itself, against the census at full size, against our runs."""

from stages.fullsize.census import Census, CensusCell
from stages.published.claims import FAILS, HOLDS, UNDECIDED, Claims
from stages.published.memory_check import TOLERANCE
from stages.published.reconciliation import Reconciliation
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, SHARE, WHOLE_SHARE

VERDICTS = {"hold": HOLDS, "fail": FAILS, "undecided": UNDECIDED}
REPRODUCTIONS = {"yes": "reproduced", "no": "not reproduced", "undecided": UNDECIDED}
RECONCILIATION, CLAIMS, CENSUS = Reconciliation.path(), Claims.path(), Census.path()


def enter_published(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (_reconciled, _judged, _reproduced, _predicted, _protocols):
        part(ledger, results)


def _reconciled(ledger: Ledger, results: Results) -> None:
    """How far the published study agrees with itself."""
    reconciliation = results.reconciliation
    counts = {
        "cells_checked": (reconciliation.cells_checked, "cells_checked"),
        "contradictions": (len(reconciliation.contradictions), "length of contradictions"),
        "unverifiable": (len(reconciliation.unverifiable), "length of unverifiable"),
        "residue": (len(reconciliation.residue), "length of residue"),
        "missing": (len(reconciliation.missing_runs), "length of missing_runs"),
        "left_out": (len(reconciliation.left_out), "length of left_out"),
        "parameters_checked": (len(reconciliation.parameters), "length of parameters"),
    }
    for key, (value, source_key) in counts.items():
        ledger.add(f"published.{key}", value, COUNT, Source(RECONCILIATION, source_key))
    agreeing = sum(check.agrees for check in reconciliation.parameters)
    source = Source(RECONCILIATION, "parameters that agree")
    # the sentence says "all" where it equals those checked
    ledger.add("published.parameters_agree", agreeing, COUNT, source, optional=True)


def _judged(ledger: Ledger, results: Results) -> None:
    claims = results.claims.claims
    ledger.add("claims.count", len(claims), COUNT, Source(CLAIMS, "length of claims"))
    for key, verdict in VERDICTS.items():
        there = sum(claim.published.verdict == verdict for claim in claims)
        source = Source(CLAIMS, f"claims whose published verdict is {verdict!r}")
        ledger.add(f"claims.{key}", there, COUNT, source, optional=True)
        here = sum(claim.reproduced.observation == verdict for claim in claims)
        source = Source(CLAIMS, f"claims whose reproduced observation is {verdict!r}")
        ledger.add(f"claims.here_{key}", here, COUNT, source, optional=True)


def _reproduced(ledger: Ledger, results: Results) -> None:
    """Published against reproduced accuracies: counts of each verdict; none for a profile that is not comparable."""
    reproductions = results.reconciliation.reproductions
    source = Source(RECONCILIATION, "length of reproductions")
    ledger.add("reproduced.cells", len(reproductions), COUNT, source, optional=True)
    for key, verdict in REPRODUCTIONS.items():
        count = sum(reproduction.verdict == verdict for reproduction in reproductions)
        source = Source(RECONCILIATION, f"reproductions whose verdict is {verdict!r}")
        ledger.add(f"reproduced.{key}", count, COUNT, source, optional=True)
    if reproductions:
        source = Source(RECONCILIATION, "reproductions.0.margin, in percent")
        ledger.add("reproduced.margin", reproductions[0].margin, COUNT, source, optional=True)


def _predicted(ledger: Ledger, results: Results) -> None:
    """Predicted against printed peaks: of runs that were first in their process, and of whole processes."""
    close = (results.memory["relative_error"].abs() <= TOLERANCE).sum()
    source = Source(CENSUS, "predicted peaks within the tolerance of the printed ones")
    ledger.add("memory.close", close, COUNT, source, optional=True)
    ledger.add("memory.compared", len(results.memory), COUNT, source, optional=True)
    explained = results.processes.query("unprinted == ''")
    missing = results.processes.query("unprinted != '' and not fresh")
    worst = explained["largest_error"].max()
    by_process = {
        "processes": (len(explained), COUNT, "processes whose peaks no further run fits better"),
        "processes_error": (worst, SHARE, "largest error of a predicted peak in these processes"),
        "processes_missing": (
            len(missing),
            COUNT,
            "the other processes whose first printed run was not the first to train",
        ),
    }
    for key, (value, unit, words) in by_process.items():
        source = Source(CENSUS, f"against kernel_segments.csv: {words}")
        ledger.add(f"memory.{key}", value, unit, source, optional=True)
    source = Source("stages/published/memory_check.py", "TOLERANCE")
    ledger.add("memory.tolerance", TOLERANCE, WHOLE_SHARE, source, optional=True)


def _protocols(ledger: Ledger, results: Results) -> None:
    """What each protocol does at full size: new parameters left alone, dead ones, predicted savings of QLoRA."""
    for protocol in results.census.root:
        grid = results.counted(protocol)
        of_study = [cells for name, cells in grid.items() if name in results.study.architectures]
        for field in ("new_but_frozen", "trainable_but_dead"):
            largest = max((getattr(cell, field) for cells in of_study for cell in cells.values()), default=0)
            source = Source(CENSUS, f"largest {protocol}.*.*.{field}")
            ledger.add(f"protocol.{protocol}.{field}", largest, COUNT, source, optional=True)
        precisions = {cell.precision for cells in grid.values() for cell in cells.values()}
        if len(precisions) == 1:
            source = Source(CENSUS, f"{protocol}.*.*.precision, where it is one")
            ledger.add(f"protocol.{protocol}.precision", precisions.pop(), COUNT, source, optional=True)
        saved = _saved_by_qlora(of_study)
        for end, value in (("least", min(saved, default=None)), ("most", max(saved, default=None))):
            source = Source(CENSUS, f"{end} 1 - qlora-ffn / full of {protocol}.*.predicted_memory.peak")
            ledger.add(f"protocol.{protocol}.saved_{end}", value, WHOLE_SHARE, source, optional=True)


def _saved_by_qlora(grids: list[dict[str, CensusCell]]) -> list[float]:
    """Share of full fine-tuning's predicted peak, by architecture."""
    saved = []
    for cells in grids:
        if "full" in cells and "qlora-ffn" in cells:
            full, quantised = cells["full"].predicted_memory.peak, cells["qlora-ffn"].predicted_memory.peak
            saved.append(1 - quantised / full)
    return saved
