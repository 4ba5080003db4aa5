"""Predicted against printed memory of the published runs."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import ScalarFormatter

from stages.report.figures import style

TICKS = (0.5, 1, 2, 5, 10)  # GiB
FRESH = {"color": style.COLOURS[0], "marker": "o", "label": "fresh process"}
AFTER_OTHERS = {"color": style.COLOURS[1], "marker": "s", "fillstyle": "none", "label": "after other runs"}
WITH_RESIDUE = {"color": style.DARK, "marker": "x", "label": "the same, with what earlier runs left"}


def peaks(table: pd.DataFrame) -> Figure | None:
    """Every printed peak beside the one predicted for its run; a point on the line is predicted as it was printed.

    Args:
        table: columns of ``memory_check.PrintedPeak``.
    """
    if table.empty:
        return None
    figure = Figure(figsize=(style.COLUMN, 2.5))
    axes = figure.subplots()
    others = table[~table["fresh"]]
    series = (
        (table[table["fresh"]], "predicted_bytes", FRESH),
        (others, "predicted_bytes", AFTER_OTHERS),
        (others, "with_residue_bytes", WITH_RESIDUE),
    )
    for rows, predicted, look in series:
        axes.plot(rows["printed_bytes"] / 2**30, rows[predicted] / 2**30, linestyle="", markersize=3.5, **look)
    axes.axline((1, 1), (10, 10), color=style.GREY, linewidth=0.7, zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="Printed peak (GiB)", ylabel="Predicted peak (GiB)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ScalarFormatter())
        axis.set_ticks(TICKS, minor=False)
        axis.set_ticks([], minor=True)
    handles = [Line2D([], [], linestyle="", markersize=3.5, **look) for _, _, look in series]
    style.legend_above(axes, handles)
    return figure
