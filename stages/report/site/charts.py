"""The charts as Vega-Lite specifications, by Altair.

Each takes its width from the page. ``hovered`` and ``chosen`` hold the cell that is pointed at and the one that is
selected, here or in a table: the page's script sets them in all charts alike.
"""

import altair as alt

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00"]  # Okabe and Ito's, no yellow
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [10, 4], [1, 3]]
GREY, MARK = "#6b6b6b", "#b00020"
TOLD_APART = len(COLOURS)  # curves that a legend tells apart
FEW_EPOCHS = 12
# Of a narrow screen, labels take less.
LABEL_LIMIT, COLUMNS = "containerSize()[0] < 600 ? 165 : 220", "max(1, floor(containerSize()[0] / 190))"
LEGEND = {"orient": "bottom", "columns": alt.ExprRef(COLUMNS), "labelFontSize": 12, "labelLimit": 150}
LEGEND |= {"symbolStrokeWidth": 2}
NOBODY = ""
ROWS = alt.NamedData(name="rows")
EMPHASIS = "datum.cell === hovered || datum.cell === chosen"
NAMES = [alt.Tooltip("configuration:N", title="configuration"), alt.Tooltip("architecture:N", title="architecture")]


def cost_chart(points: list[dict], title: str, description: str) -> dict:
    """Accuracy against a cost: a point a cell with its interval, the frontier drawn through."""
    y = alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False))
    x = alt.X("cost:Q", title=title, scale=alt.Scale(zero=False))
    colour = alt.Color("architecture:N", title=None, scale=alt.Scale(range=COLOURS), sort=None)
    base = alt.Chart(ROWS).encode(x=x)
    frontier = base.transform_filter("datum.frontier").mark_line(
        interpolate="step-after", color=GREY, strokeDash=[4, 3]
    )
    bars = base.mark_rule(color=GREY, opacity=0.5).encode(y=alt.Y("low:Q", title="test accuracy (%)"), y2="high:Q")
    dots = base.mark_point(filled=True, opacity=1, cursor="pointer").encode(
        y=y,
        color=colour,
        shape=alt.Shape("architecture:N", title=None, scale=alt.Scale(range=SHAPES), sort=None),
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
    return _specification(alt.layer(bars, frontier.encode(y=y), dots), points, 340, description)


def curves_chart(rows: list[dict], title: str, description: str) -> dict:
    """A quantity by epoch, a curve a configuration; of too many, those pointed at are told apart alone."""
    names = list(dict.fromkeys(row["configuration"] for row in rows))
    base = alt.Chart(ROWS).encode(
        x=alt.X("epoch:Q", title="epoch", axis=_epochs(rows)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
        detail="configuration:N",
        tooltip=[*NAMES, alt.Tooltip("epoch:Q", title="epoch"), alt.Tooltip("value:Q", title=title, format=".4~g")],
        strokeWidth=alt.condition(EMPHASIS, alt.value(4), alt.value(1.5)),
    )
    if len(names) <= 2 * TOLD_APART:
        colours = [COLOURS[index % TOLD_APART] for index in range(len(names))]
        dashes = [DASHES[(index + index // TOLD_APART) % TOLD_APART] for index in range(len(names))]
        told = alt.Scale(domain=names, range=colours)
        legend = alt.Legend(symbolType="stroke", symbolSize=250)
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
    return _specification(alt.layer(line, dots), rows, 320, description)


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
        y=alt.Y("pair:N", title=None, sort=order, axis=alt.Axis(labelLimit=alt.ExprRef(LABEL_LIMIT), labelFontSize=11)),
        color=alt.Color("verdict:N", title=None, scale=colours),
        tooltip=tooltip,
    )
    bars = base.mark_rule().encode(x=alt.X("low:Q", title="difference of test accuracy (pp)"), x2="high:Q")
    shape = alt.Shape("verdict:N", title=None, scale=shapes)
    dots = base.mark_point(filled=True, opacity=1, size=60).encode(x="difference:Q", shape=shape)
    zero = alt.Chart(alt.Data(values=[{"zero": 0}])).mark_rule(color="#333", strokeDash=[3, 3]).encode(x="zero:Q")
    return _specification(alt.layer(zero, bars, dots), rows, max(90, 18 * len(rows)), description)


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
