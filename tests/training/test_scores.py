import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss

from stages.training.record import Epoch
from stages.training.scores import quality
from stages.training.settings import RunSettings
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("classes", [["negative", "positive"], ["a", "b", "c"], list("uvwxyz")], ids=len)
def test_record_agrees_with_predictions(classes):
    write_study("roberta", classes)
    record = run("roberta", "full")
    predictions = pd.read_parquet(model_path("roberta", "full") / "predictions.parquet")
    names = [f"probability_{label}" for label in range(len(classes))]
    assert list(predictions.columns) == ["label", "prediction", *names]
    assert predictions["label"].tolist() == [row % len(classes) for row in range(24)]
    probabilities = predictions[names].to_numpy()
    assert predictions["prediction"].tolist() == probabilities.argmax(axis=1).tolist()
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(24), abs=1e-12)
    label, prediction = predictions["label"], predictions["prediction"]
    assert record.quality.test_accuracy == accuracy_score(label, prediction)
    macro = f1_score(label, prediction, average="macro", zero_division=0)
    assert record.quality.test_f1_macro == pytest.approx(macro, abs=1e-12)
    assert record.quality.test_loss == pytest.approx(log_loss(label, probabilities), abs=1e-12)
    assert record.quality.confusion == confusion_matrix(label, prediction).tolist()
    assert np.asarray(record.quality.confusion).sum(axis=1).tolist() == [24 // len(classes)] * len(classes)
    selected = record.quality.history[record.quality.selected_epoch - 1]
    assert record.quality.validation_accuracy == selected.selection_accuracy


@st.composite
def answers(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Predictions of up to forty classes and examples; some classes never occur, or are never predicted."""
    classes, rows = draw(st.integers(2, 40)), draw(st.integers(1, 40))
    ids = st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows)
    logits = np.random.default_rng(draw(st.integers(0, 99))).normal(
        scale=draw(st.sampled_from([1, 900])), size=(rows, classes)
    )
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    columns = {f"probability_{label}": probabilities[:, label] for label in range(classes)}
    return {"label": np.array(draw(ids)), "prediction": np.array(draw(ids)), **columns}


EPOCH = Epoch(epoch=1, train_loss=0.7, selection_loss=0.6, selection_accuracy=0.5)
SETTINGS = RunSettings.model_construct(load_best=True, selection_split="validation")


@given(answers())
def test_scores_are_those_of_scikit_learn(predictions):
    scores = quality(SETTINGS, [EPOCH], predictions, "0")
    label, prediction = predictions["label"], predictions["prediction"]
    ids = list(range(len(predictions) - 2))
    there = sorted(set(label.tolist()))
    f1 = {"y_true": label, "y_pred": prediction, "labels": there, "zero_division": 0}
    assert scores.confusion == confusion_matrix(label, prediction, labels=ids).tolist()
    of_there = [score for score in scores.f1_by_class if score is not None]
    assert [number for number in ids if scores.f1_by_class[number] is not None] == there
    assert of_there == pytest.approx(f1_score(**f1, average=None).tolist(), abs=1e-12)
    assert scores.test_f1_macro == pytest.approx(f1_score(**f1, average="macro"), abs=1e-12)
    assert scores.test_accuracy == pytest.approx(accuracy_score(label, prediction), abs=1e-12)
    probabilities = np.column_stack(list(predictions.values())[2:])
    assert scores.test_loss == pytest.approx(log_loss(label, probabilities, labels=ids), abs=1e-9)


def test_a_class_without_rows_has_no_score_and_one_that_is_never_predicted_has_zero():
    ids = np.array([0, 0, 1, 1])
    columns = {f"probability_{label}": np.full(4, 0.25) for label in range(4)}
    scores = quality(SETTINGS, [EPOCH], {"label": ids, "prediction": np.array([0, 0, 0, 2]), **columns}, "0")
    assert scores.confusion == [[2, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert scores.f1_by_class == [0.8, 0, None, None]
    assert scores.test_f1_macro == 0.4


def test_a_constant_classifier_has_scores():
    columns = {"probability_0": np.ones(4), "probability_1": np.zeros(4)}
    scores = quality(
        SETTINGS, [EPOCH], {"label": np.array([0, 0, 0, 1]), "prediction": np.zeros(4, int), **columns}, "0"
    )
    assert (scores.confusion, scores.f1_by_class) == ([[3, 0], [1, 0]], [pytest.approx(6 / 7), 0])
    assert scores.test_loss == pytest.approx(-np.log(np.finfo(float).eps) / 4)
