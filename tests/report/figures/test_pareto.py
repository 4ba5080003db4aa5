import pytest

from stages.report.figures import style
from stages.report.figures.pareto import pareto
from tests.helpers.preparation import make_baselines
from tests.helpers.results import make_runs

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_pareto_bars_are_one_deviation_and_absent_with_one_seed():
    study, runs = make_runs(architectures=["distilbert"])
    with style.applied():
        assert len(pareto(runs, study, make_baselines()).axes[0].collections) == 7
        assert len(pareto(runs[runs["seed"] == 42], study, make_baselines()).axes[0].collections) == 0
