"""Tables about the published study: verdicts on its claims, its contradictions, predicted memory, reproduction."""

import re
from pathlib import Path

from stages.lib.census import CENSUS
from stages.lib.claims import HOLDS, UNITS, Claims, Evaluation, Figure, Judged, fill
from stages.lib.latex import Latex, named
from stages.lib.ledger import Ledger, Origin
from stages.lib.numbers import GIBIBYTES, MILLIONS, SIGNED_SHARE, THOUSANDS, Unit
from stages.lib.reconciliation import RECONCILIATION
from stages.lib.reported import CONFIGURATIONS, FOLDER, GIGABYTE
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


def evidence(ledger: Ledger, results: Results) -> str:
    """A list of the claims: what decides each verdict, on the printed figures and on this build's records."""
    items = [_item(ledger, results, claim) for claim in results.claims.claims]
    return "\n".join([r"\begin{itemize}", *items, r"\end{itemize}", ""])


def _item(ledger: Ledger, results: Results, claim: Judged) -> str:
    said = sentence(ledger, f"claim.{claim.id}", claim.sentence, claim.stated)
    ours, theirs = claim.reproduced, claim.published
    return "\n".join(
        [
            rf"\item \textit{{{said}}}",
            f"Printed figures: {theirs.verdict}, {_because(ledger, results, f'{claim.id}.published', theirs)}.",
            f"This build: {ours.observation}, {_because(ledger, results, f'{claim.id}.reproduced', ours)}.",
        ]
    )


def _because(ledger: Ledger, results: Results, key: str, evaluation: Evaluation) -> Latex:
    """The reason of what the figures say, cells by their labels; of a claim that holds, the figures themselves."""
    text = evaluation.observation_reason
    if evaluation.observation == HOLDS:
        shown = "; ".join(f"{_cells(figure)}: {{{figure.key}}}" for figure in evaluation.figures)
        text = f"{text} ({shown})" if shown else text
    return sentence(ledger, f"claim.{key}", _labelled(results, text), evaluation.figures)


def _cells(figure: Figure) -> str:
    """As ``evidence.name`` has it."""
    architecture, *cells = figure.key.split(".")[:-2]
    return f"{architecture} {' against '.join(reversed(cells))}"


def _labelled(results: Results, text: str) -> str:
    """Names of cells, ``roberta ia3 against full:``, by the labels of the study."""
    study = results.study
    configurations = {name: name for name in CONFIGURATIONS.values()}
    configurations |= {name: own.label for name, own in study.configurations.items()}
    one = "|".join(map(re.escape, configurations))

    def label(match: re.Match[str]) -> str:
        cells = [configurations[name] for name in match[2].split(" against ")]
        return f"{study.architectures[match[1]].label} {' against '.join(cells)}:"

    architectures = "|".join(map(re.escape, study.architectures))
    return re.sub(rf"\b({architectures}) ((?:{one})(?: against (?:{one}))?):", label, text)


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


def contradiction_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Every printed cell that the printed runs, or the other table, contradict."""
    rows = []
    for index, found in enumerate(results.reconciliation.contradictions):
        key, (label, decimals) = f"contradiction.{found.id}", COLUMNS[found.column]
        printed = Origin(Path(found.source), f"{found.column}; {found.source_key}")
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
        if cell.predicted_memory:
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
    study = results.study
    labels = (study.architectures.get(architecture), study.configurations.get(configuration))
    ids = (architecture, configuration)
    return [named(own.label if own else name) for own, name in zip(labels, ids, strict=True)]
