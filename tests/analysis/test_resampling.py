import pytest

from stages.analysis.resampling import RESAMPLES
from tests.helpers.answers import answers, resampled


def test_bootstrap_has_the_standard_error_of_a_mean_and_fixed_bytes():
    correct = answers(1)
    means = resampled(correct)
    assert means.shape == (RESAMPLES, 2)
    assert means.tobytes() == resampled(correct).tobytes()
    error = correct[0].std() / 20
    assert means[:, 0].std() == pytest.approx(error, rel=0.03)
    assert means[:, 0].mean() == pytest.approx(correct[0].mean(), abs=0.05 * error)
