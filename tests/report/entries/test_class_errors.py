import pytest

from stages.report.entries.class_errors import Confused, constant_cells, pooled_confusion
from tests.helpers.tables import make_results

pytestmark = pytest.mark.usefixtures("in_empty_folder")

GRID = {"architectures": ["distilbert"], "configurations": ["full", "ia3"], "probes": ["ia3-probe"], "seeds": [42, 43]}


def results_of(**confusions: list[list[list[int]]]):
    """Results whose cells have these confusion matrices, one a seed."""
    results = make_results(**GRID)
    runs = []
    for run in results.statistics.calibration:
        matrices = confusions[run.configuration.replace("-", "_")]
        runs.append(run.model_copy(update={"confusion": matrices[run.seed - 42]}))
    return results._replace(statistics=results.statistics.model_copy(update={"calibration": runs}))


RIGHT = [[10, 0, 0], [0, 10, 0], [0, 0, 10]]


def test_confusions_of_headline_runs_are_taken_together():
    results = results_of(
        full=[[[8, 2, 0], [0, 10, 0], [1, 0, 9]], RIGHT],
        ia3=[[[7, 3, 0], [0, 6, 4], [0, 0, 10]], RIGHT],
        ia3_probe=[[[0, 0, 10], [0, 10, 0], [0, 0, 10]], RIGHT],
    )
    found = pooled_confusion(results)
    assert found == Confused(0, 1, 0.5, 1, pytest.approx(72 / 81))  # F1: 2 * 36 / (40 + 41)


def test_without_an_error_nothing_is_confused():
    assert pooled_confusion(results_of(full=[RIGHT, RIGHT], ia3=[RIGHT, RIGHT], ia3_probe=[RIGHT, RIGHT])) is None


@pytest.mark.parametrize(
    ("full", "ia3", "cells"),
    [
        ([[[9, 0], [1, 0]]] * 2, [[[9, 0], [0, 1]]] * 2, [("distilbert", "full")]),
        ([[[9, 0], [1, 0]], [[8, 1], [1, 0]]], [[[0, 9], [0, 1]]] * 2, [("distilbert", "ia3")]),
        ([[[9, 0], [1, 0]], [[0, 9], [0, 1]]], [[[9, 0], [0, 1]]] * 2, [("distilbert", "full")]),
        ([[[9, 0], [0, 1]]] * 2, [[[9, 0], [0, 1]]] * 2, []),
    ],
)
def test_a_cell_is_constant_if_each_of_its_runs_is(full, ia3, cells):
    assert constant_cells(results_of(full=full, ia3=ia3, ia3_probe=[[[9, 0], [1, 0]]] * 2)) == cells
