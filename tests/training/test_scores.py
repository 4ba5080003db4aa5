import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss

from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_record_agrees_with_predictions():
    write_study("roberta")
    record = run("roberta", "full")
    predictions = pd.read_parquet(model_path("roberta", "full") / "predictions.parquet")
    assert predictions["label"].tolist() == [row % 2 for row in range(24)]
    label, prediction = predictions["label"], predictions["prediction"]
    assert record.quality.test_accuracy == accuracy_score(label, prediction)
    assert record.quality.test_f1_macro == pytest.approx(f1_score(label, prediction, average="macro"), abs=1e-12)
    probabilities = predictions[["probability_negative", "probability_positive"]]
    assert record.quality.test_loss == pytest.approx(log_loss(label, probabilities), abs=1e-12)
    assert record.quality.confusion == confusion_matrix(label, prediction).tolist()
    assert np.asarray(record.quality.confusion).sum() == 24
    assert np.asarray(record.quality.confusion).sum(axis=1).tolist() == [12, 12]
    selected = record.quality.history[record.quality.selected_epoch - 1]
    assert record.quality.validation_accuracy == selected.selection_accuracy
