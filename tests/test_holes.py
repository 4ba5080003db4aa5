"""Runs that failed, from ``collect`` to the PDF: refused, or shown as marked holes where ``allow_failed`` says so."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages import collect, figures, paper, statistics, tables
from stages.analysis.runs import complete_configurations, read_failed, read_runs
from stages.analysis.statistics import Statistics
from stages.core.errors import InputError
from stages.study.failures import FailedRun, failure_path
from stages.study.grid import StudySettings
from stages.training.settings import Run
from tests.helpers.paper import needs_latex, pages, prepare, untraced, written
from tests.helpers.records import as_predicted
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.tables import rows

ONE_SEED = [("distilbert", "lora-ffn", 42)]
WHOLE_CELLS = [("roberta", "ia3", 42), ("roberta", "ia3", 43), ("deberta", "full", 42), ("deberta", "full", 43)]
SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "lora-ffn"], "probes": []}


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def fail(study: StudySettings, runs: list[tuple[str, str, int]]) -> None:
    """Replace the records of runs by failures."""
    for cell in study.runs:
        if (cell.architecture, cell.configuration, cell.seed) in runs:
            cell.record_path.unlink()
            failed(cell).write_to(failure_path(cell))


def failed(cell: Run) -> FailedRun:
    at, log = "2026-01-01T00:00:00+00:00", ["error: diverged: selection loss nan at step 3"]
    own = cell.model_dump(exclude={"role"})
    return FailedRun(**own, kind="diverged", cause="diverged: selection loss nan", at=at, inputs=None, log=log)


def write_predictions(study: StudySettings, runs: pd.DataFrame) -> None:
    """Predictions of the runs of the table, right at random nine times in ten, and the table of what they score."""
    labels = np.arange(200) % 2
    made = set(runs[["architecture", "configuration", "seed"]].itertuples(index=False, name=None))
    for index, cell in enumerate(study.runs):
        if (cell.architecture, cell.configuration, cell.seed) in made:
            wrong = np.random.default_rng(index).random(200) < 0.1
            probability = np.where(wrong, 1 - labels, labels) * 0.8 + 0.1
            columns = {"label": labels, "prediction": np.where(wrong, 1 - labels, labels)}
            columns |= {"probability_0": 1 - probability, "probability_1": probability}
            as_predicted(cell, pd.DataFrame(columns))
    collect.main()


def test_a_failed_run_is_refused_with_its_cause_and_what_to_do():
    fail(write_results(**SMALL), ONE_SEED)
    with pytest.raises(InputError) as error:
        collect.main()
    assert str(error.value) == (
        "metrics/runs/distilbert/lora-ffn/42.json: no record of this run: it failed (diverged: selection loss nan); "
        "`dvc repro -s train@distilbert-lora-ffn-42` tries it again, "
        "`allow_failed: true` in params.yaml shows it as a hole"
    )


def test_a_run_that_was_never_tried_is_no_hole():
    write_results(**SMALL, allow_failed=True)
    Path("metrics/runs/distilbert/full/42.json").unlink()
    with pytest.raises(InputError, match="no record of this run; `dvc repro train@distilbert-full-42` makes it"):
        collect.main()


def test_a_record_outweighs_an_earlier_failure():
    study = write_results(**SMALL)
    failed(study.runs[0]).write_to(failure_path(study.runs[0]))
    collect.main()
    assert len(read_runs()) == 6
    assert read_failed().empty
    assert not failure_path(study.runs[0]).exists()  # in metrics/runs, which no clone would have with it


def test_allowed_holes_are_listed_and_leave_their_rows_out():
    study = write_results(**SMALL, allow_failed=True)
    fail(study, ONE_SEED)
    collect.main()
    assert read_failed().to_dict("records") == [
        {
            "architecture": "distilbert",
            "configuration": "lora-ffn",
            "seed": 42,
            "kind": "diverged",
            "cause": "diverged: selection loss nan",
        }
    ]
    assert len(read_runs()) == 5
    assert complete_configurations(study, read_runs()) == {"distilbert": ["full", "lora-r8"]}
    assert str(failure_path(study.runs[0])) == "metrics/runs/distilbert/full/42.failed.json"


def test_nothing_complete_is_refused():
    study = write_results(**SMALL, allow_failed=True)
    fail(study, [("distilbert", name, 42) for name in SMALL["configurations"]])
    with pytest.raises(InputError, match="no configuration of any architecture has a run of every seed"):
        collect.main()


def test_statistics_leave_incomplete_configurations_out():
    study = write_results(allow_failed=True)
    fail(study, ONE_SEED + WHOLE_CELLS)
    collect.main()
    write_predictions(study, read_runs())
    statistics.main()
    found = Statistics.read()
    named = {(entry.architecture, entry.configuration) for entry in found.accuracy}
    left_out = {("distilbert", "lora-ffn"), ("roberta", "ia3"), ("deberta", "full")}
    assert len(named) == 30 - 3
    assert not named & left_out
    assert not {(c.architecture, side) for c in found.comparisons for side in (c.first, c.second)} & left_out
    assert not {(entry.architecture, entry.configuration) for entry in found.frontiers} & left_out
    assert len(found.calibration) == 60 - 5


def test_without_holes_nothing_is_marked():
    prepare(**SMALL)
    assert "textdagger" not in Path("paper/generated/tables/performance.tex").read_text(encoding="utf-8")


def build_with_holes() -> None:
    """All that the paper is made from, three cells with holes, with real statistics of made-up predictions."""
    prepare(allow_failed=True)
    study = paper.read_results().study
    fail(study, ONE_SEED + WHOLE_CELLS)
    collect.main()
    write_predictions(study, read_runs())
    statistics.main()
    judge_published_study()
    tables.main()
    figures.main()


@pytest.mark.slow
def test_holes_are_marked_in_the_tables():
    build_with_holes()
    performance = untraced(Path("paper/generated/tables/performance.tex").read_text(encoding="utf-8"))
    dagger = r"\textsuperscript{\textdagger}"
    assert performance.count(dagger) == 3 + 1  # and the note
    blank = ["--"] * 4
    assert [row[1:5] for row in rows(performance, f"IA3{dagger}")] == [blank]
    assert [row[1:5] for row in rows(performance, f"Full FT{dagger}")] == [blank]
    (half,) = rows(performance, f"LoRA FFN{dagger}")
    assert half[2].endswith(r"\,\textpm\,--")
    assert half[3] == "--"
    text = written()
    assert "Of 60 runs, 5 failed and are holes" in text
    assert "LoRA FFN on mini-DistilBERT, seed 42 (diverged); IA3 on mini-RoBERTa, seed 42 (diverged)" in text


def test_a_step_of_which_a_side_failed_is_not_compared():
    configurations = ["full", "lora-r8", "lora-r16", "lora-ffn"]
    prepare(**SMALL | {"configurations": configurations}, allow_failed=True)
    study = paper.read_results().study
    fail(study, [("distilbert", "lora-r8", seed) for seed in study.seeds])
    collect.main()
    write_predictions(study, read_runs())
    statistics.main()
    text = written()
    assert "LoRA r=8 to LoRA r=16" not in text  # there is no number to say it with
    assert r"\textit{Rank:}" not in text
    assert "--" not in text
    assert "of the update falls" not in text


def test_an_architecture_on_which_a_side_failed_is_left_out_of_a_comparison():
    grid = {"architectures": ["distilbert", "roberta"], "configurations": ["full", "lora-ffn", "qlora-ffn"]}
    prepare(**SMALL | grid, allow_failed=True)
    study = paper.read_results().study
    fail(study, [("roberta", "qlora-ffn", seed) for seed in study.seeds])
    collect.main()
    write_predictions(study, read_runs())
    statistics.main()
    quantisation = written().split(r"\textit{Quantisation:}")[1].split(r"\section{")[0]
    assert quantisation.startswith(r" LoRA FFN to QLoRA FFN, $-$0.25\,pp on mini-DistilBERT. The test does not tell it")
    assert "RoBERTa" not in quantisation
    assert "--" not in quantisation


@pytest.mark.slow
@needs_latex
def test_a_paper_with_holes_builds():
    build_with_holes()
    paper.main()
    assert "a run failed; mean over" in " ".join("".join(pages()).split())
