"""Miniature encoders of the three families, and what a linear probe reads from one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.core.errors import InputError
from stages.encoders.settings import Architecture

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

EVALUATION_BATCH = 128
UNRATED = -1  # the label of a row without a rating

# What makes a miniature one of its family, beyond widths (DeBERTa-v3: those of deberta-v3-base).
STYLE: dict[str, dict[str, Any]] = {
    "DistilBertForSequenceClassification": {},
    "RobertaForSequenceClassification": {"type_vocab_size": 1, "layer_norm_eps": 1e-5},
    "DebertaV2ForSequenceClassification": {
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
        "type_vocab_size": 0,
        "pooler_hidden_act": "gelu",
        "pooler_dropout": 0,
    },
}


@dataclass(frozen=True)
class Corpus:
    """Token ids a row (special tokens included) and ratings: 0, 1 or -1 for none."""

    ids: list[list[int]]
    ratings: list[int]

    def take(self, rows: list[int]) -> "Corpus":
        return Corpus([self.ids[i] for i in rows], [self.ratings[i] for i in rows])


def build_encoder(family: Architecture, tokenizer: "PreTrainedTokenizerFast", max_length: int) -> "PreTrainedModel":
    """The family's encoder at random initialisation, in its miniature size.

    Raises:
        InputError: a size that the family's configuration does not accept.
    """
    import transformers

    model_class = getattr(transformers, family.model_class)
    positions = max_length + (tokenizer.pad_token_id + 1 if "Roberta" in family.model_class else 0)
    style = dict(STYLE[family.model_class])
    if style.get("relative_attention"):
        style["position_buckets"] = max(max_length // 2, 4)
    try:
        config = model_class.config_class(
            vocab_size=len(tokenizer),
            max_position_embeddings=positions,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            **style,
            **family.miniature,
        )
        return model_class(config).base_model
    except (TypeError, ValueError) as error:
        raise InputError(f"miniature: {family.miniature}: {' '.join(str(error).split())}") from error


def pad(ids: list[list[int]], pad_id: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """Ids and attention mask, both int64 of shape (rows, longest row)."""
    import torch

    longest = max(map(len, ids))
    padded = torch.tensor([row + [pad_id] * (longest - len(row)) for row in ids])
    lengths = torch.tensor([len(row) for row in ids])
    return padded, (torch.arange(longest) < lengths[:, None]).long()


def first_token_features(encoder: "PreTrainedModel", ids: list[list[int]], pad_id: int) -> "torch.Tensor":
    """What a classification head sees: the first token's final hidden state, shape (rows, width)."""
    import torch

    encoder.eval()
    features = []
    with torch.inference_mode():
        for start in range(0, len(ids), EVALUATION_BATCH):
            padded, attention = pad(ids[start : start + EVALUATION_BATCH], pad_id)
            features.append(encoder(padded, attention_mask=attention).last_hidden_state[:, 0].float())
    return torch.cat(features)


def probe(encoder: "PreTrainedModel", train: Corpus, validation: Corpus, pad_id: int) -> float:
    """Validation accuracy of a logistic regression on frozen first-token features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(first_token_features(encoder, train.ids, pad_id).numpy(), train.ratings)
    features = first_token_features(encoder, validation.ids, pad_id).numpy()
    return float(classifier.score(features, validation.ratings))
