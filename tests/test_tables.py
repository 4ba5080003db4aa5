from pathlib import Path

import pytest

from stages import collect, tables
from stages.analysis.runs import CELL, summarise
from stages.report.entries.build import build
from stages.report.entries.inputs import Results, read_results
from stages.report.numbers.ledger import Numbers
from stages.report.tables.results import performance, sensitivity, spread
from stages.report.tables.setup import configurations, modules
from stages.report.text.lint import check_table
from tests.helpers.results import judge_published_study, write_results
from tests.test_paper import untraced

EVERY = [
    "choices",
    "claims",
    "configurations",
    "contradictions",
    "evidence",
    "memory",
    "modules",
    "performance",
    "protocols",
    "reliability",
    "sensitivity",
    "spread",
]
ALWAYS = [name for name in EVERY if name not in ("choices", "modules", "sensitivity", "spread")]
SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def results(scores: dict[str, list[float]] | None = None, **changes) -> Results:
    """Results of a changed params.yaml, with the accuracies of some configurations replaced."""
    write_results(**changes)
    collect.main()
    judge_published_study()
    found = read_results()
    for name, values in (scores or {}).items():
        found.runs.loc[found.runs["configuration"] == name, "test_accuracy"] = values
    return found._replace(cells=summarise(found.runs).set_index(CELL))


def table(make, found: Results) -> str:
    """A table without the links of its numbers."""
    return untraced(make(found, build(found)))


def rows(table: str, start: str) -> list[list[str]]:
    lines = [line.removesuffix(r" \\") for line in table.splitlines() if line.startswith(start)]
    return [line.split(" & ") for line in lines]


def test_performance_row_is_exact():
    scores = {"full": [0.90, 0.91], "lora-ffn": [0.86, 0.88]}
    found = results(scores, architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=[])
    made = table(performance, found)
    assert rows(made, "Full FT") == [
        ["Full FT", "612.4", "100.0", r"90.50\,\textpm\,0.71", "[88.72, 91.32]", "--", "89.98", "9.8", "272"]
    ]
    assert rows(made, "LoRA FFN")[0][5] == r"$-$3.50\textsuperscript{*}"
    assert r"\itshape DistilBERT" in made


def test_baselines_stand_above_the_runs():
    made = table(performance, results(**SMALL))
    assert rows(made, "Majority") == [["Majority class", "--", "--", "50.00", "--", "--", "--", "--", "--"]]
    assert rows(made, "TF-IDF")[0][3:7] == ["88.50", "--", "--", "88.40"]
    assert rows(made, "Ceiling")[0][3] == "95.00"


def test_delta_is_in_percentage_points_not_relative():
    found = results({"full": [0.50], "lora-ffn": [0.60]}, **SMALL)
    assert rows(table(performance, found), "LoRA FFN")[0][5] == r"+10.00\textsuperscript{*}"


def test_one_seed_shows_a_dash_for_the_deviation():
    found = results({"full": [0.90], "lora-ffn": [0.88]}, **SMALL)
    assert rows(table(performance, found), "Full FT")[0][3] == r"90.00\,\textpm\,--"
    assert spread(found, build(found)) is None


def test_without_full_fine_tuning_delta_is_a_dash():
    found = results(**SMALL | {"configurations": ["ia3"]})
    assert rows(table(performance, found), "IA3")[0][5] == "--"


def test_sensitivity_pairs_each_method_with_its_probe():
    found = results({"ia3": [0.80, 0.80], "ia3-probe": [0.815, 0.825]}, architectures=["roberta"])
    made = table(sensitivity, found)
    assert rows(made, "IA3") == [["IA3", r"80.00\,\textpm\,0.00", r"82.00\,\textpm\,0.71", "+2.00", "1.000"]]
    assert [row[0] for start in ("Full", "LoRA", "QLoRA", "IA3") for row in rows(made, start)] == [
        "Full FT",
        "LoRA FFN",
        "QLoRA FFN",
        "IA3",
    ]


def test_configurations_print_both_rates():
    made = table(configurations, results(architectures=["distilbert"]))
    expected = "07 & IA3 probe & (IA)\\textsuperscript{3} & values, FFN & -- & -- & -- & adamw\\_torch\\_fused & fp32"
    assert f"{expected} & $2\\times 10^{{-5}}$ & $3\\times 10^{{-3}}$ \\\\" in made
    assert len(rows(made, "0")) == 10


def test_every_numeral_is_linked_to_the_ledger():
    found = results()
    for name in EVERY:
        if name == "modules":
            continue  # names alone
        make = getattr(tables, name)
        Path("table.tex").write_text(make(found, build(found)), encoding="utf-8")
        check_table(Path("table.tex"))


def test_modules_are_those_of_the_grid():
    made = modules(results(**SMALL).study)
    assert r"attention, FFN & \texttt{q\_lin}, \texttt{v\_lin}, \texttt{lin1}, \texttt{lin2}" in made
    assert "values" not in made


def test_spread_is_lowest_highest_range():
    found = results({"full": [0.9005, 0.8995]}, architectures=["distilbert"], configurations=["full"], probes=[])
    assert rows(table(spread, found), "Full FT") == [["Full FT", "89.95", "90.05", "0.10"]]


def test_labels_are_escaped():
    found = results(**SMALL | {"configuration.full.label": r"a_b & 50% \input{x} $ # { }"})
    cell = rows(table(performance, found).replace(r"\&", "AND"), r"a\_b")[0][0]
    assert cell == r"a\_b AND 50\% \textbackslash{}input\{x\} \$ \# \{ \}"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, EVERY),
        (SMALL, sorted([*ALWAYS, "modules"])),
        (SMALL | {"configurations": ["full"]}, ALWAYS),
    ],
)
def test_main_writes_the_tables_that_have_rows(changes, names):
    results(**changes)
    Path("paper/generated/tables").mkdir(parents=True)
    Path("paper/generated/tables/leftover.tex").touch()
    tables.main()
    assert sorted(path.stem for path in Path("paper/generated/tables").glob("*.tex")) == names
    assert all(number.text for number in Numbers.read_from(tables.NUMBERS).root.values())
