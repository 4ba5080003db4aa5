"""What evidence for a claim looks like in either world, published or ours."""

from typing import NamedTuple, Protocol

import pandas as pd

from stages.published.claims import Quantity


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
