import re

import pytest

from tests.helpers.methods import refusal, train, write_method

pytestmark = pytest.mark.usefixtures("in_empty_folder")
LORA = {"peft_type": "LORA", "r": 2}


def test_what_matched_is_in_the_record():
    write_method(LORA)
    self_attention = "roberta.encoder.layer.0.attention.self"
    assert train().run.adapted_modules == [f"{self_attention}.query", f"{self_attention}.value"]


def test_of_a_subset_the_record_has_the_parameters():
    write_method(None, method="subset", parameters=["*.LayerNorm.bias"])
    assert train().run.adapted_modules == [
        "roberta.embeddings.LayerNorm.bias",
        "roberta.encoder.layer.0.attention.output.LayerNorm.bias",
        "roberta.encoder.layer.0.output.LayerNorm.bias",
    ]


@pytest.mark.parametrize("entry", [{"method": "full"}, {"method": "subset", "parameters": []}])
def test_all_weights_and_none_have_no_names(entry):
    write_method(None, **entry)
    assert train().run.adapted_modules == []


def test_a_placement_half_of_which_matches_is_refused():
    """PEFT itself is content with one match of the two."""
    line = refusal(LORA, changes={"architecture.roberta.modules.attention": ["q_lin", "value"]})
    assert line == (
        "target: attention: 'q_lin': matches no module of RobertaForSequenceClassification; "
        "there are roberta, embeddings, word_embeddings, token_type_embeddings, LayerNorm, dropout, ..."
    )


@pytest.mark.parametrize(
    ("adapter", "entry", "line"),
    [
        (LORA | {"target_modules": ["value", "q_lin"]}, {"target": None}, "target_modules: 'q_lin': matches no module"),
        (LORA | {"exclude_modules": ["nothing"]}, {}, "adapter.exclude_modules: 'nothing': matches no module"),
        (LORA | {"rank_pattern": {"q_lin": 4}}, {}, "adapter.rank_pattern: 'q_lin': matches no module"),
        (LORA | {"alpha_pattern": {"key.x": 4}}, {}, "adapter.alpha_pattern: 'key.x': matches no module"),
        (LORA | {"layers_to_transform": [0, 1]}, {}, "adapter.layers_to_transform: 1: no such layer"),
        (
            {"peft_type": "IA3", "feedforward_modules": ["lin2"]},
            {"target": "ia3"},
            "adapter: IA3: `feedforward_modules` should be a subset of `target_modules`",  # PEFT's own
        ),
    ],
)
def test_every_name_must_match(adapter, entry, line):
    assert refusal(adapter, **entry).startswith(line)


@pytest.mark.parametrize("target", ["all-linear", "peft", "attention-ffn"])
def test_every_target_that_matches_trains(target):
    write_method(LORA if target == "all-linear" else LORA | {"layers_to_transform": 0}, target=target)
    assert len(train().run.adapted_modules) == {"all-linear": 6, "peft": 2, "attention-ffn": 5}[target]


def test_a_pattern_is_asked_a_match_by_peft():
    line = refusal(LORA | {"target_modules": ".*q_lin"}, target=None)
    assert re.match(r"adapter: LORA: (does not work with Roberta.*: )?No modules were targeted", line)


def test_what_could_not_be_resumed_is_refused():
    assert refusal(LORA | {"monteclora_config": {}}) == (
        "adapter.monteclora_config: not allowed; it draws its samples ahead, and no checkpoint could have them"
    )
