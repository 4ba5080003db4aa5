"""``metrics/reconciliation.json``: the published tables against the published runs, and against ours; its schema.

Accuracies are in percent, memory in the notebook's "GB" (2**30 bytes), parameters in millions, as printed.
"""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from stages.lib import reported
from stages.lib.census import Census
from stages.lib.jsonfile import read_json
from stages.lib.schema import Strict

RECONCILIATION = Path("metrics/reconciliation.json")

Unit = Literal["%", "pp", "s", "GB", "M"]
Kind = Literal[
    "single seed", "another row", "truncated", "not the mean", "relative", "derived", "neither", "between tables"
]
Verdict = Literal["reproduced", "not reproduced", "cannot be decided here"]


class Contradiction(Strict):
    """A printed cell that the printed runs, or the other table, contradict."""

    id: str
    table: Literal["I", "III"]
    architecture: str
    configuration: str
    column: str
    printed: float
    recomputed: float
    unit: Unit
    kind: Kind
    explanation: str
    source: str
    source_key: str


class Unverifiable(Strict):
    """A printed cell that rests on a run that was not printed, with the value that this run would need."""

    id: str
    printed: float
    mean_of_printed_runs: float
    implied_missing: float
    unit: Unit


class CellName(Strict):
    """A run of the published grid."""

    architecture: str
    configuration: str
    seed: int


class LeftOut(CellName):
    """A printed run that neither table shows."""

    accuracy: float


class Residue(CellName):
    """A run whose memory peak was read in a process that had trained before."""

    process: str
    runs_before: int
    peak_gb: float


class ResidueCell(Strict):
    """A memory cell of Table I: how many of its runs came after others, and the mean of those that did not."""

    id: str
    runs: int
    after_others: int
    printed: float
    clean: float | None


class ParameterCheck(Strict):
    """Trainable parameters printed by a run against those counted from the published settings."""

    architecture: str
    configuration: str
    printed: float
    recomputed: int
    agrees: bool


class Reproduction(Strict):
    """Published and reproduced accuracy of a cell in percent; the interval is of their difference."""

    architecture: str
    configuration: str
    published: float
    reproduced: float
    difference: float
    low: float
    high: float
    margin: float
    verdict: Verdict
    reason: str


class Reconciliation(Strict):
    """The whole file."""

    cells_checked: int
    contradictions: list[Contradiction]
    counts: dict[str, int]
    unverifiable: list[Unverifiable]
    missing_runs: list[CellName]
    left_out: list[LeftOut]
    residue: list[Residue]
    residue_cells: list[ResidueCell]
    parameters: list[ParameterCheck]
    reproductions: list[Reproduction]


class Published(NamedTuple):
    """The published figures, as ``reported.py`` reads them."""

    runs: pd.DataFrame
    segments: pd.DataFrame
    table1: pd.DataFrame
    table3: pd.DataFrame


def read_published() -> Published:
    return Published(reported.runs(), reported.segments(), reported.table1(), reported.table3())


def read_reconciliation(path: Path = RECONCILIATION) -> Reconciliation:
    """Read back, validated.

    Raises:
        InputError: the file is missing or of another schema.
    """
    return read_json(Reconciliation, path, "reconcile")


def grid(runs: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Every run that the published grid has: each architecture, configuration and seed that occurs."""
    axes = [list(dict.fromkeys(runs[name])) for name in ("architecture", "configuration", "seed")]
    return [(a, c, int(s)) for a in axes[0] for c in axes[1] for s in axes[2]]


def missing_runs(runs: pd.DataFrame) -> list[CellName]:
    """Runs of the grid that were not printed."""
    printed = set(zip(runs["architecture"], runs["configuration"], runs["seed"], strict=True))
    return [CellName(architecture=a, configuration=c, seed=s) for a, c, s in grid(runs) if (a, c, s) not in printed]


def left_out(published: Published) -> list[LeftOut]:
    """Printed runs that neither table shows."""
    first, third = published.table1, published.table3
    shown = set(zip(first["architecture"], first["configuration"], strict=True))
    shown |= {
        (a, c + end)
        for a, c in zip(third["architecture"], third["configuration"], strict=True)
        for end in ("", "-probe")
    }
    return [
        LeftOut(
            architecture=r["architecture"], configuration=r["configuration"], seed=r["seed"], accuracy=r["accuracy"]
        )
        for r in published.runs.to_dict("records")
        if (r["architecture"], r["configuration"]) not in shown
    ]


def residue(segments: pd.DataFrame) -> list[Residue]:
    """Runs that were not the first to train in their process."""
    ordered = segments.sort_values(["kernel", "cell"])
    before = ordered.groupby("kernel").cumcount()
    rows = ordered.assign(before=before).sort_index()
    return [
        Residue(
            **{key: r[key] for key in ("architecture", "configuration", "seed")},
            process=r["kernel"],
            runs_before=r["before"],
            peak_gb=r["peak_vram_gb"],
        )
        for r in rows[rows["first_training_run_in_kernel"] == 0].to_dict("records")
    ]


def residue_cells(published: Published) -> list[ResidueCell]:
    """Table I's memory cells."""
    cells = []
    for row in published.table1.to_dict("records"):
        a, c = row["architecture"], row["configuration"]
        runs = published.segments.query("architecture == @a and configuration == @c")
        clean = runs.loc[runs["first_training_run_in_kernel"] == 1, "peak_vram_gb"]
        mean = None if clean.empty else float(clean.mean())
        after = len(runs) - len(clean)
        cells.append(
            ResidueCell(id=f"I.{a}.{c}.vram_gb", runs=len(runs), after_others=after, printed=row["vram_gb"], clean=mean)
        )
    return cells


def parameters(runs: pd.DataFrame, census: Census) -> list[ParameterCheck]:
    """Each cell's printed count against the census, both in millions to two places."""
    counts = {
        (a, c): cell.trainable for a, row in census.root.get("as-published", {}).items() for c, cell in row.items()
    }
    printed = runs.dropna(subset="trainable_params_m").groupby(["architecture", "configuration"], sort=False)
    means = printed["trainable_params_m"].mean()
    return [
        ParameterCheck(
            architecture=a,
            configuration=c,
            printed=value,
            recomputed=counts[a, c],
            agrees=bool(np.isclose(round(counts[a, c] / 1e6, 2), value)),
        )
        for (a, c), value in means.items()
        if (a, c) in counts
    ]
