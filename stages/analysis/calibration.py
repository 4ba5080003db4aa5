"""How far a run's probabilities can be believed."""

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, confusion_matrix

from stages.analysis.statistics import Calibration
from stages.training.settings import Run

BINS = 15  # Guo et al. 2017


def calibration(run: Run, predictions: pd.DataFrame) -> Calibration:
    """Calibration and confusion of one run."""
    return Calibration(
        architecture=run.architecture,
        configuration=run.configuration,
        seed=run.seed,
        expected_calibration_error=calibration_error(predictions),
        brier_score=float(brier_score_loss(predictions["label"], predictions["probability_positive"], pos_label=1)),
        confusion=confusion_matrix(predictions["label"], predictions["prediction"], labels=[0, 1]).tolist(),
    )


def calibration_error(predictions: pd.DataFrame) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equal-width bins, weighted by examples.

    Confidence is the predicted class's probability (Naeini et al. 2015, AAAI; Guo et al. 2017, ICML).
    """
    confidence = predictions[["probability_negative", "probability_positive"]].max(axis=1).to_numpy()
    right = (predictions["label"] == predictions["prediction"]).to_numpy()
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # closed on the right, as Guo et al.
    return float(np.abs(np.bincount(bins, right - confidence, minlength=BINS)).sum() / len(right))
