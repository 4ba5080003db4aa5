import pytest

from stages.report.entries.build import build
from stages.report.tables.results import performance, sensitivity, spread
from tests.helpers.tables import SMALL, make_results, rows, table

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_performance_row_is_exact():
    scores = {"full": [0.90, 0.91], "lora-ffn": [0.86, 0.88]}
    results = make_results(scores, architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=[])
    text = table(performance, results)
    assert rows(text, "Full FT") == [
        ["Full FT", "612.4", "100.0", r"90.50\,\textpm\,0.71", "[88.73, 91.33]", "--", "90.02", "9.8", "273"]
    ]
    assert rows(text, "LoRA FFN")[0][5] == r"$-$3.50\textsuperscript{*}"
    assert r"\itshape DistilBERT" in text


def test_baselines_stand_above_the_runs():
    text = table(performance, make_results(**SMALL))
    assert rows(text, "Majority") == [["Majority class", "--", "--", "50.00", "--", "--", "33.33", "--", "--"]]
    assert rows(text, "TF-IDF")[0][3:7] == ["88.50", "--", "--", "88.40"]
    assert rows(text, "Ceiling")[0][3] == "95.00"


def test_delta_is_in_percentage_points_not_relative():
    results = make_results({"full": [0.50], "lora-ffn": [0.60]}, **SMALL)
    assert rows(table(performance, results), "LoRA FFN")[0][5] == r"+10.00\textsuperscript{*}"


def test_one_seed_shows_a_dash_for_the_deviation():
    results = make_results({"full": [0.90], "lora-ffn": [0.88]}, **SMALL)
    assert rows(table(performance, results), "Full FT")[0][3] == r"90.00\,\textpm\,--"
    assert spread(results, build(results)) is None


def test_without_full_fine_tuning_delta_is_a_dash():
    results = make_results(**SMALL | {"configurations": ["ia3"]})
    assert rows(table(performance, results), "IA3")[0][5] == "--"


def test_sensitivity_pairs_each_method_with_its_probe():
    results = make_results({"ia3": [0.80, 0.80], "ia3-probe": [0.815, 0.825]}, architectures=["roberta"])
    text = table(sensitivity, results)
    assert rows(text, "IA3") == [["IA3", r"80.00\,\textpm\,0.00", r"82.00\,\textpm\,0.71", "+2.00", "1.000"]]
    assert [row[0] for start in ("Full", "LoRA", "QLoRA", "IA3") for row in rows(text, start)] == [
        "Full FT",
        "LoRA FFN",
        "QLoRA FFN",
        "IA3",
    ]


def test_spread_is_lowest_highest_range():
    results = make_results({"full": [0.9005, 0.8995]}, architectures=["distilbert"], configurations=["full"], probes=[])
    assert rows(table(spread, results), "Full FT") == [["Full FT", "89.95", "90.05", "0.10"]]


def test_labels_are_escaped():
    results = make_results(**SMALL | {"configuration.full.label": r"a_b & 50% \input{x} $ # { }"})
    cell = rows(table(performance, results).replace(r"\&", "AND"), r"a\_b")[0][0]
    assert cell == r"a\_b AND 50\% \textbackslash{}input\{x\} \$ \# \{ \}"
