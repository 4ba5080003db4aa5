"""What evidence for a claim looks like in either world, published or ours."""

from typing import NamedTuple, Protocol

import pandas as pd

from stages.analysis.statistics import LEVEL
from stages.published.claims import Form, Quantity, Test, UnitName


class Estimate(NamedTuple):
    """``low`` and ``high`` equal ``value`` where it is exact or stands as printed; ``note`` says what it lacks."""

    value: float
    low: float
    high: float
    source: str
    key: str
    p: float | None = None
    note: str | None = None


class NoEstimateError(Exception):
    """Why there is no estimate, in words."""


class Evidence(Protocol):
    """One world in which a claim is tested.

    Each method estimates a quantity of a cell or of two, and raises ``NoEstimateError`` where this world cannot.
    """

    test: str  # in words
    architectures: list[str]
    reproduced: bool

    def value(self, quantity: Quantity, architecture: str, configuration: str) -> Estimate: ...

    def difference(self, architecture: str, first: str, second: str) -> Estimate:
        """Of accuracies, the second less the first."""

    def ratio(self, quantity: Quantity, architecture: str, first: str, second: str) -> Estimate:
        """The second over the first."""

    def spread(self, architecture: str, configuration: str) -> Estimate:
        """Variance of accuracy over seeds, over that of the other cells."""

    def matching(self) -> tuple[Estimate, int, int]:
        """The share of printed table cells that are as their runs have them, how many are, and of how many."""


def cell_name(architecture: str, *configurations: str) -> str:
    """A cell, or two of an architecture, as a reason names them."""
    return f"{architecture} {' against '.join(reversed(configurations))}"


def selection(architecture: str, *configurations: str) -> str:
    """The same, as the key of a source names their rows."""
    return f"architecture={architecture}, configuration={', '.join(configurations)}"


def rows_of(runs: pd.DataFrame, architecture: str, configuration: str) -> pd.DataFrame:
    """A cell's runs."""
    return runs[(runs["architecture"] == architecture) & (runs["configuration"] == configuration)]


def variance_ratio(runs: pd.DataFrame, column: str, architecture: str, configuration: str) -> tuple[float, int, int]:
    """Seed variance of a cell over the pooled one of all other cells, with the degrees of freedom of both.

    Raises:
        NoEstimateError: the other cells show no spread, or there is no other, or one seed.
    """
    cell = (architecture, configuration)
    groups = runs.groupby(["architecture", "configuration"])[column]
    variance = groups.var()
    degrees = groups.size() - 1
    others = variance.index != cell
    squares = (variance * degrees)[others].sum()
    if not squares > 0:  # nor if it is not a number
        raise NoEstimateError("the seeds of the other cells show no spread to compare with")
    degrees_of_others = int(degrees[others].sum())
    return float(variance.loc[cell] / (squares / degrees_of_others)), int(degrees.loc[cell]), degrees_of_others


def estimate_of(test: Test, evidence: Evidence, architecture: str, configurations: list[str]) -> Estimate:
    """What the evidence says about the test's quantity in the test's form.

    Raises:
        NoEstimateError: nothing.
    """
    if test.form == "value":
        return evidence.value(test.quantity, architecture, *configurations)
    if test.form == "spread":
        return evidence.spread(architecture, *configurations)
    if test.form == "ratio":
        return evidence.ratio(test.quantity, architecture, *configurations)
    if test.form == "undominated":
        return _advantage(evidence, architecture, *configurations)
    if test.form == "reduction":
        return _reduction(evidence.ratio(test.quantity, architecture, *configurations))
    difference = evidence.difference(architecture, *configurations)
    if test.form == "difference":
        return difference
    return _contrast(difference, evidence.difference(architecture, *test.over))


def _reduction(ratio: Estimate) -> Estimate:
    return ratio._replace(value=1 - ratio.value, low=1 - ratio.high, high=1 - ratio.low, key=f"1 - ({ratio.key})")


def _advantage(evidence: Evidence, architecture: str, other: str, own: str) -> Estimate:
    """More than zero where the second is not dominated: its gain in accuracy or, without one, its saving of memory.

    Raises:
        NoEstimateError: neither decides.
    """
    gain = evidence.difference(architecture, other, own)
    if gain.low > 0 and (gain.p is None or gain.p < LEVEL):
        return gain
    saving = _reduction(evidence.ratio("memory", architecture, other, own))
    if saving.low > 0 or gain.high <= 0:
        return saving
    raise NoEstimateError(f"{cell_name(architecture, other, own)}: neither accuracy nor memory decides")


def _contrast(gain: Estimate, other: Estimate) -> Estimate:
    """The half-widths add: conservative, whatever the correlation of the two."""
    return Estimate(
        value=gain.value - other.value,
        low=gain.low - other.high,
        high=gain.high - other.low,
        source=gain.source,
        key=f"({gain.key}) - ({other.key})",
        note=gain.note or other.note,
    )


def unit_of(form: Form, quantity: Quantity) -> UnitName:
    """Of a figure of this form."""
    if form in ("difference", "contrast"):
        return "points"
    if form in ("undominated", "stated", "matching"):
        return "share"
    if form == "value":
        return "bytes" if quantity == "memory" else quantity
    if form == "reduction" or (form == "ratio" and quantity == "accuracy"):
        return "share"
    return "ratio"
