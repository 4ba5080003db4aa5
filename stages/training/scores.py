"""Test predictions and what they are worth."""

import numpy as np
import torch

from stages.training.batching import Split
from stages.training.record import Epoch, Quality
from stages.training.settings import RunSettings
from stages.training.trainer import StudyTrainer, selected_epoch


def predict(trainer: StudyTrainer, test: Split) -> dict[str, np.ndarray]:
    """Label, predicted label and both class probabilities of every test example, in file order."""
    logits = trainer.predict_logits(test)
    probabilities = torch.from_numpy(logits).double().softmax(dim=1).numpy()
    return {
        "label": test.labels,
        "prediction": logits.argmax(axis=1),
        "probability_negative": probabilities[:, 0].copy(),
        "probability_positive": probabilities[:, 1].copy(),
    }


def quality(
    settings: RunSettings, curve: list[Epoch], predictions: dict[str, np.ndarray], weights_sha256: str
) -> Quality:
    """Test scores of the selected epoch and the learning curve that selected it.

    Four sums, which scikit-learn would take longer to import for than a miniature run takes to evaluate.
    """
    epoch = selected_epoch(curve, settings.load_best)
    selection_accuracy = curve[epoch - 1].selection_accuracy
    label = predictions["label"]
    confusion = np.zeros((2, 2), dtype=int)
    np.add.at(confusion, (label, predictions["prediction"]), 1)
    hits = confusion.diagonal()
    actual_and_predicted = confusion.sum(axis=0) + confusion.sum(axis=1)  # rows of a class: the F1 score's denominator
    probability = np.choose(label, [predictions["probability_negative"], predictions["probability_positive"]])
    tiny = np.finfo(float).eps
    return Quality(
        test_accuracy=float(hits.sum() / len(label)),
        test_f1_macro=float(np.mean(2 * hits / np.maximum(actual_and_predicted, 1))),
        test_loss=float(-np.log(probability.clip(tiny, 1 - tiny)).mean()),
        validation_accuracy=selection_accuracy if settings.selection_split == "validation" else None,
        selected_epoch=epoch,
        confusion=confusion.tolist(),
        history=curve,
        weights_sha256=weights_sha256,
    )
