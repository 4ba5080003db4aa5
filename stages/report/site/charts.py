"""The charts as Vega-Lite specifications, by Altair.

Each takes its width from the page. ``hovered`` and ``chosen`` hold the cell that is pointed at and the one that is
selected, here or in a table: the page's script sets them in all charts alike.
"""

import altair as alt
import numpy as np

from stages.report.site.shown import MINUS

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00"]  # Okabe and Ito's, no yellow
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [10, 4], [1, 3]]
GREY, MARK = "#6b6b6b", "#b00020"
TOLD_APART = len(COLOURS)
OF_A_LEGEND = 2 * TOLD_APART  # curves that a legend tells apart; of more, labels beside them do
LABELS_APART = 0.05  # of the range of the values: the room that a label takes
FEW_EPOCHS = 12
NARROW = 600  # of a narrower place, labels have a line for each of their two names
LEGEND = {"orient": "bottom", "labelFontSize": 12, "symbolStrokeWidth": 2}
LETTER, SYMBOL = 7, 50  # of a legend, in pixels: as wide are its letters and what stands beside them
LOGARITHMIC = 5  # times the median: costs that reach further are on a logarithmic axis
FAR, MOST_FAR = 6, 0.1  # interquartile ranges beyond the quartiles; share of the points that may be as far
SQUEEZED = 0.5  # of the axis: others that have less of it get the whole
MARGIN = 0.04  # of their range
NOBODY = ""
ROWS = alt.NamedData(name="rows")
EMPHASIS = "datum.cell === hovered || datum.cell === chosen"
IN_PAIR = "indexof(datum.cells, chosen) >= 0 || indexof(datum.cells, hovered) >= 0"
NAMES = [alt.Tooltip("configuration:N", title="configuration"), alt.Tooltip("architecture:N", title="architecture")]


def cost_chart(points: list[dict], title: str, description: str) -> dict:
    """Accuracy against a cost: a point a cell with its interval, the frontier of each architecture drawn through."""
    points, scale = axis_of_costs(points)
    y = alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False))
    x = alt.X(
        "cost:Q", title=f"{title}, logarithmic" if scale.get("type") == "log" else title, scale=alt.Scale(**scale)
    )
    legend = alt.Legend(**_legend([point["architecture"] for point in points]))
    colour = alt.Color("architecture:N", title=None, scale=alt.Scale(range=COLOURS), sort=None, legend=legend)
    base = alt.Chart(ROWS).encode(x=x)
    frontier = base.transform_filter("datum.frontier").mark_line(
        interpolate="step-after", color=GREY, strokeDash=[4, 3]
    )
    bars = base.mark_rule(color=GREY, opacity=0.5).encode(y=alt.Y("low:Q", title="test accuracy (%)"), y2="high:Q")
    dots = base.mark_point(filled=True, opacity=1, cursor="pointer").encode(
        y=y,
        color=colour,
        shape=alt.Shape("architecture:N", title=None, scale=alt.Scale(range=SHAPES), sort=None, legend=legend),
        size=alt.condition(EMPHASIS, alt.value(260), alt.value(80)),
        stroke=alt.condition(EMPHASIS, alt.value(MARK), alt.value("white")),
        strokeWidth=alt.condition(EMPHASIS, alt.value(2.5), alt.value(0.5)),
        tooltip=[
            *NAMES,
            alt.Tooltip("shown:N", title="accuracy"),
            alt.Tooltip("interval:N", title="interval"),
            alt.Tooltip("price:N", title="cost"),
        ],
    )
    layers = [bars, frontier.encode(y=y, detail="architecture:N"), dots]
    if any(point.get("beyond") for point in points):
        words = alt.Chart(ROWS).transform_filter("datum.beyond")
        words = words.mark_text(align="right", baseline="top", lineBreak="\n", fontSize=11)
        layers.append(words.encode(x=alt.value("width"), y=alt.value(0), text="beyond:N"))
    return _specification(alt.layer(*layers), points, 340, description)


