"""Tables about the published study: verdicts on its claims, its contradictions, its reproduction."""

from stages.published.claims import FAILS, HOLDS, UNDECIDED, Claims, Figure, Judged, fill
from stages.published.printed import ARCHITECTURES
from stages.published.reconciliation import Reconciliation
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, named
from stages.report.numbers.ledger import NOT_MEASURED, Ledger, Source
from stages.report.numbers.units import UNITS, Format
from stages.report.tables.tabular import WRAPPED, Column, tabular

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


def claim_rows(ledger: Ledger, claims: Claims) -> list[list[str]]:
    """The sentence with its figures, the verdict of the published figures, what the records say, our verdict.

    A full-size build leaves the last column out: it says the same as the one before.
    """
    return [
        [
            sentence(ledger, f"claim.{claim.id}", claim.sentence, claim.stated),
            Latex(claim.published.verdict),
            Latex(claim.reproduced.observation),
            *([Latex(claim.reproduced.verdict)] if claims.small_scale else []),
        ]
        for claim in claims.claims
    ]


def evidence_groups(ledger: Ledger, results: Results) -> list[tuple[Latex, list[list[str]]]]:
    """A group a claim, a row a comparison: for each published architecture the printed figure and ours, marked."""
    return [
        (sentence(ledger, f"claim.{claim.id}", claim.sentence, claim.stated), _comparisons(ledger, results, claim))
        for claim in results.claims.claims
    ]


def _comparisons(ledger: Ledger, results: Results, claim: Judged) -> list[list[str]]:
    worlds = {"published": claim.published, "reproduced": claim.reproduced}
    figures = {(world, figure.key): figure for world, own in worlds.items() for figure in own.figures}
    rows = dict.fromkeys(key.split(".", 1)[1] for _, key in figures)
    architectures = dict.fromkeys(ARCHITECTURES.values())
    return [
        [
            _compared(results, row),
            *(
                _marked(ledger, f"claim.{claim.id}.{world}", figures.get((world, f"{architecture}.{row}")))
                for architecture in architectures
                for world in worlds
            ),
        ]
        for row in rows
    ]


def _marked(ledger: Ledger, prefix: str, figure: Figure | None) -> Latex:
    """The figure with the mark of its verdict; a dash without one."""
    if figure is None:
        return NOT_MEASURED
    key = f"{prefix}.{figure.key}"
    ledger.add(key, figure.value, UNITS[figure.unit], Source(figure.source, figure.source_key))
    return Latex(ledger.number(key) + MARKS[figure.verdict])


def _compared(results: Results, row: str) -> Latex:
    """``accuracy of LoRA FFN, less Full FT``: a figure's key without its architecture, in words."""
    *cells, quantity, form = row.split(".")
    labels = [cell_labels(results, "", cell)[1] for cell in cells]
    if form in ("value", "spread"):
        return Latex(f"{FORMS[form].format(quantity)}, {labels[0]}")
    return Latex(f"{FORMS[form].format(quantity)}, {labels[1]} against {labels[0]}")


def sentence(ledger: Ledger, prefix: str, text: str, figures: list[Figure]) -> Latex:
    """LaTeX of a sentence: its figures from the ledger, its words as names."""

    def show(figure: Figure) -> str:
        key = f"{prefix}.{figure.key}"
        if not ledger.has(key):
            ledger.add(key, figure.value, UNITS[figure.unit], Source(figure.source, figure.source_key))
        return f"\0{key}\0"

    parts = fill(text, figures, show).split("\0")
    return Latex("".join(ledger.number(part) if index % 2 else named(part) for index, part in enumerate(parts)))


def contradiction_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Every printed cell that the printed runs, or the other table, contradict."""
    rows = []
    for index, found in enumerate(results.reconciliation.contradictions):
        key, (label, decimals) = f"contradiction.{found.id}", COLUMNS[found.column]
        printed = Source(found.source, found.source_key)
        ledger.add(f"{key}.printed", found.printed, Format(decimals=decimals), printed)
        recomputed = Source(Reconciliation.path(), f"contradictions.{index}.recomputed")
        ledger.add(f"{key}.recomputed", found.recomputed, Format(decimals=decimals + 1), recomputed)
        own = (ledger.numeral(f"{key}.{part}") for part in ("printed", "recomputed"))
        names = cell_labels(results, found.architecture, found.configuration)
        rows.append([Latex(found.table), *names, Latex(label), *own, Latex(found.kind)])
    return rows


def reproduction_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published against reproduced accuracy in percent, their difference with its interval, the verdict."""
    rows = []
    for index, cell in enumerate(results.reconciliation.reproductions):
        key = f"reproduction.{cell.architecture}.{cell.configuration}"
        units = {"published": POINT, "reproduced": POINT} | dict.fromkeys(("difference", "low", "high"), SIGNED_POINT)
        for field, unit in units.items():
            origin = Source(Reconciliation.path(), f"reproductions.{index}.{field}")
            ledger.add(f"{key}.{field}", getattr(cell, field), unit, origin)
        own = (ledger.numeral(f"{key}.{field}") for field in ("published", "reproduced", "difference"))
        interval = Latex(f"[{ledger.numeral(f'{key}.low')}, {ledger.numeral(f'{key}.high')}]")
        rows.append([*cell_labels(results, cell.architecture, cell.configuration), *own, interval, Latex(cell.verdict)])
    return rows


def cell_labels(results: Results, architecture: str, configuration: str) -> list[Latex]:
    """Labels of a published cell, which the grid of this build may lack."""
    return [named(results.study.labels.get(name, name)) for name in (architecture, configuration)]


def claims(results: Results, ledger: Ledger) -> str:
    """The published claims with the verdicts of their own figures and of this build."""
    columns = [Column("Claim", WRAPPED), Column("Printed figures", "l"), Column("Records of this build", "l")]
    if results.claims.small_scale:
        columns.append(Column("Verdict of this build", "l"))
    return tabular(columns, [(None, claim_rows(ledger, results.claims))], width=r"\textwidth")


def evidence(results: Results, ledger: Ledger) -> str:
    """What each claim's tests compared, on the printed figures and on this build's records."""
    columns = [Column("Comparison", "l")]
    for name in dict.fromkeys(ARCHITECTURES.values()):
        columns += [Column(named(results.study.labels.get(name, name))), Column("here")]
    return tabular(columns, evidence_groups(ledger, results))


def reproduction(results: Results, ledger: Ledger) -> str | None:
    """Published against reproduced accuracy; None where this build is not comparable with the published study."""
    rows = reproduction_rows(ledger, results)
    headers = [r"Published (\%)", r"Here (\%)", r"$\Delta$ (pp)", "Interval"]
    columns = [*cell_columns(), *(Column(header) for header in headers), Column("Verdict", "l")]
    return tabular(columns, [(None, rows)]) if rows else None


def contradictions(results: Results, ledger: Ledger) -> str:
    """The printed cells of the published tables that its own runs contradict."""
    columns = [Column("Table", "l"), *cell_columns(), Column("Column", "l"), Column("Printed"), Column("Recomputed")]
    return tabular([*columns, Column("Kind", "l")], [(None, contradiction_rows(ledger, results))])


def cell_columns() -> list[Column]:
    return [Column("Architecture", "l"), Column("Configuration", "l")]
