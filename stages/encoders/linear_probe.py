"""What a linear classifier reads from a frozen encoder: whether pretraining taught it what a rating is."""

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import PreTrainedModel

from stages.encoders.corpus import Corpus, pad

BATCH = 128


def probe(encoder: PreTrainedModel, train: Corpus, validation: Corpus, pad_id: int) -> float:
    """Validation accuracy of a logistic regression on frozen first-token features."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(first_token_features(encoder, train.ids, pad_id).numpy(), train.ratings)
    features = first_token_features(encoder, validation.ids, pad_id).numpy()
    return float(classifier.score(features, validation.ratings))


def first_token_features(encoder: PreTrainedModel, ids: list[list[int]], pad_id: int) -> torch.Tensor:
    """What a classification head sees: the first token's final hidden state, shape (rows, width)."""
    encoder.eval()
    features = []
    with torch.inference_mode():
        for start in range(0, len(ids), BATCH):
            padded, attention = pad(ids[start : start + BATCH], pad_id)
            hidden = encoder(padded, attention_mask=attention).last_hidden_state
            features.append(hidden[:, 0].float())
    return torch.cat(features)
