import pytest
import torch

from stages.core.errors import InputError
from stages.encoders.checkpoint import fresh_modules
from stages.encoders.corpus import Corpus
from stages.encoders.miniature import build_encoder, require_pretrainable
from stages.encoders.pretraining import Pretraining
from stages.encoders.settings import Architecture
from stages.encoders.tokenizers import train_tokenizer
from stages.encoders.verification import verify
from tests.helpers.tiny_encoders import BASE, SIZES, TEXTS, family, make


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


@pytest.mark.parametrize("name", ["distilbert", "roberta"])
def test_learnt_positions_start_as_sinusoids_of_the_initial_spread(name):
    encoder, _, _ = make(name)
    (table,) = [weight for key, weight in encoder.named_parameters() if "position_embeddings" in key]
    assert table.requires_grad
    assert table.std().item() == pytest.approx(encoder.config.initializer_range)
    likeness = torch.nn.functional.normalize(table.detach()) @ torch.nn.functional.normalize(table.detach()).T
    assert torch.allclose(likeness.diagonal(1), likeness[0, 1].expand(len(table) - 1))  # as far apart everywhere
    assert likeness[0, 1] > likeness[0, 2] > likeness[0, 3]


def test_a_size_that_does_not_divide_is_an_input_error():
    wrong = family("roberta").model_copy(update={"miniature": SIZES["roberta"] | {"num_attention_heads": 3}})
    tokenizer = train_tokenizer("byte-bpe", TEXTS, 300, 16)
    with pytest.raises(InputError) as error:
        build_encoder(wrong, tokenizer, 16)
    assert str(error.value).startswith("miniature: {'hidden_size': 16, ")
    assert "\n" not in str(error.value)


# Families that are not the study's own, with the kind of tokenizer that their published ones have.
OTHERS = {
    "Bert": ("wordpiece", {}),
    "Electra": ("wordpiece", {"embedding_size": 8}),
    "Albert": ("unigram", {"embedding_size": 8}),
    "XLMRoberta": ("unigram", {}),
    "MPNet": ("wordpiece", {}),
    "ModernBert": ("byte-bpe", {}),
}


def other(name: str) -> Architecture:
    kind, sizes = OTHERS[name]
    return Architecture(
        label=name,
        model_class=f"{name}ForSequenceClassification",
        tokenizer=kind,
        miniature=SIZES["roberta"] | sizes,
    )


@pytest.mark.parametrize("name", OTHERS)
def test_a_miniature_of_another_family_learns_and_brings_what_pretraining_trained(name, tmp_path):
    """Rows as long as the longest fit its positions; what is not trained, a pooler, is left to the runs."""
    family = other(name)
    require_pretrainable(family)
    tokenizer = train_tokenizer(family.tokenizer, TEXTS, 300, 16)
    torch.manual_seed(5)
    encoder = build_encoder(family, tokenizer, 16)
    ids = torch.full((1, 16), tokenizer.mask_token_id)
    assert encoder(ids).last_hidden_state.shape == (1, 16, 16)
    corpus = Corpus(tokenizer(TEXTS)["input_ids"], [int(i % 4 < 2) for i in range(len(TEXTS))])
    pretraining = Pretraining(encoder, tokenizer, corpus, BASE, 2)
    before = {parameter: parameter.detach().clone() for parameter in encoder.parameters()}
    pretraining.fit()
    assert all(parameter.grad is not None for parameter in before)
    assert sum(not torch.equal(parameter, was) for parameter, was in before.items()) > len(before) / 2
    encoder.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    found = verify(tmp_path, family, "here")
    assert "classifier" in fresh_modules(found)
    has_pooler = name in ("Bert", "Albert")
    assert [module for module in fresh_modules(found) if module.endswith("pooler")] == (
        [f"{found.encoder}pooler"] if has_pooler else []
    )


def test_a_decoder_cannot_be_pretrained_and_is_told_why():
    family = Architecture(label="Llama", model_class="LlamaForSequenceClassification")
    with pytest.raises(InputError) as error:
        require_pretrainable(family)
    assert str(error.value) == (
        "base.source: 'pretrain': LlamaForSequenceClassification: its family has no masked language model, which is "
        "how miniatures are pretrained; give checkpoints (base: {source: local, path: <folder>})"
    )


def test_sizes_and_tokenizer_are_asked_for():
    family = other("Bert").model_copy(update={"miniature": None})
    with pytest.raises(InputError) as error:
        require_pretrainable(family)
    assert str(error.value) == "architecture: Bert: miniature: missing; required by base.source pretrain"
