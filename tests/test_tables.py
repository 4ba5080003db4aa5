from pathlib import Path

import pytest

from stages import collect, tables
from stages.lib.runs import read_runs, summarise
from tests.fixtures import make_baselines, write_results

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def results(**changes):
    study = write_results(**changes)
    collect.main()
    return study, read_runs()


def rows(table: str, start: str) -> list[list[str]]:
    lines = [line.removesuffix(r" \\") for line in table.splitlines() if line.startswith(start)]
    return [line.split(" & ") for line in lines]


def with_accuracy(runs, scores: dict[str, list[float]]):
    for name, values in scores.items():
        runs.loc[runs["configuration"] == name, "test_accuracy"] = values
    return runs


def test_performance_row_is_exact():
    study, runs = results(architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=[])
    runs = with_accuracy(runs, {"full": [0.90, 0.91], "lora-ffn": [0.86, 0.88]})
    table = tables.performance(summarise(runs), study, make_baselines())
    assert rows(table, "Full FT") == [
        ["Full FT", "612.4", "100.0", r"90.50\,\textpm\,0.71", "{--}", "89.98", "9.8", "272"]
    ]
    assert rows(table, "LoRA FFN")[0][3:5] == [r"87.00\,\textpm\,1.41", "-3.50"]
    assert r"\itshape DistilBERT" in table


def test_delta_is_in_percentage_points_not_relative():
    study, runs = results(**SMALL)
    runs = with_accuracy(runs, {"full": [0.50], "lora-ffn": [0.60]})
    assert rows(tables.performance(summarise(runs), study, make_baselines()), "LoRA FFN")[0][4] == "+10.00"


def test_one_seed_shows_a_dash_for_the_deviation():
    study, runs = results(**SMALL)
    runs = with_accuracy(runs, {"full": [0.90], "lora-ffn": [0.88]})
    assert rows(tables.performance(summarise(runs), study, make_baselines()), "Full FT")[0][3] == r"90.00\,\textpm\,--"
    assert tables.spread(summarise(runs), study) is None


def test_without_full_fine_tuning_delta_is_a_dash():
    study, runs = results(**SMALL | {"configurations": ["ia3"]})
    assert rows(tables.performance(summarise(runs), study, make_baselines()), "IA3")[0][4] == "{--}"


def test_sensitivity_pairs_each_method_with_its_probe():
    study, runs = results(architectures=["roberta"])
    runs = with_accuracy(runs, {"ia3": [0.80, 0.80], "ia3-probe": [0.815, 0.825]})
    table = tables.sensitivity(summarise(runs), study)
    assert rows(table, "IA3") == [["IA3", r"80.00\,\textpm\,0.00", r"82.00\,\textpm\,0.71", "+2.00"]]
    assert [row[0] for start in ("Full", "LoRA", "QLoRA", "IA3") for row in rows(table, start)] == [
        "Full FT",
        "LoRA FFN",
        "QLoRA FFN",
        "IA3",
    ]


def test_configurations_print_both_rates():
    study, runs = results(architectures=["distilbert"])
    table = tables.configurations(runs, study)
    expected = "07 & IA3 probe & (IA)\\textsuperscript{3} & values, FFN & -- & -- & -- & adamw\\_torch & fp32"
    assert f"{expected} & $2\\times 10^{{-5}}$ & $3\\times 10^{{-3}}$ \\\\" in table
    assert len(rows(table, "0")) == 10


def test_modules_are_those_of_the_grid():
    study, _ = results(**SMALL)
    table = tables.modules(study)
    assert r"attention, FFN & \texttt{q\_lin}, \texttt{v\_lin}, \texttt{lin1}, \texttt{lin2}" in table
    assert "values" not in table


def test_spread_is_lowest_highest_range():
    study, runs = results(architectures=["distilbert"], configurations=["full"], probes=[])
    runs = with_accuracy(runs, {"full": [0.9005, 0.8995]})
    assert rows(tables.spread(summarise(runs), study), "Full FT") == [["Full FT", "89.95", "90.05", "0.10"]]


def test_labels_are_escaped():
    study, runs = results(**SMALL | {"configuration.full.label": r"a_b & 50% \input{x} $ # { }"})
    cell = rows(tables.performance(summarise(runs), study, make_baselines()).replace(r"\&", "AND"), r"a\_b")[0][0]
    assert cell == r"a\_b AND 50\% \textbackslash{}input\{x\} \$ \# \{ \}"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["configurations", "modules", "performance", "sensitivity", "spread"]),
        (SMALL, ["configurations", "modules", "performance"]),
        (SMALL | {"configurations": ["full"]}, ["configurations", "performance"]),
    ],
)
def test_main_writes_the_tables_that_have_rows(changes, names):
    results(**changes)
    Path("paper/generated/tables").mkdir(parents=True)
    Path("paper/generated/tables/leftover.tex").touch()
    tables.main()
    assert sorted(path.stem for path in Path("paper/generated/tables").iterdir()) == names
