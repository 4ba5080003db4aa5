import numpy as np

from stages.analysis.frontiers import frontier_probability, pareto_frontier


def test_frontier_keeps_what_no_other_point_beats():
    cost, accuracy = np.array([3.0, 1.0, 2.0, 4.0, 1.0]), np.array([0.9, 0.7, 0.8, 0.85, 0.6])
    assert pareto_frontier(cost, accuracy).tolist() == [1, 2, 0]


def test_frontier_probability_is_the_share_of_resamples():
    cost = np.array([1.0, 2.0, 3.0])
    accuracy = np.array([[0.5, 0.6, 0.7], [0.5, 0.6, 0.6], [0.8, 0.6, 0.7], [0.5, 0.5, 0.9]])
    assert frontier_probability(cost, accuracy).tolist() == [1.0, 0.5, 0.5]
