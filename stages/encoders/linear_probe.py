"""What a linear classifier reads from a frozen encoder: whether pretraining taught it what a rating is."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import PreTrainedModel

from stages.encoders.corpus import Corpus

BATCH = 128


def probe(encoder: PreTrainedModel, train: Corpus, validation: Corpus, pad_id: int) -> float | None:
    """Validation accuracy of a logistic regression on frozen first-token features.

    None where there is nothing to read: one class in ``train``, no row to validate on, or features that are the same
    for every row or not finite.
    """
    if len(set(train.ratings)) < 2 or not validation.ids:
        return None
    features = first_token_features(encoder, train, pad_id).numpy()
    held_out = first_token_features(encoder, validation, pad_id).numpy()
    if not np.isfinite(features).all() or not np.isfinite(held_out).all() or not np.ptp(features, axis=0).any():
        return None
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(features, train.ratings)
    return float(classifier.score(held_out, validation.ratings))


def first_token_features(encoder: PreTrainedModel, corpus: Corpus, pad_id: int) -> torch.Tensor:
    """What a classification head sees: the first token's final hidden state, shape (rows, width)."""
    encoder.eval()
    features = []
    with torch.inference_mode():
        for start in range(0, len(corpus.ids), BATCH):
            batch = corpus.take(list(range(start, min(start + BATCH, len(corpus.ids)))))
            hidden = encoder(**batch.inputs(pad_id)).last_hidden_state
            features.append(hidden[:, 0].float())
    return torch.cat(features)
