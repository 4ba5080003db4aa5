"""A miniature checkpoint made here: tokenizer and encoder of one of the three families, trained on ``data/raw``."""

import time
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from stages.core.errors import InputError
from stages.encoders.base_report import Measured
from stages.encoders.corpus import Corpus, read_rows, read_unlabelled
from stages.encoders.linear_probe import probe
from stages.encoders.pretraining import Pretraining
from stages.encoders.settings import Architecture, BaseSettings
from stages.encoders.tokenizers import train_tokenizer

PROBE_ROWS = 2000  # rows of train and of validation that the probe uses, at most

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


def make_miniature(settings: BaseSettings, folder: Path) -> Measured:
    """Train tokenizer and encoder, save both into ``folder``, and measure whether pretraining helped.

    Raises:
        InputError: a split is missing, or the family's configuration does not accept the sizes.
    """
    base, max_length = settings.base, settings.max_length
    torch.set_num_threads(settings.threads)
    rows = read_unlabelled(base)
    tokenizer = train_tokenizer(settings.family.tokenizer, rows.documents(), base.vocab_size, max_length)
    pad_id = tokenizer.pad_token_id
    train = Corpus.of(read_rows("train", PROBE_ROWS, base.seed), tokenizer, max_length)
    validation = Corpus.of(read_rows("validation", PROBE_ROWS, base.seed), tokenizer, max_length)
    torch.manual_seed(base.seed)
    encoder = build_encoder(settings.family, tokenizer, max_length)
    probe_accuracy_random = probe(encoder, train, validation, pad_id)
    pretraining = Pretraining(encoder, tokenizer, Corpus.of(rows, tokenizer, max_length), base, rows.classes)
    before = pretraining.evaluate()
    started = time.monotonic()
    pretraining.fit()
    seconds = time.monotonic() - started
    after = pretraining.evaluate()
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {
        "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
        "vocab_size": len(tokenizer),
        "steps": base.steps,
        "seconds": round(seconds, 3),
        "mlm_loss_first": before["mlm_loss"],
        "mlm_loss_last": after["mlm_loss"],
        "mlm_loss_unigram": after["mlm_loss_unigram"],
        "mlm_tokens": after["mlm_tokens"],
        "rating_accuracy": after["rating_accuracy"],
        "probe_accuracy": probe(encoder, train, validation, pad_id),
        "probe_accuracy_random": probe_accuracy_random,
        "probe_rows": len(validation.ids),
    }


def build_encoder(family: Architecture, tokenizer: PreTrainedTokenizerFast, max_length: int) -> PreTrainedModel:
    """The family's encoder at random initialisation, in its miniature size.

    Raises:
        InputError: a size that the family's configuration does not accept.
    """
    model_class = getattr(transformers, family.model_class)
    positions = max_length
    if "Roberta" in family.model_class:  # which counts positions from the padding token's id on
        positions += tokenizer.pad_token_id + 1
    style = dict(STYLE[family.model_class])
    if style.get("relative_attention"):
        style["position_buckets"] = max(max_length // 2, 4)
    try:
        config = model_class.config_class(
            vocab_size=len(tokenizer),
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            **({"max_position_embeddings": positions} | style | family.miniature),  # a miniature may ask for more
        )
        return model_class(config).base_model
    except (TypeError, ValueError) as error:
        raise InputError(f"miniature: {family.miniature}: {' '.join(str(error).split())}") from error
