import pytest
import torch

from stages.core.errors import InputError
from stages.encoders.miniature import build_encoder
from stages.encoders.tokenizers import train_tokenizer
from tests.helpers.tiny_encoders import SIZES, TEXTS, family, make


@pytest.mark.parametrize("name", SIZES)
def test_an_encoder_fits_its_tokenizer_and_length(name):
    encoder, tokenizer, _ = make(name)
    assert encoder.config.vocab_size == len(tokenizer)
    assert encoder.config.pad_token_id == tokenizer.pad_token_id
    ids = torch.full((1, 16), tokenizer.mask_token_id)
    assert encoder(ids).last_hidden_state.shape == (1, 16, 16)


def test_deberta_attends_to_relative_positions_as_version_three_does():
    config = make("deberta")[0].config
    assert (config.relative_attention, config.pos_att_type, config.position_buckets) == (True, ["p2c", "c2p"], 8)
    assert (config.share_att_key, config.norm_rel_ebd) == (True, "layer_norm")
    assert (config.position_biased_input, config.type_vocab_size) == (False, 0)


def test_a_size_that_does_not_divide_is_an_input_error():
    wrong = family("roberta").model_copy(update={"miniature": SIZES["roberta"] | {"num_attention_heads": 3}})
    tokenizer = train_tokenizer("byte-bpe", TEXTS, 300, 16)
    with pytest.raises(InputError) as error:
        build_encoder(wrong, tokenizer, 16)
    assert str(error.value).startswith("miniature: {'hidden_size': 16, ")
    assert "\n" not in str(error.value)