def axis_of_costs(points: list[dict]) -> tuple[list[dict], dict]:
    """The points, and the scale of Vega-Lite: logarithmic where costs reach far, without the few that squeeze the rest.

    Those stand at its end; ``beyond`` of the first point says which they are.
    """
    costs = np.array([point["cost"] for point in points], dtype=float)
    if len(costs) == 0 or costs.min() <= 0:
        return points, {"zero": False}
    is_log = bool(costs.max() > LOGARITHMIC * np.median(costs))
    places = np.log(costs) if is_log else costs
    kind = {"type": "log"} if is_log else {"zero": False}
    quarter, three_quarters = np.quantile(places, [0.25, 0.75])
    fence = three_quarters + FAR * (three_quarters - quarter)
    is_far = places > fence
    near = places[~is_far]
    if not 0 < is_far.mean() <= MOST_FAR or np.ptp(near) > SQUEEZED * np.ptp(places):
        return points, kind
    ends = np.array([near.min(), near.max()]) + MARGIN * np.ptp(near) * np.array([-1, 1])
    domain = (np.exp(ends) if is_log else ends).tolist()
    words = [
        f"{point['configuration']}: {point['price']}, beyond the axis"
        for point, far in zip(points, is_far, strict=True)
        if far
    ]
    noted = [points[0] | {"beyond": "\n".join(words)}, *points[1:]]
    return noted, kind | {"domain": domain, "clamp": True, "nice": False}


