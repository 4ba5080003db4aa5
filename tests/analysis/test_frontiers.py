import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.analysis.frontiers import measured_again, on_frontier, pareto_frontier

SHARES = st.floats(0.01, 1, allow_nan=False)
POINTS = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=8)


def test_frontier_keeps_what_no_other_point_beats():
    cost, accuracy = np.array([3.0, 1.0, 2.0, 4.0, 1.0]), np.array([0.9, 0.7, 0.8, 0.85, 0.6])
    assert pareto_frontier(cost, accuracy).tolist() == [1, 2, 0]


def test_marks_of_resamples_are_a_row_each():
    cost = np.array([1.0, 2.0, 3.0])
    accuracy = np.array([[0.5, 0.6, 0.7], [0.5, 0.6, 0.6], [0.8, 0.6, 0.7], [0.5, 0.5, 0.9]])
    assert on_frontier(cost, accuracy).mean(axis=0).tolist() == [1.0, 0.5, 0.5]
    dearer = np.array([[1.0, 2.0, 3.0], [1.0, 4.0, 3.0]])
    assert on_frontier(dearer, np.array([0.5, 0.6, 0.7])).tolist() == [[True, True, True], [True, False, True]]


@pytest.mark.parametrize(("saved", "is_on_it"), [(0.15, False), (0.17, True)])
def test_a_cost_that_is_a_tie_with_that_of_a_more_accurate_point_is_no_saving(saved, is_on_it):
    """One sixth less is a fifth more."""
    cost, accuracy = np.array([1.0, 1.0 - saved]), np.array([0.9, 0.8])
    assert on_frontier(cost, accuracy, tie=0.2).tolist() == [True, is_on_it]
    assert on_frontier(cost, accuracy).tolist() == [True, True]


def test_a_millisecond_decides_nothing():
    accuracy = np.array([0.82, 0.81, 0.87])
    for cost in ([2.000, 2.001, 4.0], [2.001, 2.000, 4.0]):
        assert on_frontier(np.array(cost), accuracy, tie=0.2).tolist() == [True, False, True]


def test_equals_are_both_on_it_and_the_cheaper_alone_if_it_is_no_tie():
    accuracy = np.array([0.8, 0.8])
    assert on_frontier(np.array([1.0, 1.1]), accuracy, tie=0.2).tolist() == [True, True]
    assert on_frontier(np.array([1.0, 1.3]), accuracy, tie=0.2).tolist() == [True, False]


@given(POINTS, st.floats(0, 0.5))
def test_the_most_accurate_is_on_it_and_a_wider_tie_adds_none_of_other_accuracy(points, tie):
    cost, accuracy = map(np.array, zip(*points, strict=True))
    marks = on_frontier(cost, accuracy, tie)
    best = accuracy == accuracy.max()
    assert marks[best & (cost == cost[best].min())].all()
    without = on_frontier(cost, accuracy)
    for index in np.flatnonzero(marks & ~without):
        assert (accuracy == accuracy[index]).sum() > 1


CELLS = pd.DataFrame({"work": [0, 1, 0], "work_runs": [4, 1, 4]})


def test_costs_measured_again_scatter_as_runs_do_and_cells_of_the_same_work_alike():
    price = np.array([10.0, 20.0, 10.0])
    drawn = measured_again(price, CELLS, 0.1, np.random.default_rng(1), 20_000)
    logs = np.log(drawn / price)
    assert logs.mean(axis=0) == pytest.approx(0, abs=0.003)
    assert logs.std(axis=0) == pytest.approx([0.05, 0.1, 0.05], rel=0.03)
    assert (drawn[:, 0] == drawn[:, 2]).all()


def test_costs_of_unknown_scatter_stay():
    drawn = measured_again(np.array([10.0, 20.0, 10.0]), CELLS, None, np.random.default_rng(1), 2)
    assert drawn.tolist() == [[10.0, 20.0, 10.0]] * 2
