"""The table of learning rates, cell by cell."""

import pytest

from stages import collect
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.report.numbers.units import DIFFERENCE, PERCENT
from stages.report.numbers.units import text as printed
from stages.report.tables.tuning import tuning
from stages.study.failures import failure_path
from stages.tuning.tuning import Tuning
from tests.helpers.grids import failure_of
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.tables import make_results, rows, table

GRID = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "ia3"], "probes": [], "seeds": [42, 43]}
SWEPT = GRID | {"rate_factors": [0.3, 3, 10], "published": "none"}
pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_each_cell_at_its_best_and_at_its_first_rate():
    text = table(tuning, make_results(**SWEPT))
    cells = {cell.configuration: cell for cell in Tuning.read().cells}
    edge = r"\textsuperscript{\textdaggerdbl}"
    expected = {
        "Full FT": [r"$1.5\times 10^{-3}$", "1"],
        "LoRA r=8": [r"$4.5\times 10^{-3}$", "3"],
        "IA3": [r"$1.5\times 10^{-2}$", f"10{edge}"],
    }
    for (label, rate), cell in zip(expected.items(), cells.values(), strict=True):
        own, best = cell.own.mean_test, cell.best.mean_test
        scores = [printed(score, PERCENT) for score in (cell.best.mean_validation, own, best)]
        assert rows(text, label) == [[label, *rate, *scores, printed(best - own, DIFFERENCE)]]
    assert text.count(edge) == 2  # a cell and the note
    assert r"}\,the lowest or the highest rate that was tried} \\" in text


def test_there_is_none_where_rates_are_not_tuned():
    results = make_results(**GRID)
    assert tuning(results, build(results)) is None


def test_a_cell_without_runs_is_dashes_and_one_without_runs_at_its_own_rate_has_no_gain():
    study = write_results(**SWEPT, allow_failed=True)
    for run in study.every_run:
        if run.configured == "ia3" or run.configuration == "lora-r8":
            run.record_path.unlink()
            failure_of(run).write_to(failure_path(run))
    collect.main()
    judge_published_study()
    text = table(tuning, read_results())
    ia3, lora = rows(text, "IA3")[0], rows(text, "LoRA")[0]
    assert ia3[1:] == ["--"] * 6
    assert (lora[2], lora[4], lora[6]) == ("3", "--", "--")
    assert lora[5] != "--"
