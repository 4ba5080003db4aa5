import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from stages.analysis.paired_tests import paired_intervals, paired_tests, sign_flip_p
from tests.helpers.answers import answers, resampled
from tools.benchmarks.coverage import family_wise_error


def table(correct: np.ndarray) -> list[list[int]]:
    first, second = correct[0, :, 0], correct[1, :, 0]
    return [[int((first == a)[second == b].sum()) for b in (True, False)] for a in (True, False)]


def test_one_seed_is_mcnemar():
    correct = answers(1)
    tested = paired_tests(correct, [(0, 1)]).iloc[0]
    counts = table(correct)
    assert not tested["exact"]
    assert tested["p"] == pytest.approx(mcnemar(counts, exact=False, correction=False).pvalue, rel=1e-12)
    assert (tested["favouring_first"], tested["favouring_second"]) == (counts[0][1], counts[1][0])
    assert tested["difference"] == pytest.approx(correct[1].mean() - correct[0].mean())


@pytest.mark.parametrize("examples", [10, 30, 60, 100])
def test_one_seed_and_few_discordant_examples_is_exact_mcnemar(examples):
    correct = answers(1, examples, seed=examples)
    tested = paired_tests(correct, [(0, 1)]).iloc[0]
    assert tested["exact"]
    assert tested["p"] == pytest.approx(mcnemar(table(correct), exact=True).pvalue, rel=1e-12)


def test_clustered_statistic_with_seeds_of_equal_accuracy():
    """By hand, on Durkalski's formula: a rotation of the examples gives both seeds the same accuracy."""
    first = np.arange(200) % 10 > 0
    second = np.arange(200) % 10 > 2
    correct = np.stack([np.stack([y, np.roll(y, 10)], axis=1) for y in (first, second)])
    gains = correct[1].sum(axis=1) - correct[0].sum(axis=1)
    tested = paired_tests(correct, [(0, 1)]).iloc[0]
    statistic = gains.sum() ** 2 / (gains**2).sum()
    assert statistic == pytest.approx(40.0)
    assert tested["p"] == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-9)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_identical_configurations_have_p_one(seeds):
    correct = answers(seeds)[[0, 0]]
    tested = paired_tests(correct, [(0, 1)]).iloc[0]
    assert (tested["p"], tested["difference"], tested["favouring_first"]) == (1.0, 0.0, 0)
    low, high = paired_intervals(correct, [(0, 1)], resampled(correct))[:, 0]
    assert low <= 0 <= high


@pytest.mark.parametrize(
    ("gains", "p"), [([], 1.0), ([0, 0], 1.0), ([1] * 5, 2 / 32), ([2, 2, -1], 0.5), ([2, 2, 2, -1], 4 / 16)]
)
def test_sign_flip_enumerates(gains, p):
    assert sign_flip_p(np.array(gains, dtype=int)) == p


@pytest.mark.parametrize("sd", [0.0, 0.005])
def test_family_wise_error(sd):
    """At a true rate of 6 % more than 22 of 200 families have less than one chance in a hundred."""
    assert family_wise_error(2, 500, str(sd), [sd], draws=200)["study"] <= 22 / 200
