from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from stages.analysis.paired_tests import paired_tests, sign_flip_p
from tests.helpers.answers import answers, of_seeds, right_on


def table(correct: np.ndarray) -> list[list[int]]:
    first, second = correct[0, :, 0], correct[1, :, 0]
    return [[int((first == a)[second == b].sum()) for b in (True, False)] for a in (True, False)]


def first_pair(correct: np.ndarray, methods: list[str] | None = None) -> pd.Series:
    return paired_tests(correct, [(0, 1)], of_seeds(correct, methods)).iloc[0]


def test_one_seed_is_the_paired_t_test():
    correct = answers(1)
    row, counts = first_pair(correct), table(correct)
    first, second = correct[:, :, 0].astype(float)
    expected = stats.ttest_rel(second, first)
    assert not row["exact"]
    assert row["p"] == pytest.approx(expected.pvalue, rel=1e-12)
    assert row["degrees_of_freedom"] == expected.df == 399
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected.confidence_interval(0.95)), rel=1e-12)
    assert (row["favouring_first"], row["favouring_second"]) == (counts[0][1], counts[1][0])
    assert row["difference"] == pytest.approx(second.mean() - first.mean())


def test_one_seed_is_nearly_mcnemar():
    correct = answers(1)
    assert first_pair(correct)["p"] == pytest.approx(
        mcnemar(table(correct), exact=False, correction=False).pvalue, rel=0.02
    )


@pytest.mark.parametrize("examples", [10, 30, 60, 100])
def test_one_seed_and_few_discordant_examples_is_exact_mcnemar(examples):
    correct = answers(1, examples, seed=examples)
    row = first_pair(correct)
    assert row["exact"]
    assert row["p"] == pytest.approx(mcnemar(table(correct), exact=True).pvalue, rel=1e-12)


def test_two_seeds_by_hand():
    """Seeds right on 800 and 780 of 1,000 texts, and on 900 and 860.

    Own mean squares of the means are 1e-4 and 4e-4 on one degree of freedom each. On 780 to 800 one seed of the first
    is wrong, then both to 860, where the second's first seed is alone to 900: gains of 1 on 20, 2 on 60, 1 on 40.
    """
    row = first_pair(right_on((800, 780), (900, 860), examples=1000), ["full", "peft"])
    of_gains = (20 + 4 * 60 + 40 - 180**2 / 1000) / 999
    interactions = [(20 / 2 - 1000 * 2e-4) / 999 / 1000 / 2, (40 / 2 - 1000 * 8e-4) / 999 / 1000 / 2]
    error = (of_gains / 1000 / 4 + 1e-4 + 4e-4 - sum(interactions)) ** 0.5
    degrees = 5**2 / (1 + 16)
    assert row["difference"] == pytest.approx(0.09)
    assert row["standard_error"] == pytest.approx(error, rel=1e-12)
    assert row["degrees_of_freedom"] == pytest.approx(degrees)
    assert row["p"] == pytest.approx(2 * stats.t.sf(0.09 / error, degrees), rel=1e-9)
    half_width = stats.t.ppf(0.975, degrees) * error
    assert (row["low"], row["high"]) == pytest.approx((0.09 - half_width, 0.09 + half_width))


def test_a_configuration_that_varies_much_says_nothing_of_those_of_another_kind():
    """Two adapters with seeds 0.04 pp apart, beside full fine-tuning 2 pp apart, on as many texts as IMDb has."""
    correct = right_on((17300, 17310), (17670, 17680), (21000, 20500), examples=24678)
    methods = ["peft", "peft", "full"]
    row = paired_tests(correct, [(0, 1)], of_seeds(correct, methods)).iloc[0]
    alone = paired_tests(correct[:2], [(0, 1)], of_seeds(correct[:2], methods[:2])).iloc[0]
    assert row.equals(alone)
    assert row["difference"] == pytest.approx(370 / 24678)
    assert row["p"] < 0.05 / 24


def test_clustered_statistic_with_seeds_of_equal_accuracy():
    """A rotation of the examples gives both seeds the same accuracy: nothing is added to the sampling variance."""
    first = np.arange(200) % 10 > 0
    second = np.arange(200) % 10 > 2
    correct = np.stack([np.stack([y, np.roll(y, 10)], axis=1) for y in (first, second)])
    gains = correct[1].sum(axis=1) - correct[0].sum(axis=1)
    row = first_pair(correct)
    assert row["standard_error"] == pytest.approx(gains.std(ddof=1) / 2 / 200**0.5)
    assert row["difference"] / row["standard_error"] == pytest.approx(gains.mean() / gains.std(ddof=1) * 200**0.5)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_identical_configurations_have_p_one(seeds):
    row = first_pair(answers(seeds)[[0, 0]])
    assert (row["p"], row["difference"], row["favouring_first"]) == (1.0, 0.0, 0)
    assert row["low"] <= 0 <= row["high"]


def test_runs_that_differ_on_every_text_in_one_direction_differ():
    row = first_pair(right_on((0, 0), (100, 100), examples=100))
    assert (row["difference"], row["low"], row["high"], row["p"]) == (1.0, 1.0, 1.0, 0.0)


def test_an_interval_holds_zero_where_p_is_above_its_level_and_nowhere_else():
    pairs = [(first, second) for first in range(6) for second in range(first)]
    cases = set()
    for seeds, examples, draw in product((1, 2, 3), (30, 200, 2000), range(10)):
        correct = answers(seeds, examples, (0.0, 0.002, 0.01, 0.02, 0.05, 0.1), seed=draw)
        correct[0, ::4] = False  # one that is worse
        rows = paired_tests(correct, pairs, of_seeds(correct, ["full", "peft", "peft", "peft", "subset", "subset"]))
        holds = (rows["low"] <= 1e-12) & (rows["high"] >= -1e-12)
        assert (holds == (rows["p"] > 0.05)).all()
        assert ((rows["low"] >= -1) & (rows["high"] <= 1) & (rows["degrees_of_freedom"] >= 1)).all()
        cases |= {(seeds, hold, exact) for hold, exact in zip(holds, rows["exact"], strict=True)}
    assert cases == set(product((1, 2, 3), (False, True), (False, True)))


def test_an_interval_reaches_zero_where_the_exact_test_finds_nothing():
    """Five of five texts favour one: the t test says p = 0.025, the exact one 2/32."""
    row = first_pair(right_on((90,), (95,), examples=1000))
    assert (row["p"], row["exact"]) == (2 / 32, True)
    assert row["low"] == 0


@pytest.mark.parametrize(
    ("gains", "p"), [([], 1.0), ([0, 0], 1.0), ([1] * 5, 2 / 32), ([2, 2, -1], 0.5), ([2, 2, 2, -1], 4 / 16)]
)
def test_sign_flip_enumerates(gains, p):
    assert sign_flip_p(np.array(gains, dtype=int)) == p
