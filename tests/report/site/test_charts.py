"""Every chart is Vega-Lite as its schema has it."""

import altair
import jsonschema
import pytest

from stages.report.site.charts import (
    OF_A_LEGEND,
    axis_of_costs,
    cost_chart,
    curves_chart,
    forest_chart,
    reliability_chart,
)

POINT = {"cell": "a/b", "architecture": "A", "configuration": "B", "accuracy": 90.0, "low": 89.0, "high": 91.0}
POINT |= {"cost": 3.5, "frontier": True, "shown": "90.00%", "interval": "89.00% to 91.00%", "price": "3.5 s"}
PAIR = {"pair": "A - B", "difference": 1.0, "low": 0.5, "high": 1.5, "p": "0.001", "verdict": "distinguishable"}
BIN = {"run": "metrics/runs/a/b/42.json", "confidence": 80.0, "accuracy": 75.0, "texts": 9}


def curve(names: int, epochs: int) -> list[dict]:
    rows = []
    for name in range(names):
        cell = {"cell": f"a/{name}", "architecture": "A", "configuration": str(name)}
        rows += [cell | {"epoch": epoch, "value": 1 / epoch} for epoch in range(1, epochs + 1)]
    return rows


CHARTS = {
    "cost": cost_chart([POINT], "time (s)", "said"),
    "few curves": curves_chart(curve(3, 2), "loss", "said"),
    "many curves": curves_chart(curve(2 * OF_A_LEGEND, 20), "loss", "said"),
    "forest": forest_chart([PAIR | {"shown": "+1.00 pp", "interval": "+0.50 pp to +1.50 pp"}], "said"),
    "reliability": reliability_chart([BIN], "said"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_specification_is_valid_and_has_what_the_page_relies_on(name):
    specification = CHARTS[name]
    altair.Chart.from_dict(specification)
    assert specification["description"] == "said"
    assert specification["width"] == "container"
    assert {"hovered", "chosen"} <= {parameter["name"] for parameter in specification["params"]}
    assert specification["datasets"]["rows"]


def test_marks_on_the_axis_of_few_epochs_are_the_epochs():
    assert '"values": [1, 2]' in altair.Chart.from_dict(CHARTS["few curves"]).to_json(indent=None)


def test_a_faulty_specification_would_be_refused():
    faulty = CHARTS["cost"] | {"width": {"no": "width"}}
    with pytest.raises(jsonschema.ValidationError):
        altair.Chart.from_dict(faulty)


def costing(*costs: float) -> list[dict]:
    return [POINT | {"configuration": f"C{index}", "cost": cost} for index, cost in enumerate(costs)]


def test_one_cost_that_would_squeeze_all_others_stands_at_the_end_of_the_axis():
    points, scale = axis_of_costs(costing(*range(30, 50), 115))
    assert points[0]["beyond"] == "C20: 3.5 s, beyond the axis"
    assert (scale["clamp"], scale["zero"]) == (True, False)
    assert scale["domain"] == pytest.approx([29.24, 49.76])


@pytest.mark.parametrize(
    ("costs", "kind"),
    [
        ([30, 31, 32, 33], {"zero": False}),
        ([5, 5, 5, 5], {"zero": False}),
        ([4, 8, 8, 8, 200, 210], {"type": "log"}),  # two of six are no exception
        ([0, 8, 200], {"zero": False}),  # zero has no logarithm
        ([], {"zero": False}),
    ],
)
def test_other_costs_are_all_on_the_axis(costs, kind):
    points = costing(*costs)
    assert axis_of_costs(points) == (points, kind)


def test_of_many_curves_those_with_room_have_a_label():
    rows = CHARTS["many curves"]["datasets"]["rows"]
    assert [row["configuration"] for row in rows if row["label"] and row["epoch"] == 20] == ["0"]
    told = CHARTS["few curves"]["datasets"]["rows"]
    assert "label" not in told[0]
