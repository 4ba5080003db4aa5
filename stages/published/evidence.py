"""What evidence for a claim looks like in either world, published or ours: an estimate, or why there is none."""

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


class Gap(NamedTuple):
    """Why there is no estimate, in words."""

    reason: str


Finding = Estimate | Gap
NO_SPREAD = Gap("the seeds of the other cells show no spread to compare with")


class Evidence(Protocol):
    """One world in which a claim is tested."""

    test: str  # in words
    architectures: list[str]
    reproduced: bool

    def value(self, quantity: Quantity, architecture: str, cell: str) -> Finding: ...
    def difference(self, architecture: str, first: str, second: str) -> Finding: ...
    def ratio(self, quantity: Quantity, architecture: str, first: str, second: str) -> Finding: ...
    def spread(self, architecture: str, cell: str) -> Finding: ...


def name(architecture: str, *cells: str) -> str:
    """A cell, or two, as a reason names them."""
    return f"{architecture} {' against '.join(reversed(cells))}"


def where(architecture: str, *cells: str) -> str:
    return f"architecture={architecture}, configuration={', '.join(cells)}"


def rows_of(runs: pd.DataFrame, architecture: str, cell: str) -> pd.DataFrame:
    """A cell's runs."""
    return runs[(runs["architecture"] == architecture) & (runs["configuration"] == cell)]


def variance_ratio(runs: pd.DataFrame, column: str, architecture: str, cell: str) -> tuple[float, int, int] | None:
    """Seed variance of a cell over the pooled one of all other cells, with the degrees of freedom of both.

    None where the other cells show no spread, for a cell without any other, and with one seed.
    """
    groups = runs.groupby(["architecture", "configuration"])[column]
    variance, degrees = groups.var(), groups.size() - 1
    others = variance.index != (architecture, cell)
    squares, total = (variance * degrees)[others].sum(), int(degrees[others].sum())
    ours = variance.loc[(architecture, cell)]
    if not squares > 0:
        return None
    return float(ours / (squares / total)), int(degrees.loc[(architecture, cell)]), total
