"""The charts of one study: which there are, what each is called, and its specification."""

from typing import NamedTuple

import pandas as pd

from stages.core.free_text import visible
from stages.report.site.cell_rows import Cost, cell_name, costs, points, rounded
from stages.report.site.charts import cost_chart, curves_chart, forest_chart
from stages.report.site.shown import MINUS, Shown
from stages.report.site.study_data import StudyData

QUANTITIES = {  # of an epoch: title, scale
    "selection_accuracy": ("accuracy on the selection split (%)", 100.0),
    "selection_loss": ("loss on the selection split (nats)", 1.0),
    "train_loss": ("training loss (nats)", 1.0),
}


class Chart(NamedTuple):
    """One of several that stand at the same place; the reader chooses by ``title``."""

    name: str
    title: str
    specification: dict


class Difference(NamedTuple):
    """A row of the table of differences; ``second`` less ``first``."""

    architecture: str
    cells: list[str]  # of the first and the second, as the charts name them
    first: str
    second: str
    difference: Shown
    low: Shown
    high: Shown
    p: Shown
    p_holm: Shown
    verdict: str


def cost_charts(study: StudyData) -> list[Chart]:
    """One a cost."""
    return [_cost_chart(study, cost) for cost in costs(study)]


def _cost_chart(study: StudyData, cost: Cost) -> Chart:
    title = f"{cost.label} ({cost.unit.symbol})" if cost.unit.symbol else cost.label
    best = max(points(study, cost), key=lambda point: point["accuracy"], default=None)
    description = f"Test accuracy against {cost.label}, a point a configuration and architecture."
    if best:
        description += f" Most accurate: {visible(best['configuration'])} on {visible(best['architecture'])}."
    return Chart(cost.key, title, cost_chart(points(study, cost), title, f"{description} The table has all values."))


def curve_charts(study: StudyData) -> list[Chart]:
    """One an architecture and quantity; means over seeds."""
    rows = []
    for (architecture, configuration, _), path in study.paths.items():
        for epoch in study.records[path].quality.history:
            rows.append({"architecture": architecture, "configuration": configuration} | epoch.model_dump())
    means = pd.DataFrame(rows).groupby(["architecture", "configuration", "epoch"], sort=False).mean().reset_index()
    charts = []
    for quantity, (title, scale) in QUANTITIES.items():
        for architecture in study.architectures:
            of_architecture = means[means["architecture"] == architecture]
            if of_architecture.empty:
                continue
            name, label = f"{architecture}.{quantity}", study.label(architecture)
            description = f"{title} by epoch on {visible(label)}, a curve a configuration, means over seeds."
            values = [_curve_point(study, row, quantity, scale) for row in of_architecture.to_dict("records")]
            charts.append(Chart(name, f"{label}: {title}", curves_chart(values, title, description)))
    return charts


def _curve_point(study: StudyData, row: dict, quantity: str, scale: float) -> dict:
    return {
        "cell": cell_name(row["architecture"], row["configuration"]),
        "architecture": study.label(row["architecture"]),
        "configuration": study.label(row["configuration"]),
        "epoch": row["epoch"],
        "value": rounded(scale * row[quantity]),
    }


def forest_charts(study: StudyData, rows: list[Difference]) -> list[Chart]:
    """One an architecture that has tested pairs."""
    charts = []
    for architecture in study.architectures:
        label = study.label(architecture)
        values = [_forest_row(row) for row in rows if row.architecture == label]
        if values:
            apart = sum(value["verdict"] == "distinguishable" for value in values)
            description = (
                f"Differences of test accuracy of {len(values)} pairs of configurations on {visible(label)}, with "
                f"their intervals; {apart} are distinguishable. The table has all values."
            )
            charts.append(Chart(architecture, label, forest_chart(values, description)))
    return charts


def _forest_row(row: Difference) -> dict:
    return {
        "pair": f"{row.second} {MINUS} {row.first}",
        "cells": row.cells,
        "difference": rounded(100 * row.difference.order),
        "low": rounded(100 * row.low.order),
        "high": rounded(100 * row.high.order),
        "shown": row.difference.text,
        "interval": f"{row.low.text} to {row.high.text}",
        "p": row.p_holm.text,
        "verdict": row.verdict,
    }
