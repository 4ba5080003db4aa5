import pytest

from stages.report.tables.results import architectures, costs, differences, performance
from tests.helpers.tables import SMALL, make_results, rows, table

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_performance_row_is_exact():
    scores = {"full": [0.90, 0.91], "lora-ffn": [0.86, 0.88]}
    results = make_results(scores, architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=[])
    text = table(performance, results)
    assert rows(text, "Full FT") == [["Full FT", "100.0", r"90.50\,\textpm\,0.71", "[88.73, 91.33]", "--"]]
    assert rows(text, "LoRA FFN")[0][4] == r"$-$3.50\textsuperscript{*}"
    assert r"95\,\% interval" in text
    assert r"\itshape mini-DistilBERT" in text


def test_baselines_stand_above_the_runs():
    text = table(performance, make_results(**SMALL))
    assert rows(text, "Majority") == [["Majority class", "--", "50.00", "--", "--"]]
    assert rows(text, "TF-IDF") == [["TF-IDF, logistic regression", "--", "88.50", "--", "--"]]
    assert rows(text, "Ceiling")[0][2] == "95.00"


def test_macro_f1_stands_where_it_ranks_and_only_there():
    assert "Macro-F1" not in table(performance, make_results(**SMALL))


def test_delta_is_in_percentage_points_not_relative():
    results = make_results({"full": [0.50], "lora-ffn": [0.60]}, **SMALL)
    assert rows(table(performance, results), "LoRA FFN")[0][4] == r"+10.00\textsuperscript{*}"


def test_one_seed_shows_a_dash_for_the_deviation():
    results = make_results({"full": [0.90], "lora-ffn": [0.88]}, **SMALL)
    assert rows(table(performance, results), "Full FT")[0][2] == r"90.00\,\textpm\,--"


def test_without_full_fine_tuning_delta_is_a_dash():
    results = make_results(**SMALL | {"configurations": ["ia3"]})
    assert rows(table(performance, results), "IA3")[0][4] == "--"


def test_differences_are_from_full_fine_tuning_then_steps_in_one_choice():
    results = make_results({"ia3": [0.80, 0.80], "ia3-probe": [0.815, 0.825]}, architectures=["roberta"])
    text = table(differences, results)
    assert rows(text, "IA3 probe") == [
        ["IA3 probe against IA3", r"+2.00\hphantom{\textsuperscript{*}}", rows(text, "IA3 probe")[0][2], "0.500"]
    ]
    names = [line.partition(" & ")[0] for line in text.splitlines() if " against " in line]
    assert names == [
        *(f"{name} against Full FT" for name in ("LoRA r=8", "LoRA r=16", "LoRA FFN", "QLoRA FFN", "IA3")),
        "QLoRA FFN probe against Full FT",
        "LoRA r=16 against LoRA r=8",
        "LoRA FFN against LoRA r=16",
        "QLoRA FFN against LoRA FFN",
        "Full FT probe against Full FT",
        "LoRA FFN probe against LoRA FFN",
        "QLoRA FFN probe against QLoRA FFN",
        "IA3 probe against IA3",
    ]


def test_no_pair_no_table():
    assert differences(make_results(**SMALL | {"configurations": ["full"]}), None) is None


def test_costs_have_what_a_run_stores_and_how_long_it_takes_to_test():
    text = table(costs, make_results(**SMALL))
    assert r"Configuration & Trained (k) & Stored (KiB) & Memory (MiB) & Train (s) & Test (s) \\" in text
    assert len(rows(text, "LoRA FFN")[0]) == 6
    assert "--" not in rows(text, "LoRA FFN")[0]


def test_several_architectures_are_summed_up():
    scores = {"full": [0.90] * 4, "lora-ffn": [0.86] * 4, "ia3": [0.85] * 4}
    grid = {"architectures": ["distilbert", "roberta"], "configurations": ["full", "lora-ffn", "ia3"], "probes": []}
    text = table(architectures, make_results(scores, **grid))
    row = ["90.00", "LoRA FFN", "86.00", r"$-$4.00\textsuperscript{*}", "IA3", "85.00", "1"]
    assert rows(text, "mini-") == [["mini-DistilBERT", *row], ["mini-RoBERTa", *row]]
    heads = [r"Full FT (\%)", "Best adapter", r"Its mean (\%)", r"$\Delta$ (pp)", "Weakest adapter", r"Its mean (\%)"]
    assert rows(text, "Architecture") == [["Architecture", *heads, "Above bag, of 3"]]
    assert r"\textsuperscript{*}\,distinguishable from zero by the paired test" in text


def test_one_architecture_needs_no_sum():
    assert architectures(make_results(**SMALL), None) is None


def test_labels_are_escaped():
    results = make_results(**SMALL | {"configuration.full.label": r"a_b & 50% \input{x} $ # { }"})
    cell = rows(table(performance, results).replace(r"\&", "AND"), r"a\_b")[0][0]
    assert cell == r"a\_b AND 50\% \textbackslash{}input\{x\} \$ \# \{ \}"
