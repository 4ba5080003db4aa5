"""``metrics/reconciliation.json``: the published tables against the published runs, and against ours; its schema.

Accuracies are in percent, memory in the notebook's "GB" (2**30 bytes), parameters in millions, as printed.
"""

from typing import Literal

from stages.core.files import StageFile
from stages.core.types import Strict

PrintedUnit = Literal["%", "pp", "s", "GB", "M"]
Kind = Literal[
    "single seed", "another row", "truncated", "not the mean", "relative", "derived", "neither", "between tables"
]
Agreement = Literal["reproduced", "not reproduced", "cannot be decided here"]


class Contradiction(Strict):
    """A printed cell that the printed runs, or the other table, contradict."""

    id: str
    table: Literal["I", "III"]
    architecture: str
    configuration: str
    column: str
    printed: float
    recomputed: float
    unit: PrintedUnit
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
    unit: PrintedUnit


class PublishedRun(Strict):
    """A run of the published grid, printed or not."""

    architecture: str
    configuration: str
    seed: int


class LeftOut(PublishedRun):
    """A printed run that neither table shows."""

    accuracy: float


class Residue(PublishedRun):
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
    verdict: Agreement
    reason: str


class Reconciliation(StageFile, Strict):
    """The whole file."""

    PLACE = "metrics/reconciliation.json"
    STAGE = "reconcile"

    cells_checked: int
    contradictions: list[Contradiction]
    counts: dict[str, int]
    unverifiable: list[Unverifiable]
    missing_runs: list[PublishedRun]
    left_out: list[LeftOut]
    residue: list[Residue]
    residue_cells: list[ResidueCell]
    parameters: list[ParameterCheck]
    reproductions: list[Reproduction]
