"""The grid as a table, and its cells as points of accuracy and cost."""

from typing import NamedTuple

import pandas as pd

from stages.analysis.costs import compared_memory, compared_time
from stages.analysis.runs import CELL
from stages.analysis.statistics import OnAxis, is_on
from stages.report.entries.results import trained_shares
from stages.report.numbers.units import PERCENT, POINTS, SECONDS, SHARE, Format, memory_unit, parameter_unit
from stages.report.site.shown import DASH, NOTHING, Shown
from stages.report.site.study_data import StudyData

HEADLINE, PROBE = "headline", "rate probe"


class Cost(NamedTuple):
    """What accuracy is set against."""

    column: str  # of the means over seeds
    key: str  # of a cell's number in the ledger
    axis: OnAxis  # as statistics call it
    label: str
    unit: Format

    @property
    def heading(self) -> str:
        """Above a column."""
        return self.label[:1].upper() + self.label[1:]


class CellRow(NamedTuple):
    """A row of the grid's table; a cell whose runs failed has dashes."""

    cell: str  # architecture/configuration
    architecture: str
    configuration: str
    role: str
    accuracy: Shown
    deviation: Shown
    low: Shown
    high: Shown
    f1: Shown
    ece: Shown
    trainable: Shown
    costs: list[Shown]
    frontier: str  # the costs of whose frontiers it is on


def cell_name(architecture: str, configuration: str) -> str:
    return f"{architecture}/{configuration}"


def costs(study: StudyData) -> list[Cost]:
    """Those that the study measured."""
    cells = study.cells
    memory = compared_memory(study.runs).label
    known = [
        Cost("peak_memory_bytes_mean", "memory", "peak_memory", memory, memory_unit(cells["peak_memory_bytes_mean"])),
        Cost("compared_seconds", "seconds", "train_seconds", compared_time(study.runs).label, SECONDS),
        Cost(
            "trainable_parameters",
            "trainable",
            "trainable_parameters",
            "trainable parameters",
            parameter_unit(cells["total_parameters"]),
        ),
    ]
    return [cost for cost in known if cost.column in cells and cells[cost.column].notna().any()]


def intervals(study: StudyData) -> dict[tuple[str, str], dict]:
    """By cell, its entry of the statistics; none where runs failed."""
    return {(entry["architecture"], entry["configuration"]): entry for entry in study.statistics["accuracy"]}


def mean_errors(study: StudyData) -> pd.Series:
    """Expected calibration error by cell, the mean over its runs."""
    entries = pd.DataFrame(study.statistics["calibration"])
    return entries.groupby(CELL)["expected_calibration_error"].mean()


def cell_rows(study: StudyData) -> list[CellRow]:
    """In the grid's order."""
    priced, known, errors = costs(study), intervals(study), mean_errors(study)
    shares = trained_shares(study.runs)
    frontiers = {cost.label: on_frontier(study, cost) for cost in priced}
    rows = []
    for (architecture, configuration), cell in study.cells.iterrows():
        key, show = f"{architecture}.{configuration}", study.printer.show
        interval = known.get((architecture, configuration), {}).get("interval")
        on = [label for label, cells in frontiers.items() if (architecture, configuration) in cells]
        rows.append(
            CellRow(
                cell=cell_name(architecture, configuration),
                architecture=study.label(architecture),
                configuration=study.label(configuration),
                role=HEADLINE if cell["role"] == "train" else PROBE,
                accuracy=show(cell["test_accuracy_mean"], PERCENT, f"{key}.accuracy"),
                deviation=show(cell["test_accuracy_sd"], POINTS, f"{key}.accuracy_sd"),
                low=show(interval["low"], PERCENT, f"{key}.interval_low") if interval else NOTHING,
                high=show(interval["high"], PERCENT, f"{key}.interval_high") if interval else NOTHING,
                f1=show(cell["test_f1_macro_mean"], PERCENT, f"{key}.f1"),
                ece=show(errors.get((architecture, configuration)), PERCENT, f"{key}.ece"),
                trainable=show(shares.get((architecture, configuration)), SHARE, f"{key}.trainable_share"),
                costs=[show(cell[cost.column], cost.unit, f"{key}.{cost.key}") for cost in priced],
                frontier=", ".join(on) or DASH,
            )
        )
    return rows


def on_frontier(study: StudyData, cost: Cost) -> set[tuple[str, str]]:
    """Cells that are on the frontier of their architecture; none for a cost that an older study's statistics lack."""
    return {
        (place["architecture"], place["configuration"])
        for place in study.statistics["frontiers"]
        if place["cost"] == cost.axis and place.get("among") != "all" and is_on(place["probability"])
    }


def points(study: StudyData, cost: Cost) -> list[dict]:
    """Headline cells as points: accuracy in percent with its interval, cost in its unit."""
    frontier, known, found = on_frontier(study, cost), intervals(study), []
    for (architecture, configuration), cell in study.headline.iterrows():
        interval = known.get((architecture, configuration), {}).get("interval")
        show = study.printer.show
        found.append(
            {
                "cell": cell_name(architecture, configuration),
                "architecture": study.label(architecture),
                "configuration": study.label(configuration),
                "accuracy": rounded(100 * cell["test_accuracy_mean"]),
                "low": rounded(100 * interval["low"]) if interval else None,
                "high": rounded(100 * interval["high"]) if interval else None,
                "cost": rounded(cost.unit.scale * cell[cost.column]),
                "frontier": (architecture, configuration) in frontier,
                "shown": show(cell["test_accuracy_mean"], PERCENT).text,
                "interval": _interval(study, interval),
                "price": show(cell[cost.column], cost.unit).text,
            }
        )
    return found


def _interval(study: StudyData, interval: dict | None) -> str:
    if interval is None:
        return DASH
    low, high = (study.printer.show(interval[end], PERCENT).text for end in ("low", "high"))
    return f"{low} to {high}"


def rounded(value: float) -> float:
    """To as many digits as a chart can show."""
    return float(f"{value:.6g}")
