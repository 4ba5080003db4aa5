"""Every chart is Vega-Lite as its schema has it."""

import altair
import jsonschema
import pytest

from stages.report.site.charts import TOLD_APART, cost_chart, curves_chart, forest_chart, reliability_chart

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
    "many curves": curves_chart(curve(3 * TOLD_APART, 20), "loss", "said"),
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
