"""What the report says of tuned rates, and that it says nothing where none was tuned."""

import re
import shutil

import pytest

from stages import collect, figures, paper, tables
from stages.report.entries.inputs import read_results
from stages.study.failures import failure_path
from tests.helpers.grids import failure_of
from tests.helpers.paper import make_inputs, needs_latex, pages, prepare, source, written
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.tiny_study import ROOT

GRID = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "ia3"], "probes": [], "seeds": [42, 43]}
SWEPT = GRID | {"rate_factors": [0.3, 3, 10], "published": "none"}
pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_how_rates_were_chosen_and_what_that_changed():
    text = source(**SWEPT)
    for sentence in (
        "with 2 random seeds each (6 runs), at the best of 4 learning rates, chosen on the validation split (24 runs "
        "in all).",
        "With each configuration at the best of its learning rates, full fine-tuning reaches the highest mean test",
        "Every configuration was trained at its rate and at 0.3, 3, and 10 times that rate, 4 rates in all",
        "Of 3 choices, 1 keeps the shared rate.",
        "tuning changes mean test accuracy by +0.45\\,pp in the median, most for IA3 (+2.00\\,pp) and least for",
        "For 1 choice (IA3), the best rate is the highest that was tried, so that a wider grid might have a better",
        "For 3 of the choices, another rate comes within one standard error of the chosen one on",
        "The best adapter is 5.60\\,pp below full fine-tuning at the shared rate, and 5.15\\,pp below it with both at "
        "their best.",
        "Every method was given the same search, of its learning rate alone and over 4 values",
        "6 runs at the chosen rates (of 24 that were made; all are in \\texttt{metrics/sweep.csv})",
    ):
        assert sentence in text, sentence
    for sentence in ("at the base rate", "at the same rate", "no method was given a search", "pairs of rates"):
        assert sentence not in text, sentence


def test_a_rate_of_its_own_is_not_called_shared():
    text = source(**SWEPT, **{"configuration.ia3.train": {"learning_rate": 1e-4}})
    assert "1 keeps its configured rate. Against the configured rates, tuning changes" in text
    assert "shared rate" not in text


def test_one_configuration_and_one_seed():
    text = source(**SWEPT | {"configurations": ["ia3"], "seeds": [42]})
    assert "The one configuration does not keep the shared rate. Against the shared rate, tuning changes the" in text
    assert "Kendall" not in text[text.index("Tuning of the") :][:1500]


def test_failed_runs_are_counted_and_a_cell_without_runs_is_no_choice():
    study = write_results(**SWEPT, allow_failed=True)
    for run in study.every_run:
        if run.configured == "ia3" or run.configuration in ("full", "lora-r8-x10"):
            run.record_path.unlink()
            failure_of(run).write_to(failure_path(run))
    built = ("generated", "main.tex", "main.pdf", "site", "*.tar.gz")
    shutil.copytree(ROOT / "paper", "paper", ignore=shutil.ignore_patterns(*built))
    collect.main()
    judge_published_study()
    tables.main()
    figures.main()
    text = written()
    assert "Of 2 choices, 0 keep the shared rate. Of 24 runs, 12 failed;" in text
    assert "tuning changes the mean test accuracy of LoRA r=8 by +0.45" in text


def test_numbers_of_a_cell_are_traced_to_the_chosen_runs():
    prepare(**SWEPT)
    ledger = paper.build(read_results())
    chosen = [f"metrics/runs/distilbert/ia3-x10/{seed}.json" for seed in (42, 43)]
    own = [f"metrics/runs/distilbert/ia3/{seed}.json" for seed in (42, 43)]
    accuracy, gain = ledger.entries["distilbert.ia3.accuracy"], ledger.entries["distilbert.ia3.tuning.gain"]
    assert (accuracy.records, accuracy.parameters) == (chosen, ["data/settings/runs/distilbert/ia3-x10.json"])
    assert gain.records == [*chosen, *own]
    assert (gain.source, gain.stage) == ("metrics/tuning.json", "collect")
    assert ledger.entries["distilbert.full.tuning.gain"].records == [own.replace("ia3", "full") for own in own]


def test_without_factors_nothing_is_said_of_tuning():
    text = source(**GRID)
    assert not re.search(r"tuned for|sweep|sec:tuning|at its best rate|runs in all\)", text)
    assert "no method was given a search of its own" in text


@needs_latex
@pytest.mark.slow
def test_three_architectures_to_the_pdf():
    make_inputs(True, **SWEPT | {"architectures": ["distilbert", "roberta", "deberta"]})
    paper.main()
    text = " ".join(" ".join(pages()).split())
    assert "most for IA3 on mini-DistilBERT (+2.00 pp)" in text
    assert "For 3 choices (IA3 on mini-DistilBERT, IA3 on mini-RoBERTa, and IA3 on" in text


def test_written_text_is_that_of_the_results():
    """The tuned section is of the chosen runs: with another choice it says another thing."""
    prepare(**SWEPT)
    results = read_results()
    cells = [cell.model_copy(update={"edge": None}) for cell in results.tuning.cells]
    text = written(results._replace(tuning=results.tuning.model_copy(update={"cells": cells})))
    assert "a wider grid" not in text