def curves_chart(rows: list[dict], title: str, description: str) -> dict:
    """A quantity by epoch, a curve a configuration; of too many for a legend, those with room for it have a label."""
    names = list(dict.fromkeys(row["configuration"] for row in rows))
    base = alt.Chart(ROWS).encode(
        x=alt.X("epoch:Q", title="epoch", axis=_epochs(rows)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
        detail="configuration:N",
        tooltip=[*NAMES, alt.Tooltip("epoch:Q", title="epoch"), alt.Tooltip("value:Q", title=title, format=".4~g")],
        strokeWidth=alt.condition(EMPHASIS, alt.value(4), alt.value(1.5)),
    )
    if len(names) <= OF_A_LEGEND:
        colours = [COLOURS[index % TOLD_APART] for index in range(len(names))]
        dashes = [DASHES[(index + index // TOLD_APART) % TOLD_APART] for index in range(len(names))]
        told = alt.Scale(domain=names, range=colours)
        legend = alt.Legend(symbolType="stroke", symbolSize=250, **_legend(names))
        base = base.encode(color=alt.Color("configuration:N", title=None, scale=told, legend=legend))
        line = base.mark_line(cursor="pointer").encode(
            strokeDash=alt.StrokeDash(
                "configuration:N", title=None, scale=alt.Scale(domain=names, range=dashes), legend=legend
            )
        )
    else:
        base = base.encode(color=alt.condition(EMPHASIS, alt.value(MARK), alt.value(GREY)))
        line = base.mark_line(cursor="pointer", opacity=0.5)
    dots = base.mark_point(filled=True, opacity=1, cursor="pointer", size=30)
    layers = [line, dots]
    if len(names) > OF_A_LEGEND:
        rows = _labelled(rows)
        ends = f"datum.epoch === {max(row['epoch'] for row in rows)} && (datum.label || {EMPHASIS})"
        words = base.transform_filter(ends).mark_text(align="right", dx=-8, dy=-7, fontSize=11)
        layers.append(words.encode(text="configuration:N", strokeWidth=alt.value(0)))
    return _specification(alt.layer(*layers), rows, 320, description)


def _labelled(rows: list[dict]) -> list[dict]:
    """The rows with ``label``: whether the end of the curve has room for its name, from the highest down."""
    last = max(row["epoch"] for row in rows)
    values = [row["value"] for row in rows]
    room = LABELS_APART * (max(values) - min(values))
    labelled, above = set(), float("inf")
    for row in sorted((row for row in rows if row["epoch"] == last), key=lambda row: -row["value"]):
        if above - row["value"] >= room:
            labelled.add(row["configuration"])
            above = row["value"]
    return [row | {"label": row["configuration"] in labelled} for row in rows]


def _legend(names: list[str], share: float = 1) -> dict:
    """As many columns as this share of the place has room for; no name is cut that the place has room for."""
    width = LETTER * max(map(len, names), default=0) + SYMBOL
    return {
        "columns": alt.ExprRef(f"max(1, floor({share} * containerSize()[0] / {width}))"),
        "labelLimit": alt.ExprRef(f"containerSize()[0] - {SYMBOL}"),
    }


def _epochs(rows: list[dict]) -> alt.Axis:
    """A mark an epoch, or as many as there is room for."""
    epochs = sorted({row["epoch"] for row in rows})
    return alt.Axis(values=epochs, format="d") if len(epochs) <= FEW_EPOCHS else alt.Axis(tickMinStep=1, format="d")


def forest_chart(rows: list[dict], description: str) -> dict:
    """Differences of accuracy with their intervals, the largest above."""
    order = [row["pair"] for row in sorted(rows, key=lambda row: -row["difference"])]
    verdicts = ["distinguishable", "not distinguishable"]
    colours = alt.Scale(domain=verdicts, range=[COLOURS[0], GREY])
    shapes = alt.Scale(domain=verdicts, range=["circle", "diamond"])
    tooltip = [
        alt.Tooltip("pair:N", title="pair"),
        alt.Tooltip("shown:N", title="difference"),
        alt.Tooltip("interval:N", title="interval"),
        alt.Tooltip("p:N", title="p, corrected (Holm)"),
        alt.Tooltip("verdict:N", title="verdict"),
    ]
    base = alt.Chart(ROWS).encode(
        y=alt.Y("pair:N", title=None, sort=order, axis=_pair_axis()),
        color=alt.Color("verdict:N", title=None, scale=colours, legend=alt.Legend(**_legend(verdicts, 0.5))),
        tooltip=tooltip,
    )
    bars = base.mark_rule().encode(
        x=alt.X("low:Q", title="difference of test accuracy (pp)", axis=alt.Axis(titleAnchor="end")), x2="high:Q"
    )
    shape = alt.Shape("verdict:N", title=None, scale=shapes, legend=alt.Legend(**_legend(verdicts, 0.5)))
    dots = base.mark_point(filled=True, opacity=1, size=60).encode(
        x="difference:Q",
        shape=shape,
        stroke=alt.condition(IN_PAIR, alt.value(MARK), alt.value("white")),
        strokeWidth=alt.condition(IN_PAIR, alt.value(3), alt.value(0)),
    )
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color="#333", strokeDash=[3, 3]).encode(x="zero:Q")
    specification = _specification(alt.layer(zero, bars, dots), rows, max(90, 18 * len(rows)), description)
    return specification | {"usermeta": {"narrowHeight": max(90, 30 * len(rows))}}  # which the page's script takes


def _pair_axis() -> alt.Axis:
    """Names of pairs, in a narrow place one below the other."""
    is_narrow = f"containerSize()[0] < {NARROW}"
    return alt.Axis(
        labelExpr=f"{is_narrow} ? split(replace(datum.label, ' {MINUS} ', '\\n{MINUS} '), '\\n') : datum.label",
        labelLimit=alt.ExprRef(f"containerSize()[0] * ({is_narrow} ? 0.5 : 0.4)"),
        labelFontSize=11,
    )


def reliability_chart(rows: list[dict], description: str) -> dict:
    """Accuracy against confidence of the run that ``run`` names, a point a bin."""
    sides, most = alt.Scale(domain=[0, 100]), max(row["texts"] for row in rows)
    ends = alt.Data(values=[{"both": 0}, {"both": 100}])
    both = {"x": alt.X("both:Q", scale=sides), "y": alt.Y("both:Q", scale=sides)}
    diagonal = alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 3]).encode(**both)
    bins = alt.Chart(ROWS).transform_filter("datum.run === run")
    dots = bins.mark_point(filled=True, opacity=0.9, color=COLOURS[0]).encode(
        x=alt.X("confidence:Q", title="mean confidence (%)", scale=sides),
        y=alt.Y("accuracy:Q", title="accuracy (%)", scale=sides),
        size=alt.Size("texts:Q", scale=alt.Scale(domain=[0, most], range=[25, 400]), legend=None),
        tooltip=[
            alt.Tooltip("confidence:Q", title="confidence (%)", format=".1f"),
            alt.Tooltip("accuracy:Q", title="accuracy (%)", format=".1f"),
            alt.Tooltip("texts:Q", title="texts"),
        ],
    )
    layers = alt.layer(diagonal, dots).add_params(alt.param(name="run", value=rows[0]["run"]))
    return _specification(layers, rows, 300, description)


def _specification(chart: alt.LayerChart, rows: list[dict], height: int, description: str) -> dict:
    """What the page hands to Vega-Embed; ``description`` is what a screen reader says of it.

    The rows are put in afterwards: Altair copies and checks all that it is given, many times over.
    """
    whole = (
        chart.add_params(alt.param(name="hovered", value=NOBODY), alt.param(name="chosen", value=NOBODY))
        .properties(width="container", height=height, description=description)
        .configure(font="system-ui, sans-serif")
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", gridColor="#e4e4e4")
        .configure_legend(**LEGEND)
        .configure_view(stroke=None)
    )
    specification = whole.to_dict(validate=False)  # tests/report/site/test_charts.py does, once a chart
    specification["datasets"] = specification.get("datasets", {}) | {ROWS.name: rows}
    return specification
