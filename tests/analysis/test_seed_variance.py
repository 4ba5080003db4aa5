import numpy as np
import pytest

from stages.analysis.seed_variance import (
    SeedVariance,
    degrees_of_difference,
    degrees_of_mean,
    kinds_of,
    mean_squares,
    seed_variances,
)
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.answers import answers, of_seeds, right_on


def test_mean_square_and_interaction_by_hand():
    """Seeds right on 900 and 700 of 1,000: their variance is 0.02; 200 examples on which they disagree."""
    mean_square, interaction = mean_squares(right_on((900, 700), examples=1000))
    assert mean_square == pytest.approx([0.02 / 2])
    assert interaction == pytest.approx([(200 / 2 - 1000 * 0.02) / 999 / 1000 / 2])


def test_one_seed_adds_nothing():
    seed = of_seeds(answers(1))
    assert [values.tolist() for values in seed] == [[0, 0], [0, 0], [0, 0]]


def test_mean_squares_recover_the_variance_between_seeds():
    mean_square, interaction = mean_squares(answers(5, 1000, (0.01,) * 400, seed=3))
    assert 5 * (mean_square - interaction).mean() == pytest.approx(0.01**2, rel=0.15)
    mean_square, interaction = mean_squares(answers(5, 1000, (0.0,) * 400, seed=3))
    assert 5 * abs((mean_square - interaction).mean()) < 0.001**2


def test_a_kind_lends_over_architectures_and_nothing_to_another():
    """Own mean squares, in units of 1e-4: 100, 1 and 4 on the first architecture, 9 on the second."""
    first = right_on((900, 700), (810, 790), (820, 780), examples=1000)
    second = right_on((830, 770), examples=1000)
    adapter = ("peft", "base")
    kinds = {"a": [("full", "base"), adapter, ("peft", "probe")], "b": [adapter]}
    found = seed_variances({"a": first, "b": second}, kinds)
    assert found["a"].mean_square == pytest.approx([100e-4, 5e-4, 4e-4])  # 5 is the mean of 1 and 9
    assert found["a"].degrees.tolist() == [1, 2, 1]
    assert found["b"].mean_square == pytest.approx([9e-4])  # which varies more than its kind, and keeps its own
    assert found["b"].degrees.tolist() == [2]


def test_seeds_that_agree_add_nothing_to_the_sampling_variance():
    """Two seeds of one accuracy that are wrong on other examples: the sampling variance has their disagreement."""
    first = np.arange(200) % 10 > 0
    correct = np.stack([first, np.roll(first, 10 // 2)], axis=1)[None]
    seed = of_seeds(correct)
    assert seed.interaction == pytest.approx([(40 / 2) / 199 / 200 / 2])
    assert seed.component.tolist() == [0]


def variance(mean_square: float, degrees: int, interaction: float = 0.0) -> SeedVariance:
    return SeedVariance(np.array([float(mean_square)]), np.array([interaction]), np.array([degrees]))


@pytest.mark.parametrize(
    ("first", "second", "degrees"),
    [
        (variance(1, 1), variance(1, 1), 2),
        (variance(3, 1), variance(1, 4), 16 / 9.25),
        (variance(1, 1), variance(0, 15), 1),
        (variance(1, 24), variance(1, 24), 48),
        (variance(1, 90), variance(1, 90), 99),  # no more than examples less one
        (variance(0, 1), variance(0, 1), 99),  # every run alike
        (variance(0, 0), variance(0, 0), 99),  # one seed
    ],
)
def test_degrees_of_a_difference_are_those_of_its_seeds(first, second, degrees):
    assert degrees_of_difference(first, second, 100) == pytest.approx([degrees])


@pytest.mark.parametrize(
    ("seed", "sampling", "degrees"),
    [
        (variance(1, 1), 0.0, 1),
        (variance(1, 1, 1.0), 1.0, 1),  # all that examples vary by is the seeds' disagreement on them
        (variance(1, 1), 1.0, 4 / (1 + 1 / 99)),
        (variance(1, 24, 0.5), 1.5, 4 / (1 / 24 + 1 / 99)),
        (variance(0, 0), 1.0, 99),
    ],
)
def test_degrees_of_a_mean_are_of_seeds_and_examples(seed, sampling, degrees):
    assert degrees_of_mean(seed, np.array([sampling]), 100) == pytest.approx([degrees])


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_degrees_never_fall_below_those_of_one_configuration(seeds):
    for draw in range(20):
        correct = answers(seeds, 300, (0.0, 0.001, 0.03, 0.1), seed=draw)
        seed = of_seeds(correct, ["full", "peft", "peft", "subset"])
        rows = np.array([0, 1, 2, 3])
        for other in (1, 2, 3):
            swapped = SeedVariance(*(values[(rows + other) % 4] for values in seed))
            assert degrees_of_difference(seed, swapped, 300).min() >= seeds - 1
        sampling = correct.mean(axis=2).var(axis=1, ddof=1) / 300
        assert degrees_of_mean(seed, sampling, 300).min() >= seeds - 1


def test_kinds_are_of_method_and_rate():
    """Of today's parameters: every configuration by its own fields, whatever its name."""
    study = resolve_study(load_params())
    kinds = kinds_of(study, {"deberta": ["full", "full-probe", "lora-r8", "qlora-ffn", "ia3-probe"]})
    assert kinds == {
        "deberta": [("full", "base"), ("full", "probe"), ("peft", "base"), ("peft", "base"), ("peft", "probe")]
    }
