"""Tables about the published study: verdicts on its claims, its contradictions, predicted memory, reproduction."""

from stages.lib.census import CENSUS
from stages.lib.claims import FAILS, HOLDS, UNDECIDED, UNITS, Claims, Figure, Judged, fill
from stages.lib.latex import Latex, named
from stages.lib.ledger import NOT_MEASURED, Ledger, Origin
from stages.lib.numbers import COUNT, GIBIBYTES, MILLIONS, SHARE, SIGNED_SHARE, THOUSANDS, Unit
from stages.lib.reconciliation import RECONCILIATION
from stages.lib.reported import ARCHITECTURES, FOLDER, GIGABYTE
from stages.lib.results import Results

SEGMENTS = FOLDER / "kernel_segments.csv"
POINT, SIGNED_POINT = Unit(decimals=2), Unit(decimals=2, signed=True)  # figures that are in percent already
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
PROTOCOLS = ("corrected", "as-published")


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
    ledger.add(key, figure.value, UNITS[figure.unit], Origin(figure.source, figure.source_key))
    return Latex(ledger.number(key) + MARKS[figure.verdict])


def _compared(results: Results, row: str) -> Latex:
    """``accuracy of LoRA FFN, less Full FT``: a figure's key without its architecture, in words."""
    *cells, quantity, form = row.split(".")
    labels = [_names(results, "", cell)[1] for cell in cells]
    if form in ("value", "spread"):
        return Latex(f"{FORMS[form].format(quantity)}, {labels[0]}")
    return Latex(f"{FORMS[form].format(quantity)}, {labels[1]} against {labels[0]}")


def sentence(ledger: Ledger, prefix: str, text: str, figures: list[Figure]) -> Latex:
    """LaTeX of a sentence: its figures from the ledger, its words as names."""

    def show(figure: Figure) -> str:
        key = f"{prefix}.{figure.key}"
        if not ledger.has(key):
            ledger.add(key, figure.value, UNITS[figure.unit], Origin(figure.source, figure.source_key))
        return f"\0{key}\0"

    parts = fill(text, figures, show).split("\0")
    return Latex("".join(ledger.number(part) if index % 2 else named(part) for index, part in enumerate(parts)))


def memory_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published runs that were first in their process: printed and predicted peak in GiB, the error in per cent."""
    rows = []
    for run in results.memory.itertuples(index=False):
        key = f"predicted.{run.architecture}.{run.configuration}.{run.seed}"
        where = f"{run.architecture}, {run.configuration}, seed {run.seed}"
        cell = Origin(CENSUS, f"as-published.{run.architecture}.{run.configuration}.predicted_memory.peak")
        error = Origin(CENSUS, f"predicted over printed peak, less one; {where}")
        ledger.add(f"{key}.seed", str(run.seed), GIBIBYTES, Origin(SEGMENTS, f"seed; {where}"))
        ledger.add(
            f"{key}.printed", run.printed_bytes, GIBIBYTES, Origin(SEGMENTS, f"peak_vram_gb x {GIGABYTE}; {where}")
        )
        ledger.add(f"{key}.peak", run.predicted_bytes, GIBIBYTES, cell)
        ledger.add(f"{key}.error", run.relative_error, SIGNED_SHARE, error)
        own = (ledger.cell(f"{key}.{part}") for part in ("seed", "printed", "peak", "error"))
        rows.append([*_names(results, run.architecture, run.configuration), *own])
    return rows


def process_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published processes whose peaks one run more explains: largest errors without it and with it, in per cent."""
    rows = []
    for process in results.processes.query("unprinted != ''").itertuples(index=False):
        key, where = f"process.{process.process}", f"the predicted peaks of process {process.process}"
        held = f"with weights and optimiser state of one {process.unprinted} run held from the start"
        ledger.add(f"{key}.runs", process.runs, COUNT, Origin(SEGMENTS, f"runs of process {process.process}"))
        ledger.add(f"{key}.error", process.largest_error, SHARE, Origin(CENSUS, f"largest error of {where}"))
        remaining = Origin(CENSUS, f"largest error of {where}, {held}")
        ledger.add(f"{key}.remaining", process.largest_with_unprinted, SHARE, remaining)
        first, supposed = (
            _names(results, process.architecture, name) for name in (process.configuration, process.unprinted)
        )
        runs, error, remaining = (ledger.cell(f"{key}.{part}") for part in ("runs", "error", "remaining"))
        rows.append([*first, runs, error, supposed[1], remaining])
    return rows


def contradiction_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Every printed cell that the printed runs, or the other table, contradict."""
    rows = []
    for index, found in enumerate(results.reconciliation.contradictions):
        key, (label, decimals) = f"contradiction.{found.id}", COLUMNS[found.column]
        printed = Origin(found.source, found.source_key)
        ledger.add(f"{key}.printed", found.printed, Unit(decimals=decimals), printed)
        recomputed = Origin(RECONCILIATION, f"contradictions.{index}.recomputed")
        ledger.add(f"{key}.recomputed", found.recomputed, Unit(decimals=decimals + 1), recomputed)
        own = (ledger.cell(f"{key}.{part}") for part in ("printed", "recomputed"))
        names = _names(results, found.architecture, found.configuration)
        rows.append([Latex(found.table), *names, Latex(label), *own, Latex(found.kind)])
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
        ledger.add(f"{key}.{protocol}.trainable", cell.trainable, MILLIONS, Origin(CENSUS, f"{where}.trainable"))
        peak = Origin(CENSUS, f"{where}.predicted_memory.peak")
        ledger.add(f"{key}.{protocol}.peak", cell.predicted_memory.peak, GIBIBYTES, peak)
        if protocol == "as-published":  # the corrected protocol leaves none of either
            for field in ("new_but_frozen", "trainable_but_dead"):
                ledger.add(f"{key}.{field}", getattr(cell, field), THOUSANDS, Origin(CENSUS, f"{where}.{field}"))
    counts = (ledger.cell(f"{key}.{p}.trainable") for p in PROTOCOLS)
    faults = (ledger.cell(f"{key}.{field}") for field in ("new_but_frozen", "trainable_but_dead"))
    peaks = (ledger.cell(f"{key}.{p}.peak") for p in PROTOCOLS)
    return [*_names(results, architecture, configuration), *counts, *faults, *peaks]


def reproduction_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published against reproduced accuracy in percent, their difference with its interval, the verdict."""
    rows = []
    for index, cell in enumerate(results.reconciliation.reproductions):
        key = f"reproduction.{cell.architecture}.{cell.configuration}"
        units = {"published": POINT, "reproduced": POINT} | dict.fromkeys(("difference", "low", "high"), SIGNED_POINT)
        for field, unit in units.items():
            origin = Origin(RECONCILIATION, f"reproductions.{index}.{field}")
            ledger.add(f"{key}.{field}", getattr(cell, field), unit, origin)
        own = (ledger.cell(f"{key}.{field}") for field in ("published", "reproduced", "difference"))
        interval = Latex(f"[{ledger.cell(f'{key}.low')}, {ledger.cell(f'{key}.high')}]")
        rows.append([*_names(results, cell.architecture, cell.configuration), *own, interval, Latex(cell.verdict)])
    return rows


def _names(results: Results, architecture: str, configuration: str) -> list[Latex]:
    """Labels of a published cell, which the grid of this build may lack."""
    return [named(results.study.labels.get(name, name)) for name in (architecture, configuration)]
