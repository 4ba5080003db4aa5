import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.analysis.costs import LEAST_SCATTER
from stages.analysis.frontiers import measured_again, on_frontier
from stages.analysis.statistics import is_on

SHARES = st.floats(0.01, 1, allow_nan=False)
POINTS = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=8)


def test_on_it_is_what_no_other_point_beats():
    cost, accuracy = np.array([3.0, 1.0, 2.0, 4.0, 1.0]), np.array([0.9, 0.7, 0.8, 0.85, 0.6])
    assert on_frontier(cost, accuracy).tolist() == [True, True, True, False, False]


def test_marks_of_resamples_are_a_row_each():
    cost = np.array([1.0, 2.0, 3.0])
    accuracy = np.array([[0.5, 0.6, 0.7], [0.5, 0.6, 0.6], [0.8, 0.6, 0.7], [0.5, 0.5, 0.9]])
    assert on_frontier(cost, accuracy).mean(axis=0).tolist() == [1.0, 0.5, 0.5]
    dearer = np.array([[1.0, 2.0, 3.0], [1.0, 4.0, 3.0]])
    assert on_frontier(dearer, np.array([0.5, 0.6, 0.7])).tolist() == [[True, True, True], [True, False, True]]


def test_equals_are_both_on_it_and_of_equally_accurate_points_the_cheaper_alone():
    accuracy = np.array([0.8, 0.8])
    assert on_frontier(np.array([1.0, 1.0]), accuracy).tolist() == [True, True]
    assert on_frontier(np.array([1.0, 1.1]), accuracy).tolist() == [True, False]


@given(POINTS)
def test_the_cheapest_of_the_most_accurate_is_on_it_and_no_point_of_it_beats_another(points):
    cost, accuracy = map(np.array, zip(*points, strict=True))
    marks = on_frontier(cost, accuracy)
    best = accuracy == accuracy.max()
    assert marks[best & (cost == cost[best].min())].all()
    order = np.lexsort((accuracy[marks], cost[marks]))
    assert (np.diff(accuracy[marks][order]) >= 0).all()


CELLS = pd.DataFrame({"work": [0, 1, 0], "work_runs": [4, 1, 4]})


def test_costs_measured_again_scatter_as_runs_do_and_cells_of_the_same_work_alike():
    price = np.array([10.0, 20.0, 10.0])
    drawn = measured_again(price, CELLS, 0.1, 20_000)
    logs = np.log(drawn / price)
    assert logs.mean(axis=0) == pytest.approx(0, abs=0.003)
    assert logs.std(axis=0) == pytest.approx([0.05, 0.1, 0.05], rel=0.03)
    assert (drawn[:, 0] == drawn[:, 2]).all()


def test_costs_of_unknown_scatter_have_the_least():
    price = np.array([10.0, 20.0, 10.0])
    logs = np.log(measured_again(price, CELLS, None, 20_000) / price)
    assert logs.std(axis=0) == pytest.approx(LEAST_SCATTER, rel=0.03)
    assert (logs == np.log(measured_again(price, CELLS, 0.001, 20_000) / price)).all()


@pytest.mark.parametrize(("ratio", "is_sure"), [(0.99, False), (0.93, False), (0.90, True), (0.8, True)])
def test_a_saving_under_a_tenth_is_undecided_whatever_a_millisecond_adds(ratio, is_sure):
    """Of two cells, the one less accurate is on the frontier as surely as it is cheaper."""
    cells = pd.DataFrame({"work": [0, 1], "work_runs": [4, 4]})
    accuracy = np.array([0.9, 0.8])
    for ratio_now in (ratio - 0.001, ratio + 0.001):
        drawn = measured_again(np.array([2.0, 2.0 * ratio_now]), cells, 0.02, 10_000)
        shares = on_frontier(drawn, accuracy).mean(axis=0)
        assert shares[0] == 1.0
        assert is_on(shares[1]) == is_sure


def test_two_builds_whose_measurements_moved_have_the_same_places():
    """A ratio of 1.20 was a tie in one build of a study and none in another, of 2.1 s against 1.8 s."""
    generator = np.random.default_rng(1)
    cells = pd.DataFrame({"work": [0, 1, 2], "work_runs": [4, 2, 2]})
    accuracy = np.array([0.87, 0.81, 0.80])
    places = set()
    for _ in range(40):
        price = np.array([2.15, 1.79, 2.12]) * np.exp(0.02 * generator.standard_normal(3))
        shares = on_frontier(measured_again(price, cells, 0.036, 2000), accuracy).mean(axis=0)
        places.add(tuple(is_on(share) for share in shares))
    assert places == {(True, True, False)}
