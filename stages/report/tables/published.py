"""Tables about the published study: verdicts on its claims, its contradictions, its reproduction."""

import re

from stages.published.claims import FAILS, HOLDS, UNDECIDED, Figure, Judged
from stages.published.printed import ARCHITECTURES
from stages.published.reconciliation import Reconciliation
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import NOT_MEASURED, Ledger, Source
from stages.report.numbers.units import UNITS, Format
from stages.report.tables.tabular import WRAPPED, Column, Row, cell_name, tabular

PUBLISHED_ARCHITECTURES = list(dict.fromkeys(ARCHITECTURES.values()))
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
MARKS = {  # on a figure: room is kept where there is none, so that numerals line up
    HOLDS: Latex(r"\hphantom{\textsuperscript{$\times$}}"),
    FAILS: Latex(r"\textsuperscript{$\times$}"),
    UNDECIDED: Latex(r"\textsuperscript{?}\hphantom{\textsuperscript{\,}}"),
}
FORMS = {
    "ratio": "ratio of {}",
    "reduction": "saving of {}",
    "difference": "change of {}",
    "contrast": "change of {}, less that of rank",
    "value": "{}",
    "spread": "variance over seeds, relative",
}


def claims(results: Results, ledger: Ledger) -> str:
    """The published claims with the verdicts of their own figures and of this build.

    A build that is compared with the published study leaves the last column out: it says the same as the one before.
    """
    compared = results.claims.compared
    columns = [Column("Claim", WRAPPED), Column("Printed figures", "l"), Column("Records of this build", "l")]
    if not compared:
        columns.append(Column("Verdict of this build", "l"))
    rows = []
    for claim in results.claims.claims:
        row = [_sentence(ledger, claim), claim.published.verdict, claim.reproduced.observation]
        if not compared:
            row.append(claim.reproduced.verdict)
        rows.append(row)
    return tabular(columns, [(None, rows)], width=r"\textwidth")


def evidence(results: Results, ledger: Ledger) -> str:
    """What each claim's tests compared, on the printed figures and on this build's records; a group a claim."""
    columns = [Column("Comparison", "l")]
    for architecture in PUBLISHED_ARCHITECTURES:
        columns += [Column(published_label(results, architecture)), Column("here")]
    groups = []
    for claim in results.claims.claims:
        heading = _sentence(ledger, claim)
        groups.append((heading, _comparisons(ledger, results, claim)))
    return tabular(columns, groups)


def _comparisons(ledger: Ledger, results: Results, claim: Judged) -> list[Row]:
    """A row a comparison: for each published architecture the printed figure and ours, marked."""
    evaluations = {"published": claim.published, "reproduced": claim.reproduced}
    figures = {}
    for world, evaluation in evaluations.items():
        for figure in evaluation.figures:
            architecture, comparison = figure.key.split(".", 1)
            figures[comparison, architecture, world] = figure
    rows = []
    for comparison in dict.fromkeys(comparison for comparison, _, _ in figures):
        row = [_comparison_in_words(results, comparison)]
        for architecture in PUBLISHED_ARCHITECTURES:
            for world in evaluations:
                figure = figures.get((comparison, architecture, world))
                row.append(_marked(ledger, f"claim.{claim.id}.{world}", figure))
        rows.append(row)
    return rows


def _marked(ledger: Ledger, prefix: str, figure: Figure | None) -> Latex:
    """The figure with the mark of its verdict; a dash without one."""
    if figure is None:
        return NOT_MEASURED
    return Latex(_entered(ledger, prefix, figure) + MARKS[figure.verdict])


def _comparison_in_words(results: Results, comparison: str) -> Latex:
    """``accuracy of LoRA FFN, less Full FT``: a figure's key without its architecture."""
    *configurations, quantity, form = comparison.split(".")
    labels = [published_label(results, name) for name in configurations]
    words = FORMS[form].format(quantity)
    if form in ("value", "spread"):
        return Latex(f"{words}, {labels[0]}")
    return Latex(f"{words}, {labels[1]} against {labels[0]}")


def _sentence(ledger: Ledger, claim: Judged) -> Latex:
    """The published sentence, its figures from the ledger and its words as names."""
    figures = {figure.key: figure for figure in claim.stated}
    latex = ""
    for index, part in enumerate(re.split(r"\{([^{}]+)\}", claim.sentence)):
        is_figure = index % 2 == 1  # split puts what the group matched between the rest
        latex += _entered(ledger, f"claim.{claim.id}", figures[part]) if is_figure else named(part)
    return Latex(latex)


def _entered(ledger: Ledger, prefix: str, figure: Figure) -> Latex:
    """A figure of a claim as LaTeX; two tables print the same sentences."""
    key = f"{prefix}.{figure.key}"
    if not ledger.has(key):
        ledger.add(key, figure.value, UNITS[figure.unit], Source(figure.source, figure.source_key))
    return ledger.number(key)


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
