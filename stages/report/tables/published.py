"""Tables about the published study: verdicts on its claims, its contradictions, its reproduction."""

from stages.published.claims import FAILS, HOLDS, UNDECIDED, Judged, ReadAs
from stages.published.reconciliation import Reconciliation
from stages.report.entries.claims import extent, k_of_n, quotation, worded
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import NOT_MEASURED, Ledger, Source
from stages.report.numbers.names import capitalised
from stages.report.numbers.units import Format
from stages.report.tables.tabular import WRAPPED, Column, Row, cell_name, tabular

CELL_COLUMNS = [Column("Architecture", "l"), Column("Configuration", "l")]
POINT, SIGNED_POINT = Format(decimals=2), Format(decimals=2, signed=True)  # figures that are in percent already
COLUMNS = {  # of the published tables: what is printed there, and with how many decimals
    "acc_pct": ("accuracy (\\%)", 2),
    "acc_1e-5_pct": ("accuracy, base rate (\\%)", 2),
    "acc_2e-5_pct": ("accuracy, probe rate (\\%)", 2),
    "delta_acc_pct": (r"$\Delta$ accuracy (pp)", 2),
    "delta_pct": (r"$\Delta$ accuracy (pp)", 2),
    "time_s": ("time (s)", 1),
    "vram_gb": ("memory (GiB)", 2),
    "params_m": ("parameters (M)", 2),
}
HERE = {HOLDS: "holds", FAILS: "contradicted", UNDECIDED: "undecided"}
ORDER = ("contradicted", "depends on the reading", "undecided", "holds")


def claims(results: Results, ledger: Ledger) -> str:
    """The published claims, verbatim, a group a verdict: rule, comparisons that hold, their extent, other readings.

    A build that is compared with the published study says in a column of its own what its records decide.
    """
    columns = [
        Column("Claim, verbatim, and its place", WRAPPED),
        Column("Rule", WRAPPED),
        Column("Holds in", "l"),
        Column("Least to greatest", "l"),
        Column("Read otherwise", WRAPPED),
    ]
    if results.claims.compared:
        columns.append(Column("This build", "l"))
    groups = []
    for conclusion in ORDER:
        of_it = [claim for claim in results.claims.claims if claim.conclusion == conclusion]
        rows = [_claim_row(results, ledger, claim) for claim in of_it]
        if rows:
            groups.append((capitalised(conclusion), rows))
    return tabular(columns, groups, width=r"\textwidth")


def _claim_row(results: Results, ledger: Ledger, claim: Judged) -> Row:
    key = f"claim.{claim.id}"
    readings = [_otherwise(ledger, f"{key}.readings.{i}", reading) for i, reading in enumerate(claim.readings)]
    others = [Latex(rf"\textit{{{reading}}}") for reading in readings]  # those that take part in the verdict
    others += [_otherwise(ledger, f"{key}.thresholds.{i}", reading) for i, reading in enumerate(claim.thresholds)]
    left_open = "" if ledger.as_printed(f"{key}.open") == "0" else f", {ledger.numeral(f'{key}.open')} open"
    row = [
        Latex(f"``{quotation(ledger, claim)}'' ({named(claim.place)})"),
        worded(ledger, key, claim.rule, claim.stated),
        Latex(k_of_n(ledger, key) + left_open),
        extent(ledger, key),
        Latex("; ".join(others)) or NOT_MEASURED,
    ]
    if results.claims.compared:
        row.append(Latex(f"{HERE[claim.reproduced.verdict]} ({k_of_n(ledger, f'{key}.here')})"))
    return row


def _otherwise(ledger: Ledger, key: str, reading: ReadAs) -> Latex:
    """``at the probe rate: 3 of 3``."""
    return Latex(f"{worded(ledger, key, reading.words, reading.stated)}: {k_of_n(ledger, key)}")


def reproduction(results: Results, ledger: Ledger) -> str | None:
    """Published against reproduced accuracy in percent, their difference with its interval, the verdict.

    None where this build is not comparable with the published study.
    """
    formats = {
        "published": POINT,
        "reproduced": POINT,
        "difference": SIGNED_POINT,
        "low": SIGNED_POINT,
        "high": SIGNED_POINT,
    }
    rows = []
    for index, cell in enumerate(results.reconciliation.reproductions):
        key = f"reproduction.{cell.architecture}.{cell.configuration}"
        for field, unit in formats.items():
            source = Source(Reconciliation.path(), f"reproductions.{index}.{field}")
            ledger.add(f"{key}.{field}", getattr(cell, field), unit, source)
        numerals = [ledger.numeral(f"{key}.{field}") for field in ("published", "reproduced", "difference")]
        interval = f"[{ledger.numeral(f'{key}.low')}, {ledger.numeral(f'{key}.high')}]"
        rows.append([*cell_labels(results, cell.architecture, cell.configuration), *numerals, interval, cell.verdict])
    headers = [r"Published (\%)", r"Here (\%)", r"$\Delta$ (pp)", "Interval"]
    columns = [*CELL_COLUMNS, *map(Column, headers), Column("Verdict", "l")]
    return tabular(columns, [(None, rows)]) if rows else None


def contradictions(results: Results, ledger: Ledger) -> str:
    """Every cell of the published tables that the printed runs, or the other table, contradict."""
    columns = [
        Column("Table", "l"),
        *CELL_COLUMNS,
        Column("Column", "l"),
        Column("Printed"),
        Column("Recomputed"),
        Column("Kind", "l"),
    ]
    rows = []
    for index, contradiction in enumerate(results.reconciliation.contradictions):
        key = f"contradiction.{contradiction.id}"
        column, decimals = COLUMNS[contradiction.column]
        printed = Source(contradiction.source, contradiction.source_key)
        ledger.add(f"{key}.printed", contradiction.printed, Format(decimals=decimals), printed)
        recomputed = Source(Reconciliation.path(), f"contradictions.{index}.recomputed")
        ledger.add(f"{key}.recomputed", contradiction.recomputed, Format(decimals=decimals + 1), recomputed)
        labels = cell_labels(results, contradiction.architecture, contradiction.configuration)
        numerals = [ledger.numeral(f"{key}.printed"), ledger.numeral(f"{key}.recomputed")]
        rows.append([contradiction.table, *labels, column, *numerals, contradiction.kind])
    return tabular(columns, [(None, rows)])


def cell_labels(results: Results, architecture: str, configuration: str) -> list[Latex]:
    return [published_label(results, architecture), published_label(results, configuration)]


def published_label(results: Results, name: str) -> Latex:
    """Of an architecture or a configuration of the published study, which the grid of this build may lack."""
    return cell_name(results.study.labels.get(name, name))
