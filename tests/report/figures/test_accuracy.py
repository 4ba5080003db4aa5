import pytest

from stages.report.figures import style
from stages.report.figures.accuracy import methods
from tests.helpers.preparation import make_baselines
from tests.helpers.results import make_runs
from tests.helpers.statistics import make_statistics

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_methods_draw_every_run():
    study, runs = make_runs(architectures=["distilbert"])
    with style.applied():
        axes = methods(runs, study, make_baselines(), make_statistics(study)).axes[0]
    dots = [line for line in axes.lines if line.get_marker() not in ("|", "None")]
    drawn = sorted(float(x) for line in dots for x in line.get_xdata())
    assert drawn == pytest.approx(sorted(100 * runs.loc[runs["role"] == "train", "test_accuracy"]))
