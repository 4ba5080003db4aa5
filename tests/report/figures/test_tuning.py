"""The curves behind the choice of each rate, read off the figure."""

import numpy as np
import pytest

from stages import collect
from stages.report.figures.tuning import tuning
from stages.study.failures import failure_path
from stages.tuning.tuning import Tuning
from tests.helpers.grids import failure_of
from tests.helpers.results import write_results

GRID = {"architectures": ["distilbert", "roberta"], "configurations": ["full", "ia3"], "probes": [], "seeds": [42, 43]}
SWEPT = GRID | {"rate_factors": [0.3, 3, 10]}
pytestmark = pytest.mark.usefixtures("in_empty_folder")


def drawn(study):
    return tuning(Tuning.read(), study)


def test_a_panel_a_configuration_and_a_curve_an_architecture():
    study = write_results(**SWEPT)
    collect.main()
    figure = drawn(study)
    assert [axes.get_title() for axes in figure.axes] == ["Full FT", "IA3"]
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["0.3", "1", "3", "10"]
    for axes, configuration in zip(figure.axes, ("full", "ia3"), strict=True):
        curves = [line for line in axes.lines if len(line.get_xdata()) == 4]
        cells = [cell for cell in Tuning.read().cells if cell.configuration == configuration]
        for curve, cell in zip(curves, cells, strict=True):
            assert curve.get_xdata() == pytest.approx(np.log10([0.3, 1, 3, 10]))
            assert curve.get_ydata() == pytest.approx([100 * rate.mean_validation for rate in cell.rates])
            filled = [
                line.get_xdata()[0]
                for line in axes.lines
                if line.get_color() == curve.get_color() and line.get_markersize() == 4.5
            ]
            assert filled == pytest.approx([np.log10(float(cell.chosen))])


def test_rates_that_teach_nothing_do_not_press_the_curves_together():
    study = write_results(**SWEPT)
    collect.main()
    read = Tuning.read()
    cells = []
    for cell in read.cells:
        lost = cell.rates[0].model_copy(update={"validation_accuracy": [0.5, 0.5]})
        cells.append(cell.model_copy(update={"rates": [lost, *cell.rates[1:]]}))
    figure = tuning(read.model_copy(update={"cells": cells}), study)
    lows = [line.get_ydata()[0] for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 4]
    best = [cell.best.mean_validation for cell in cells]
    assert lows == pytest.approx([100 * (min(best) - max(0.05, max(best) - min(best)))] * 4)


def test_where_every_run_of_a_rate_failed_there_is_no_point_and_where_all_did_no_panel():
    study = write_results(**SWEPT, allow_failed=True)
    for run in study.every_run:
        if run.configuration == "full-x10" or run.configured == "ia3":
            run.record_path.unlink()
            failure_of(run).write_to(failure_path(run))
    collect.main()
    figure = drawn(study)
    assert [axes.get_title() for axes in figure.axes] == ["Full FT"]
    assert [len(line.get_xdata()) for line in figure.axes[0].lines].count(3) == 2


def test_there_is_none_where_rates_are_not_tuned():
    study = write_results(**GRID)
    collect.main()
    assert drawn(study) is None
