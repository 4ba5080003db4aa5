import numpy as np
import pytest

from stages.analysis.seed_variance import SeedComponent, moderated, seed_component
from tools.benchmarks.coverage import simulate


def test_seed_component_recovers_its_variance():
    correct = simulate(np.random.default_rng(3), 5, 1000, [0.01] * 400, shared=True)
    assert 5 * seed_component(correct).variance.mean() == pytest.approx(0.01**2, rel=0.15)
    level = simulate(np.random.default_rng(3), 5, 1000, [0.0] * 400, shared=True)
    assert 5 * abs(seed_component(level).variance.mean()) < 0.001**2


def test_moderated_component_is_never_below_the_mean():
    component = SeedComponent(np.array([-1.0, 0.0, 4.0]), np.array([1.0, 1.0, 4.0]))
    variance, mean_square = moderated(component)
    assert (variance.tolist(), mean_square.tolist()) == ([1.0, 1.0, 4.0], [2.0, 2.0, 4.0])
