"""Which rate a cell is shown at: exact choices, ties, failures, edges; and what a sweep leaves behind."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import collect
from stages.analysis.answers import read_predictions
from stages.analysis.runs import read_failed, read_runs
from stages.core.errors import InputError
from stages.study.failures import failure_path
from stages.training.record import Record
from stages.tuning.choice import COLUMNS, choose
from stages.tuning.tuning import TriedRate, TunedCell, Tuning
from tests.helpers.grids import failure_of
from tests.helpers.records import as_predicted, with_confusion
from tests.helpers.results import write_results

GRID = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "ia3"], "probes": [], "seeds": [42, 43]}
SWEPT = GRID | {"rate_factors": [0.3, 3, 10]}


def tried(factor: str, accuracy: list[float | None], loss: list[float | None] | None = None) -> TriedRate:
    loss = loss or [None if score is None else 0.5 for score in accuracy]
    rate = float(factor)
    return TriedRate(
        factor=factor,
        nominal_learning_rate=rate,
        learning_rate=rate,
        validation_accuracy=accuracy,
        validation_loss=loss,
        test_accuracy=accuracy,
    )


def test_the_highest_mean_validation_accuracy_is_chosen():
    assert choose([tried("0.3", [0.8, 0.9]), tried("1", [0.86, 0.86]), tried("3", [0.9, 0.7])]).factor == "1"


def test_of_equal_means_the_lower_loss_and_then_the_lower_rate():
    means = [[0.1, 0.2, 0.6], [0.6, 0.2, 0.1], [0.2, 0.6, 0.1]]  # sums of these round in three ways
    losses = [[0.5, 0.5, 0.5], [0.4, 0.5, 0.4], [0.4, 0.4, 0.5]]
    rates = [tried(factor, *scores) for factor, *scores in zip(("0.3", "1", "3"), means, losses, strict=True)]
    assert choose(rates).factor == "1"


def test_a_rate_of_which_a_run_failed_is_not_chosen_where_another_is_whole():
    assert choose([tried("1", [0.7, 0.7]), tried("3", [0.9, None])]).factor == "1"
    assert choose([tried("1", [0.7, None]), tried("3", [0.9, None])]).factor == "3"
    assert choose([tried("0.3", [None, None]), tried("1", [None, None])]).factor == "1"


def test_rates_that_few_texts_do_not_tell_from_the_chosen():
    """Of 100 texts at 90 %, one standard error is 3 points."""
    rates = [tried("0.3", [0.87, 0.87]), tried("1", [0.9, 0.9]), tried("3", [0.86, 0.87]), tried("10", [None, None])]
    cell = TunedCell(architecture="a", configuration="c", rates=rates, chosen="1", edge=None)
    assert (cell.rivals(99), cell.rivals(1000)) == (1, 0)
    assert cell.model_copy(update={"chosen": "10"}).rivals(99) == 0


SCORES = st.lists(st.integers(0, 20).map(lambda hits: hits / 20), min_size=2, max_size=2)


@given(st.lists(SCORES, min_size=2, max_size=6))
def test_no_rate_is_better_on_validation_than_the_chosen(scores):
    rates = [tried(str(10**index), accuracy) for index, accuracy in enumerate(scores)]
    best = choose(rates)
    assert all(rate.mean_validation <= best.mean_validation + 1e-9 for rate in rates)
    assert choose(rates[::-1]) == best


@pytest.fixture
def swept(in_empty_folder):
    study = write_results(**SWEPT)
    collect.main()
    return study


def test_each_cell_is_shown_at_its_best_rate_under_its_own_name(swept):
    runs, tuning = read_runs(), Tuning.read()
    assert {cell.configuration: (cell.chosen, cell.edge) for cell in tuning.cells} == {
        "full": ("1", None),
        "lora-r8": ("3", None),
        "ia3": ("10", "highest"),
    }
    assert runs["configuration"].tolist() == ["full", "full", "lora-r8", "lora-r8", "ia3", "ia3"]
    assert runs["rate_factor"].tolist() == ["1", "1", "3", "3", "10", "10"]
    assert runs["role"].unique().tolist() == ["train"]
    for row in runs.to_dict("records"):
        name = row["configuration"] + {"1": ""}.get(row["rate_factor"], f"-x{row['rate_factor']}")
        record = Record.read("distilbert", name, row["seed"])
        assert (row["test_accuracy"], row["learning_rate"], row["train_seconds"]) == (
            record.quality.test_accuracy,
            record.run.learning_rate,
            record.cost.train_seconds,
        )
    summary = json.loads(Path("metrics/summary.json").read_text(encoding="utf-8"))
    assert list(summary["distilbert"]) == ["full", "lora-r8", "ia3"]
    curves = pd.read_csv("metrics/plots/learning_curves.csv")
    assert curves["configuration"].unique().tolist() == ["full", "lora-r8", "ia3"]


def test_predictions_are_those_of_the_chosen_runs(swept):
    for index, run in enumerate(swept.every_run):
        columns = {"label": [0, 1], "prediction": [0, 1], "probability_0": index, "probability_1": 0}
        as_predicted(run, pd.DataFrame(columns))
    collect.main()
    read = read_predictions(swept, read_runs())
    assert [run for run, _ in read] == swept.runs
    chosen = [swept.every_run[frame["probability_0"][0]].configuration for _, frame in read]
    assert chosen == ["full", "full", "lora-r8-x3", "lora-r8-x3", "ia3-x10", "ia3-x10"]
    Path("models/runs/distilbert/ia3-x10/43/predictions.parquet").unlink()
    with pytest.raises(InputError, match=r"ia3-x10/43/predictions\.parquet: .*`dvc repro sweep@distilbert-ia3-10-43`"):
        read_predictions(swept, read_runs())


def test_every_rate_that_was_tried_is_kept_in_ascending_order(swept):
    cell = Tuning.read().cells[1]
    assert [rate.factor for rate in cell.rates] == ["0.3", "1", "3", "10"]
    assert [rate.nominal_learning_rate for rate in cell.rates] == [3e-6, 1e-5, 3e-5, 1e-4]
    for rate in cell.rates:
        name = "lora-r8" if rate.factor == "1" else f"lora-r8-x{rate.factor}"
        qualities = [Record.read("distilbert", name, seed).quality for seed in (42, 43)]
        assert rate.test_accuracy == [quality.test_accuracy for quality in qualities]
        assert rate.validation_accuracy == [quality.validation_accuracy for quality in qualities]
        assert rate.validation_loss == [quality.history[-1].selection_loss for quality in qualities]
    table = pd.read_csv("metrics/sweep.csv", dtype={"rate_factor": str})
    assert list(table.columns) == COLUMNS
    assert len(table) == 3 * 4 * 2
    assert table.loc[table["chosen"], "rate_factor"].tolist() == ["1", "1", "3", "3", "10", "10"]
    assert table["failed"].isna().all()


def test_the_test_split_decides_nothing(swept):
    before = Tuning.read().factors
    for run in swept.every_run:
        record = Record.read_from(run.record_path)
        upside_down = record.quality.confusion[::-1]
        with_confusion(record, upside_down).write_to(run.record_path)
    collect.main()
    assert Tuning.read().factors == before


def test_without_factors_nothing_is_tuned_and_no_column_says_so(in_empty_folder):
    write_results(**GRID)
    collect.main()
    assert Tuning.read() == Tuning(seeds=[42, 43], cells=[])
    assert Path("metrics/sweep.csv").read_text(encoding="utf-8") == f"{','.join(COLUMNS)}\n"
    assert "rate_factor" not in read_runs()


def test_a_missing_run_of_the_sweep_is_named(swept):
    Path("metrics/runs/distilbert/ia3-x10/43.json").unlink()
    with pytest.raises(InputError) as caught:
        collect.main()
    assert str(caught.value) == (
        "metrics/runs/distilbert/ia3-x10/43.json: no record of this run; "
        "`dvc repro sweep@distilbert-ia3-10-43` makes it"
    )


def test_a_stale_run_of_the_sweep_is_named(swept):
    record = Record.read("distilbert", "ia3-x3", 42)
    identity = record.run.model_copy(update={"learning_rate": 0.5})
    record.model_copy(update={"run": identity}).write("distilbert", "ia3-x3", 42)
    with pytest.raises(InputError) as caught:
        collect.main()
    assert str(caught.value) == (
        "metrics/runs/distilbert/ia3-x3/42.json: learning_rate: 0.5; the grid says 0.0045; "
        "`dvc repro -f sweep@distilbert-ia3-3-42`"
    )


def failed(study, names: dict[str, list[int]]) -> None:
    for run in study.every_run:
        if run.seed in names.get(run.configuration, []):
            run.record_path.unlink()
            failure_of(run).write_to(failure_path(run))


def test_a_run_that_failed_at_a_rate_is_no_hole_where_another_rate_is_whole(in_empty_folder):
    failed(write_results(**SWEPT, allow_failed=True), {"ia3-x10": [43], "full": [42, 43]})
    collect.main()
    tuning = {cell.configuration: cell for cell in Tuning.read().cells}
    assert (tuning["ia3"].chosen, tuning["ia3"].edge) == ("3", None)
    assert tuning["ia3"].at("10").validation_accuracy[1] is None
    assert tuning["full"].chosen != "1"
    assert tuning["full"].gain is None  # nothing to set it beside
    assert read_failed().empty
    assert len(read_runs()) == 6
    table = pd.read_csv("metrics/sweep.csv", dtype={"rate_factor": str})
    assert table.loc[
        table["failed"].notna(), ["configuration", "rate_factor", "seed", "failed"]
    ].to_numpy().tolist() == [
        ["full", "1", 42, "diverged"],
        ["full", "1", 43, "diverged"],
        ["ia3", "10", 43, "diverged"],
    ]


def test_a_cell_that_failed_at_every_rate_is_a_hole(in_empty_folder):
    names = {"ia3": [42, 43], "ia3-x0.3": [42, 43], "ia3-x3": [42, 43], "ia3-x10": [42, 43], "full-x3": [42]}
    failed(write_results(**SWEPT, allow_failed=True), names)
    collect.main()
    assert read_failed()[["configuration", "seed"]].to_numpy().tolist() == [["ia3", 42], ["ia3", 43]]
    assert Tuning.read().cells[2].chosen == "1"


def test_a_failed_run_of_the_sweep_is_refused_where_it_is_not_allowed(in_empty_folder):
    failed(write_results(**SWEPT), {"ia3-x10": [43]})
    with pytest.raises(InputError) as caught:
        collect.main()
    assert str(caught.value).startswith("metrics/runs/distilbert/ia3-x10/43.json: no record of this run: it failed ")
    assert "`dvc repro -s sweep@distilbert-ia3-10-43` tries it again" in str(caught.value)
