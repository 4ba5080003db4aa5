import numpy as np
import pytest

from stages.analysis.intervals import accuracy_intervals
from stages.analysis.seed_variance import seed_component
from tests.helpers.answers import answers, resampled
from tools.benchmarks.coverage import ACCURACY, simulate


def test_one_seed_interval_is_the_percentile_interval_of_the_examples():
    correct = answers(1, 2000)
    low, high = accuracy_intervals(correct, resampled(correct))
    expected = np.quantile(resampled(correct), (0.025, 0.975), axis=0)
    np.testing.assert_allclose([low, high], expected, atol=2e-4)  # Student's t in place of the normal


def test_interval_of_seeds_that_differ_much_rests_on_few_degrees_of_freedom():
    correct = np.zeros((1, 1000, 2), dtype=bool)
    correct[0, :900, 0] = correct[0, :700, 1] = True
    component = seed_component(correct)
    assert component.mean_square[0] == pytest.approx(0.1**2)
    low, high = accuracy_intervals(correct, resampled(correct))
    assert (low[0], high[0]) == (0.0, 1.0)


@pytest.mark.parametrize("seeds", [1, 2, 5])
@pytest.mark.parametrize("sd", [0.0, 0.005])
def test_intervals_cover(seeds, sd):
    """1,000 draws: 93 to 97 % as the brief of the benchmark, which has more settings."""
    correct = simulate(np.random.default_rng(7), seeds, 500, [sd if seeds > 1 else 0.0] * 1000, shared=False)
    low, high = accuracy_intervals(correct, resampled(correct))
    assert 0.93 <= ((low <= ACCURACY) & (high >= ACCURACY)).mean() <= 0.97
