"""Test predictions and what they are worth."""

import numpy as np
import torch

from stages.training.batching import Split
from stages.training.record import Epoch, Quality, accuracy, f1_macro
from stages.training.settings import RunSettings
from stages.training.trainer import StudyTrainer, selected_epoch

PROBABILITY = "probability_"  # and the class's id: a column of predictions


def predict(trainer: StudyTrainer, test: Split) -> dict[str, np.ndarray]:
    """Label, predicted label and the probability of each class of every test example, in file order."""
    logits = trainer.predict_logits(test)
    probabilities = torch.from_numpy(logits).double().softmax(dim=1).numpy()
    columns = {"label": test.labels, "prediction": logits.argmax(axis=1)}
    return columns | {f"{PROBABILITY}{label}": column.copy() for label, column in enumerate(probabilities.T)}


def probability_columns(predictions: dict[str, np.ndarray]) -> np.ndarray:
    """Of ``predictions``: probabilities (rows, classes), classes in order of their ids."""
    return np.column_stack([values for name, values in predictions.items() if name.startswith(PROBABILITY)])


def quality(
    settings: RunSettings, curve: list[Epoch], predictions: dict[str, np.ndarray], weights_sha256: str
) -> Quality:
    """Test scores of the selected epoch and the learning curve that selected it.

    A few sums, which scikit-learn would take longer to import for than a miniature run takes to evaluate.
    """
    epoch = selected_epoch(curve, settings.load_best)
    selection_accuracy = curve[epoch - 1].selection_accuracy
    label = predictions["label"]
    probabilities = probability_columns(predictions)
    of_label = probabilities[np.arange(len(label)), label]
    confusion = np.zeros((probabilities.shape[1],) * 2, dtype=int)
    np.add.at(confusion, (label, predictions["prediction"]), 1)
    tiny = np.finfo(float).eps
    return Quality(
        test_accuracy=accuracy(confusion.tolist()),
        test_f1_macro=f1_macro(confusion.tolist()),
        test_loss=float(-np.log(of_label.clip(tiny, 1 - tiny)).mean()),
        validation_accuracy=selection_accuracy if settings.selection_split == "validation" else None,
        selected_epoch=epoch,
        confusion=confusion.tolist(),
        history=curve,
        weights_sha256=weights_sha256,
    )
