import numpy as np
import pandas as pd
import pytest

from stages.analysis.calibration import calibration, calibration_error
from stages.analysis.frontiers import frontier_probability, pareto_frontier
from stages.analysis.statistics import Interval, Statistics, limits
from stages.core.errors import InputError
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


def test_frontier_keeps_what_no_other_point_beats():
    cost, accuracy = np.array([3.0, 1.0, 2.0, 4.0, 1.0]), np.array([0.9, 0.7, 0.8, 0.85, 0.6])
    assert pareto_frontier(cost, accuracy).tolist() == [1, 2, 0]


def test_frontier_probability_is_the_share_of_resamples():
    cost = np.array([1.0, 2.0, 3.0])
    accuracy = np.array([[0.5, 0.6, 0.7], [0.5, 0.6, 0.6], [0.8, 0.6, 0.7], [0.5, 0.5, 0.9]])
    assert frontier_probability(cost, accuracy).tolist() == [1.0, 0.5, 0.5]


def test_calibration_of_one_run():
    frame = predictions([0, 1, 1, 0, 1], [0.1, 0.9, 0.9, 0.8, 0.2])
    found = calibration(Run(architecture="roberta", configuration="full", seed=1, role="train"), frame)
    # Bin of 0.9: right thrice, gap 0.3 in sum; bin of 0.8: wrong twice, gap 1.6.
    assert found.expected_calibration_error == pytest.approx((0.3 + 1.6) / 5)
    assert found.brier_score == pytest.approx((3 * 0.01 + 2 * 0.64) / 5)
    counts = (found.true_negatives, found.false_positives, found.false_negatives, found.true_positives)
    assert counts == (1, 1, 1, 2)


def test_calibration_error_is_zero_where_confidence_is_the_accuracy():
    frame = predictions([1, 1, 1, 0], [0.75] * 4)
    assert calibration_error(frame) == 0.0


@pytest.mark.parametrize(("seeds", "p", "factor"), [(1, 1.0, None), (2, 1 / 3, 6.4829), (5, 2 / 252, 1.4166)])
def test_limits(seeds, p, factor):
    found = limits(seeds)
    assert found.smallest_permutation_p == pytest.approx(p)
    assert found.seeds_for_permutation_p_below_level == 4
    assert found.t_interval_factor == (None if factor is None else pytest.approx(factor, abs=1e-4))


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="finite number"):
        Interval(low=float("nan"), high=1.0, over="examples")


def test_missing_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "statistics.json"
    with pytest.raises(InputError) as missing:
        Statistics.read_from(path)
    assert str(missing.value) == f"{path}: not found; run `dvc repro statistics` first"
    path.write_text('{"examples": 1}', encoding="utf-8")
    with pytest.raises(InputError) as foreign:
        Statistics.read_from(path)
    assert str(foreign.value) == f"{path}: seeds: Field required (and 9 more); run `dvc repro -f statistics`"
