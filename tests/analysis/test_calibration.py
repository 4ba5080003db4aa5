import numpy as np
import pandas as pd
import pytest

from stages.analysis.calibration import calibration, calibration_error
from stages.training.settings import Run


def predictions(label: list[int], positive: list[float]) -> pd.DataFrame:
    probability = np.array(positive)
    return pd.DataFrame(
        {
            "label": label,
            "prediction": (probability > 0.5).astype(int),
            "probability_negative": 1 - probability,
            "probability_positive": probability,
        }
    )


def test_calibration_of_one_run():
    frame = predictions([0, 1, 1, 0, 1], [0.1, 0.9, 0.9, 0.8, 0.2])
    measured = calibration(Run(architecture="roberta", configuration="full", seed=1, role="train"), frame)
    # Bin of 0.9: right thrice, gap 0.3 in sum; bin of 0.8: wrong twice, gap 1.6.
    assert measured.expected_calibration_error == pytest.approx((0.3 + 1.6) / 5)
    assert measured.brier_score == pytest.approx((3 * 0.01 + 2 * 0.64) / 5)
    counts = (measured.true_negatives, measured.false_positives, measured.false_negatives, measured.true_positives)
    assert counts == (1, 1, 1, 2)


def test_calibration_error_is_zero_where_confidence_is_the_accuracy():
    frame = predictions([1, 1, 1, 0], [0.75] * 4)
    assert calibration_error(frame) == 0.0
