import re
from pathlib import Path

import pytest

from stages import paper
from tests.helpers.paper import SMALL, prepare, source, untraced, written

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_comparable_profile_is_set_against_the_published_accuracies():
    prepare(profile="paper", architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    text = written()
    assert r"\subsection{Published against Reproduced} Table~\ref{tab:reproduction} compares 2 accuracies" in text
    table = untraced(Path("paper/generated/tables/reproduction.tex").read_text(encoding="utf-8"))
    assert re.findall(r"^DistilBERT & .*", table, re.M) == [
        r"DistilBERT & Full FT & 90.92 & 90.02 & $-$0.90 & [$-$2.70, +0.91] & cannot be decided here \\",
        r"DistilBERT & IA3 & 81.44 & 80.32 & $-$1.12 & [$-$3.26, +1.02] & cannot be decided here \\",
    ]


def test_small_scale_build_is_not_set_against_the_published_accuracies():
    assert "a small-scale profile is not comparable with the published study." in source(**SMALL)


def test_no_process_that_fits_leaves_no_error_behind():
    """A grid without some configuration of each published process: nothing is said of processes that fit."""
    prepare(**SMALL)
    results = paper.read_results()
    results.memory.loc[0, "relative_error"] = 0.5
    assert results.processes.empty
    text = written(results)
    assert "leaves its weights and its optimiser state behind." in text
    assert "With these counted" not in text
