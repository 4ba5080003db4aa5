"""How far a run's probabilities can be believed."""

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, confusion_matrix

from stages.analysis.answers import class_count, probabilities
from stages.analysis.statistics import Calibration
from stages.training.settings import Run

BINS = 15  # Guo et al. 2017


def calibration(run: Run, predictions: pd.DataFrame) -> Calibration:
    """Calibration and confusion of one run."""
    classes = list(range(class_count(predictions)))
    return Calibration(
        architecture=run.architecture,
        configuration=run.configuration,
        seed=run.seed,
        expected_calibration_error=calibration_error(predictions),
        brier_score=brier_score(predictions),
        confusion=confusion_matrix(predictions["label"], predictions["prediction"], labels=classes).tolist(),
    )


def brier_score(predictions: pd.DataFrame) -> float:
    """Half the mean squared distance of all probabilities from the answer, from 0 to 1 (Brier 1950).

    For two classes that is the squared distance of the second's probability, which is how they are scored here.
    """
    of_class = probabilities(predictions)
    label = predictions["label"]
    if of_class.shape[1] == 2:
        return float(brier_score_loss(label, of_class[:, 1], pos_label=1))
    return float(brier_score_loss(label, of_class, labels=list(range(of_class.shape[1])), scale_by_half=True))


def calibration_error(predictions: pd.DataFrame) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equal-width bins, weighted by examples.

    Confidence is the predicted class's probability (Naeini et al. 2015, AAAI; Guo et al. 2017, ICML).
    """
    rows = np.arange(len(predictions))
    confidence = probabilities(predictions)[rows, predictions["prediction"]]
    right = (predictions["label"] == predictions["prediction"]).to_numpy()
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # closed on the right, as Guo et al.
    return float(np.abs(np.bincount(bins, right - confidence, minlength=BINS)).sum() / len(right))
