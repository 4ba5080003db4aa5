import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, brier_score_loss, confusion_matrix

from stages.analysis.calibration import BINS, brier_score, calibration, calibration_error
from stages.training.settings import Run

RUN = Run(architecture="roberta", configuration="full", seed=1, role="train")


def predictions(label: list[int], probabilities: list[list[float]]) -> pd.DataFrame:
    columns = {f"probability_{number}": values for number, values in enumerate(np.transpose(probabilities))}
    return pd.DataFrame({"label": label, "prediction": np.argmax(probabilities, axis=1), **columns})


def of_two(label: list[int], positive: list[float]) -> pd.DataFrame:
    return predictions(label, [[1 - value, value] for value in positive])


def test_calibration_of_one_run():
    measured = calibration(RUN, of_two([0, 1, 1, 0, 1], [0.1, 0.9, 0.9, 0.8, 0.2]))
    # Bin of 0.9: right thrice, gap 0.3 in sum; bin of 0.8: wrong twice, gap 1.6.
    assert measured.expected_calibration_error == pytest.approx((0.3 + 1.6) / 5)
    assert measured.brier_score == pytest.approx((3 * 0.01 + 2 * 0.64) / 5)
    assert measured.confusion == [[1, 1], [1, 2]]


def test_calibration_of_three_classes():
    right, wrong = [0.1, 0.8, 0.1], [0.5, 0.2, 0.3]
    measured = calibration(RUN, predictions([1, 1, 1, 2], [right, right, right, wrong]))
    # Bin of 0.8: right thrice, gap 0.6 in sum; bin of 0.5: wrong once, gap 0.5.
    assert measured.expected_calibration_error == pytest.approx((0.6 + 0.5) / 4)
    of_right = (0.01 + 0.04 + 0.01) / 2
    of_wrong = (0.25 + 0.04 + 0.49) / 2
    assert measured.brier_score == pytest.approx((3 * of_right + of_wrong) / 4)
    assert measured.confusion == [[0, 0, 0], [0, 3, 0], [1, 0, 0]]


def test_calibration_error_is_zero_where_confidence_is_the_accuracy():
    assert calibration_error(of_two([1, 1, 1, 0], [0.75] * 4)) == 0.0
    assert calibration_error(predictions([0, 0, 1, 2], [[0.5, 0.25, 0.25]] * 4)) == 0.0


def test_confidence_is_the_predicted_class_s_probability():
    """Not the largest: the two differ where two logits are equal in single precision, and only one is named."""
    frame = predictions([0, 1], [[0.5, 0.5], [0.4, 0.6]]).assign(prediction=[0, 0])
    assert calibration_error(frame) == pytest.approx((0.5 + 0.4) / 2)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    classes, rows = draw(st.integers(2, 12)), draw(st.integers(1, 60))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    drawn = generator.dirichlet(np.full(classes, draw(st.sampled_from([0.05, 1.0, 50.0]))), rows)
    label = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    return predictions(label, drawn.tolist())


@given(frames())
def test_any_number_of_classes_is_scored_as_scikit_learn_does(frame):
    classes = list(range(len(frame.columns) - 2))
    of_class = frame[[f"probability_{label}" for label in classes]].to_numpy()
    measured = calibration(RUN, frame)
    assert measured.confusion == confusion_matrix(frame["label"], frame["prediction"], labels=classes).tolist()
    scaled = brier_score_loss(frame["label"], of_class, labels=classes, scale_by_half=True)
    assert measured.brier_score == brier_score(frame) == pytest.approx(scaled, abs=1e-12)
    distance = ((of_class - np.eye(len(classes))[frame["label"]]) ** 2).sum(axis=1)
    assert measured.brier_score == pytest.approx(distance.mean() / 2, abs=1e-12)
    assert measured.expected_calibration_error == pytest.approx(gaps(frame, of_class), abs=1e-12)


def gaps(frame: pd.DataFrame, of_class: np.ndarray) -> float:
    """The error as it is defined, bin after bin."""
    confidence, total = of_class.max(axis=1), 0.0
    for number in range(BINS):
        chosen = (confidence > number / BINS) & (confidence <= (number + 1) / BINS)
        if chosen.any():
            accuracy = accuracy_score(frame["label"][chosen], frame["prediction"][chosen])
            total += chosen.mean() * abs(accuracy - confidence[chosen].mean())
    return total
