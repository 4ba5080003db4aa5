"""A miniature checkpoint made here: tokenizer and encoder, trained on ``data/raw``.

Any family that has a masked language model can be made so, in its own size and with one of three kinds of tokenizer.
"""

import math
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import MODEL_FOR_MASKED_LM_MAPPING, PreTrainedModel, PreTrainedTokenizerFast

from stages.core.errors import InputError
from stages.encoders.base_report import Measured
from stages.encoders.checkpoint import classifier_class, positions
from stages.encoders.corpus import Corpus, read_rows, read_unlabelled
from stages.encoders.linear_probe import probe
from stages.encoders.pretraining import Pretraining
from stages.encoders.settings import Architecture, BaseSettings
from stages.encoders.tokenizers import train_tokenizer

PROBE_ROWS = 2000  # rows of train and of validation that the probe uses, at most

# What makes a miniature one of its family, beyond widths, where the published models differ from their class's defaults
# (DeBERTa-v3: those of deberta-v3-base). `miniature` of an architecture overrides it.
STYLE: dict[str, dict[str, Any]] = {
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
        InputError: a split is missing, or a miniature of the family cannot be made, in these sizes or at all.
    """
    base, max_length = settings.base, settings.max_length
    require_pretrainable(settings.family)
    torch.set_num_threads(settings.threads)
    rows = read_unlabelled(base)
    tokenizer = train_tokenizer(settings.family.tokenizer, rows.documents(), base.vocab_size, max_length)
    pad_id = tokenizer.pad_token_id
    torch.manual_seed(base.seed)
    encoder = build_encoder(settings.family, tokenizer, max_length)
    segments = (getattr(encoder.config, "type_vocab_size", None) or 0) > 1
    train = Corpus.of(read_rows("train", PROBE_ROWS, base.seed), tokenizer, max_length, segments)
    validation = Corpus.of(read_rows("validation", PROBE_ROWS, base.seed), tokenizer, max_length, segments)
    probe_accuracy_random = probe(encoder, train, validation, pad_id)
    corpus = Corpus.of(rows, tokenizer, max_length, segments)
    pretraining = Pretraining(encoder, tokenizer, corpus, base, rows.classes)
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


def require_pretrainable(family: Architecture) -> None:
    """Check that a miniature of the family can be made.

    Raises:
        InputError: its class has no masked LM, or the architecture says too little.
    """
    if classifier_class(family.model_class).config_class not in MODEL_FOR_MASKED_LM_MAPPING:
        raise InputError(
            f"base.source: 'pretrain': {family.model_class}: its family has no masked language model, which is how "
            "miniatures are pretrained; give checkpoints (base: {source: local, path: <folder>})"
        )
    for key in ("miniature", "tokenizer"):
        if getattr(family, key) is None:
            raise InputError(f"architecture: {family.label}: {key}: missing; required by base.source pretrain")


def build_encoder(family: Architecture, tokenizer: PreTrainedTokenizerFast, max_length: int) -> PreTrainedModel:
    """The family's encoder at random initialisation, in its miniature size; of it, what a masked LM trains.

    Raises:
        InputError: a size that the family's configuration does not accept.
    """
    model_class = classifier_class(family.model_class)
    try:
        taken = max_length - _positions(family, tokenizer, max_length)
        config = _config(family, tokenizer, max_length, max_length + taken)
        encoder = model_class(config).base_model
        start_positions(encoder)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"miniature: {family.miniature}: {' '.join(str(error).split())}") from error
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        trained = dict(MODEL_FOR_MASKED_LM_MAPPING[type(config)](config).base_model.named_children())
    for name, _ in list(encoder.named_children()):
        if name not in trained:  # a pooler: saved at random, it would pass for pretrained
            setattr(encoder, name, None)
    return encoder


@torch.no_grad()
def start_positions(encoder: PreTrainedModel) -> None:
    """Let learnt tables of absolute positions start as sinusoids (Vaswani et al., NeurIPS 2017, Section 3.5).

    A table at random says nothing of what stands next to what, which an encoder of a few minutes' training would have
    to find first. Scaled to the spread of the family's own initialisation.
    """
    for name, module in encoder.named_modules():
        if not name.endswith("position_embeddings") or not isinstance(module, nn.Embedding):
            continue
        rows, width = module.weight.shape
        rates = torch.exp(-math.log(10_000) * torch.arange(0, width, 2) / width)
        angles = torch.arange(rows)[:, None] * rates
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]
        module.weight.copy_(waves * (encoder.config.initializer_range / waves.std()))


def _config(
    family: Architecture, tokenizer: PreTrainedTokenizerFast, max_length: int, rows: int
) -> transformers.PreTrainedConfig:
    """Of the family's class, with a table of positions of so many ``rows``."""
    style = dict(STYLE.get(family.model_class, {}))
    if style.get("relative_attention"):
        style["position_buckets"] = max(max_length // 2, 4)
    known = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": rows,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    return classifier_class(family.model_class).config_class(**(known | style | family.miniature))


def _positions(family: Architecture, tokenizer: PreTrainedTokenizerFast, max_length: int) -> int:
    """For how many tokens a model with a table of ``max_length`` rows has positions; all, where nothing takes any."""
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        model = classifier_class(family.model_class)(_config(family, tokenizer, max_length, max_length))
    found = positions(model)
    return max_length if found is None else found
