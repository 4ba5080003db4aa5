"""Sixteen-wide encoders of each family, twelve sentences, and the settings that pretrain one on them."""

import torch

from stages.encoders.corpus import Corpus
from stages.encoders.miniature import build_encoder
from stages.encoders.settings import Architecture, PretrainedBase
from stages.encoders.tokenizers import train_tokenizer
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT

SIZES = {
    "distilbert": {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32},
    "roberta": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
    "deberta": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
}
BASE = PretrainedBase(
    source="pretrain", vocab_size=300, steps=60, batch_size=8, learning_rate=0.01, mlm_weight=0.3, seed=5
)
TEXTS = [
    f"the {subject} was {word}" for subject in ("plot", "cast", "score") for word in ("good", "fine", "bad", "poor")
]


def family(name: str) -> Architecture:
    return load_params(ROOT / "params.yaml").architecture[name].model_copy(update={"miniature": SIZES[name]})


def make(name: str = "distilbert", base: PretrainedBase = BASE, rated: bool = True):
    """Twelve sentences in which two words are praise and two blame."""
    tokenizer = train_tokenizer(family(name).tokenizer, TEXTS, 300, 16)
    torch.manual_seed(base.seed)
    encoder = build_encoder(family(name), tokenizer, 16)
    ratings = [int(i % 4 < 2) if rated else -1 for i in range(len(TEXTS))]
    corpus = Corpus(tokenizer(TEXTS)["input_ids"], ratings)
    return encoder, tokenizer, corpus
