import pytest
import torch
import transformers
from peft import PromptTuningConfig, get_peft_model

from stages.core.errors import InputError
from stages.methods.virtual_tokens import complete, learned_positions, require_padding_unread
from tests.helpers.methods import positions, train, write_method
from tests.helpers.tiny_study import CONFIGS

KINDS = {
    "prompt tuning": {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3},
    "P-tuning": {"peft_type": "P_TUNING", "num_virtual_tokens": 3},
    "prefix tuning": {"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 3},
}


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("kind", ["prompt tuning", "P-tuning"])
def test_each_family_trains_virtual_tokens_and_its_whole_head(architecture, kind, monkeypatch):
    """DistilBERT calls its width ``dim``, its head has two modules, and DeBERTa's positions have no end."""
    positions(architecture, 3, monkeypatch)
    write_method(KINDS[kind], architecture, target="peft")
    record = train(architecture)
    assert record.parameters.head == 16 * 16 + 16 + 16 * 2 + 2
    assert record.parameters.adapter >= 3 * 16
    assert (record.parameters.new_but_frozen, record.parameters.trainable_but_dead) == (0, 0)
    assert record.run.adapted_modules == []


@pytest.mark.usefixtures("in_empty_folder")
def test_a_prefix_has_keys_and_values_for_each_layer():
    write_method(KINDS["prefix tuning"], target="peft", changes={"profiles.mini.tokenize.max_length": 29})
    assert train().parameters.adapter == 3 * 16 * 2


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("architecture", ["distilbert", "deberta"])
def test_a_model_without_past_keys_takes_no_prefix(architecture, monkeypatch):
    positions(architecture, 3, monkeypatch)
    write_method(KINDS["prefix tuning"], architecture, target="peft")
    with pytest.raises(
        InputError, match=r"^adapter: PREFIX_TUNING: does not work with .*: Model does not support past"
    ):
        train(architecture)


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(("architecture", "room"), [("distilbert", 34), ("roberta", 33)])
def test_a_text_of_full_length_must_fit_behind_the_virtual_tokens(architecture, room):
    """Of RoBERTa's 34 positions the first stands before the padding token's, whose id is 0 here."""
    write_method(KINDS["prompt tuning"], architecture, target="peft")
    with pytest.raises(InputError) as caught:
        train(architecture)
    family = {"distilbert": "DistilBert", "roberta": "Roberta"}[architecture]
    assert str(caught.value) == (
        "adapter.num_virtual_tokens: 3: with max_length 32 a text needs 35 positions, and "
        f"{family}ForSequenceClassification has {room} for tokens; shorten max_length"
    )


def test_positions_are_counted_where_they_are_learned():
    counts = {}
    for name, config in CONFIGS.items():
        counts[name] = learned_positions(transformers.AutoModelForSequenceClassification.from_config(config))
    assert counts == {"distilbert": 34, "roberta": 33, "deberta": None}


def decoder(**changes: object) -> transformers.PreTrainedModel:
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=60,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        pad_token_id=0,
        **changes,
    )
    return transformers.LlamaForSequenceClassification(config).eval()


def test_a_decoder_that_cannot_find_its_last_token_is_refused():
    model = decoder()
    config = PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=3)
    complete(config, model)
    with pytest.raises(
        InputError, match=r"^adapter\.num_virtual_tokens: LlamaForSequenceClassification reads its last"
    ):
        require_padding_unread(get_peft_model(model, config).eval())


def test_virtual_tokens_are_as_wide_as_embedded_ones():
    model = transformers.ElectraForSequenceClassification(
        transformers.ElectraConfig(
            vocab_size=60, embedding_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2
        )
    )
    config = PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=3)
    complete(config, model)
    assert (config.token_dim, config.num_layers, config.num_attention_heads) == (8, 1, 2)
    require_padding_unread(get_peft_model(model, config).eval())
