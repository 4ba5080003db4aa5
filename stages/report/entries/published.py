"""Numbers about the published study: against itself, against the census at full size, against our runs."""

from stages.fullsize.census import Census, CensusCell
from stages.published.claims import FAILS, HOLDS, UNDECIDED, Claims, Conclusion
from stages.published.reconciliation import Reconciliation
from stages.report.entries.claims import enter_claim
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, POINTS, SCALE, SHARE, WHOLE_SHARE

CONCLUSIONS: dict[str, Conclusion] = {
    "hold": "holds",
    "fail": "contradicted",
    "depends": "depends on the reading",
    "undecided": "undecided",
}
VERDICTS = {"hold": HOLDS, "fail": FAILS, "undecided": UNDECIDED}
REPRODUCTIONS = {"yes": "reproduced", "no": "not reproduced", "undecided": UNDECIDED}
TENTHS = POINTS._replace(decimals=1)
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
    for key, conclusion in CONCLUSIONS.items():
        there = sum(claim.conclusion == conclusion for claim in claims)
        source = Source(CLAIMS, f"claims whose conclusion is {conclusion!r}")
        ledger.add(f"claims.{key}", there, COUNT, source, optional=True)
    for index, claim in enumerate(claims):
        enter_claim(ledger, claim, f"claims.{index}")
    if not results.claims.compared:
        return
    for key, verdict in VERDICTS.items():
        here = sum(claim.reproduced.verdict == verdict for claim in claims)
        source = Source(CLAIMS, f"claims whose reproduced verdict is {verdict!r}")
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
    """Predicted against printed peaks: of runs in a fresh process, and of the others without and with what was left."""
    peaks = results.memory
    fresh, others = peaks[peaks["fresh"]], peaks[~peaks["fresh"]]
    explained = others.dropna(subset="with_residue_bytes")
    errors = {
        "fresh_error": (fresh["predicted_bytes"] / fresh["printed_bytes"] - 1).abs().max(),
        "explained_error": (explained["with_residue_bytes"] / explained["printed_bytes"] - 1).abs().max(),
    }
    counts = {
        "runs": (len(peaks), "printed runs that the census has"),
        "fresh": (len(fresh), "of them, those in a fresh process"),
        "others": (len(others), "of them, those after other runs"),
        "explained": (len(explained), "of these, those of which every earlier run is known"),
        "supposed": ((results.processes["unprinted"] != "").sum(), "processes with a supposed run"),
    }
    against = "against data/reported/kernel_segments.csv"
    for key, (count, words) in counts.items():
        ledger.add(f"memory.{key}", count, COUNT, Source(CENSUS, f"{against}: {words}"), optional=True)
    for key, error in errors.items():
        source = Source(CENSUS, f"{against}: largest error of a predicted peak")
        ledger.add(f"memory.{key}", error, SHARE, source, optional=True)
    times = (others["printed_bytes"] / others["predicted_bytes"]).max()
    source = Source(CENSUS, f"{against}: largest printed over predicted peak of a run after others")
    ledger.add("memory.others_most", times, SCALE, source, optional=True)


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
        saved, beyond = _saved(of_study, "full"), _saved(of_study, "lora-ffn")
        for end, choose in (("least", min), ("most", max)):
            source = Source(CENSUS, f"{end} 1 - qlora-ffn / full of {protocol}.*.predicted_memory.peak")
            share = choose(saved, default=None)
            ledger.add(f"protocol.{protocol}.saved_{end}", share, WHOLE_SHARE, source, optional=True)
            source = Source(CENSUS, f"{end} (lora-ffn - qlora-ffn) / full of {protocol}.*.predicted_memory.peak")
            share = choose(beyond, default=None)
            ledger.add(f"protocol.{protocol}.beyond_lora_{end}", share, TENTHS, source, optional=True)


def _saved(grids: list[dict[str, CensusCell]], against: str) -> list[float]:
    """What QLoRA saves of another configuration's predicted peak, by architecture, as a share of full fine-tuning's."""
    saved = []
    for cells in grids:
        if {"full", "qlora-ffn", against} <= cells.keys():
            peaks = {name: cells[name].predicted_memory.peak for name in ("full", "qlora-ffn", against)}
            saved.append((peaks[against] - peaks["qlora-ffn"]) / peaks["full"])
    return saved
