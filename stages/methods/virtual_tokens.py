"""Virtual tokens before a text (prompt tuning, P-tuning, prefix tuning): their width, and whether a model has room."""

import torch
from peft import PeftModel, PromptLearningConfig
from torch import nn
from transformers import PreTrainedModel

from stages.core.errors import InputError

SAME = 1e-4  # largest difference of two logits that padding may make, relative to the larger one or to 1
SHORT, PADDED = 6, 11  # tokens of the row that is read with and without padding


def complete(config: PromptLearningConfig, model: PreTrainedModel) -> None:
    """Widths and counts that PEFT looks for under names that not every family has (DistilBERT's ``dim``).

    A virtual token is as wide as an embedded one, which in ELECTRA and ALBERT is narrower than the layers; keys and
    values of a prefix are as wide as the layers.
    """
    of_layers = config.peft_type in ("PREFIX_TUNING", "CARTRIDGE")
    width = model.config.hidden_size if of_layers else model.get_input_embeddings().embedding_dim
    found = {
        "token_dim": width,
        "num_layers": model.config.num_hidden_layers,
        "num_attention_heads": model.config.num_attention_heads,
    }
    for field, value in found.items():
        if getattr(config, field) is None:
            setattr(config, field, value)
    if getattr(config, "encoder_hidden_size", 0) is None:
        config.encoder_hidden_size = config.token_dim


def require_positions(config: PromptLearningConfig, model: PreTrainedModel, max_length: int) -> None:
    """A text of ``max_length`` tokens fits behind the virtual ones.

    Raises:
        InputError: the model has fewer positions, and how many.
    """
    positions = learned_positions(model)
    needed = max_length + config.num_virtual_tokens
    if positions is not None and needed > positions:
        raise InputError(
            f"adapter.num_virtual_tokens: {config.num_virtual_tokens}: with max_length {max_length} a text needs "
            f"{needed} positions, and {type(model).__name__} has {positions} for tokens; shorten max_length"
        )


def learned_positions(model: PreTrainedModel) -> int | None:
    """Tokens for which the model has an embedding of their position; None if it embeds none."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding) and "position" in name.rpartition(".")[2]:
            # RoBERTa counts from the padding token's id on
            before = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - before
    return None


@torch.no_grad()
def require_padding_unread(model: PeftModel) -> None:
    """A row gives the same logits with padding behind it as without.

    Virtual tokens reach a model embedded, without the ids from which a decoder would know its last real token.

    Raises:
        InputError: they differ.
    """
    device = next(model.parameters()).device
    ids = torch.full((1, PADDED), some_token(model.get_base_model()), device=device)
    mask = (torch.arange(PADDED, device=device) < SHORT).long()[None]
    padding = model.get_base_model().config.pad_token_id or 0
    with_padding = model(input_ids=ids.where(mask.bool(), padding), attention_mask=mask).logits
    without = model(input_ids=ids[:, :SHORT], attention_mask=mask[:, :SHORT]).logits
    if not torch.allclose(with_padding, without, rtol=SAME, atol=SAME):
        kind = type(model.get_base_model()).__name__
        raise InputError(
            f"adapter.num_virtual_tokens: {kind} reads its last token, and cannot tell it from padding behind virtual "
            "tokens, which have no ids; allowed: methods without virtual tokens"
        )


def some_token(model: PreTrainedModel) -> int:
    """The lowest id that is not padding."""
    return 1 if model.config.pad_token_id == 0 else 0
