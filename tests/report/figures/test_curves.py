import pandas as pd
import pytest

from stages.report.figures import style
from stages.report.figures.curves import curves
from tests.helpers.results import make_runs

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def epochs(count: int) -> pd.DataFrame:
    rows = []
    for configuration, start in (("full", 0.8), ("ia3", 0.6)):
        for seed in (42, 43):
            for epoch in range(1, count + 1):
                score = start + 0.02 * epoch + 0.001 * (seed - 42)
                rows.append(("distilbert", configuration, seed, epoch, score))
    return pd.DataFrame(rows, columns=["architecture", "configuration", "seed", "epoch", "selection_accuracy"])


def test_a_line_is_the_means_over_seeds_by_epoch():
    study, _ = make_runs(architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    with style.applied():
        lines = curves(epochs(3), study).axes[0].lines
    assert [list(line.get_xdata()) for line in lines] == [[1, 2, 3], [1, 2, 3]]
    assert list(lines[0].get_ydata()) == pytest.approx([82.05, 84.05, 86.05])


def test_two_epochs_make_no_curve():
    study, _ = make_runs(architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    assert curves(epochs(2), study) is None
