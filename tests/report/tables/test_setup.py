import pytest

from stages.report.tables.setup import configurations, modules
from tests.helpers.tables import SMALL, make_results, rows, table

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_configurations_print_both_rates():
    text = table(configurations, make_results(architectures=["distilbert"]))
    expected = "07 & IA3 probe & IA3 & values, FFN & -- & -- & -- & adamw\\_torch\\_fused & fp32"
    assert f"{expected} & $2\\times 10^{{-5}}$ & $3\\times 10^{{-3}}$ \\\\" in text
    assert len(rows(text, "0")) == 10


def test_modules_are_those_of_the_grid():
    text = modules(make_results(**SMALL).study)
    assert r"attention, FFN & \texttt{q\_lin}, \texttt{v\_lin}, \texttt{\named{lin1}}, \texttt{\named{lin2}}" in text
    assert "values" not in text
