import json
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.encoders.settings import Architecture, HubBase, LocalBase, PretrainedBase
from stages.fullsize import trials
from stages.fullsize.sizes import encoder_sizes, known_sizes
from stages.fullsize.trials import require_classes, require_possible
from tests.helpers.tiny_cells import FAMILIES, LORA, tiny_cell

ADAPTERS = {
    "no rank": ({"peft_type": "LORA", "r": 0}, "adapter: LORA: `r` should be a positive integer value but the value"),
    "dropout above one": ({"peft_type": "LORA", "lora_dropout": 1.5}, "adapter: LORA: dropout probability has to be"),
    "blocks that do not divide": (
        {"peft_type": "BOFT", "boft_block_size": 5},
        "adapter: BOFT: in_features (32) must be divi",
    ),
    "a wrong field": ({"peft_type": "LORA", "rank": 8}, "adapter.rank: 8: LORA has no such field; allowed: r, "),
    "another task": ({"peft_type": "CPT"}, "adapter: CPT: CPTConfig only supports task_type = CAUSAL_LM."),
}


@pytest.fixture(autouse=True)
def _nothing_tried(monkeypatch):
    monkeypatch.setattr(trials, "_tried", set())


@pytest.mark.parametrize(("adapter", "message"), ADAPTERS.values(), ids=ADAPTERS.keys())
def test_what_peft_refuses_is_one_line_that_names_configuration_and_architecture(adapter, message):
    with pytest.raises(InputError) as caught:
        require_possible(*tiny_cell("bert", method="peft", target="attention", adapter=adapter))
    assert str(caught.value).startswith(f"configuration.it.{message}")
    assert str(caught.value).endswith("(architecture.bert)")
    assert "\n" not in str(caught.value)


def test_modules_that_are_not_there_are_refused():
    adapter = {"peft_type": "LORA", "target_modules": ["q_lin"]}
    with pytest.raises(InputError, match=r"^configuration\.it\..* \(architecture\.bert\)$"):
        require_possible(*tiny_cell("bert", method="peft", adapter=adapter))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_works_passes(family):
    require_possible(*tiny_cell(family, **LORA))
    require_possible(*tiny_cell(family, **LORA, quantization="nf4"))


def test_parameters_that_no_model_has_are_named():
    with pytest.raises(InputError, match=r"^configuration\.it\.parameters: '\*\.bia': matches no parameter"):
        require_possible(*tiny_cell("bert", method="subset", parameters=["*.bia"]))


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"hidden_size": 33}, "The hidden size (33) is not a multiple of the number of attention heads (4)"),
        ({"hidden_act": "nonsense"}, "'nonsense'"),
    ],
)
def test_sizes_of_which_no_model_can_be_made_are_the_architectures_fault(sizes, words):
    settings, known = tiny_cell("bert", **LORA)
    with pytest.raises(InputError) as caught:
        require_possible(settings, known | sizes)
    message = str(caught.value)
    assert message.startswith('architecture.bert: BertForSequenceClassification of sizes {"vocab_size": 200, ')
    assert message.endswith(words)


def test_activations_that_cannot_be_recomputed_are_named():
    cell = tiny_cell("albert", "as-published", **LORA, quantization="nf4")
    with pytest.raises(InputError, match=r"^configuration\.it\.adapter: LORA: Albert\w+ does not support activation"):
        require_possible(*cell)


def test_without_sizes_the_adapter_alone_is_checked():
    settings, _ = tiny_cell("bert", method="peft", adapter={"peft_type": "LORA", "target_modules": ["q_lin"]})
    require_possible(settings, None)
    settings, _ = tiny_cell("bert", method="peft", target="attention", adapter={"peft_type": "LORA", "r": "8"})
    with pytest.raises(InputError, match=r"^configuration\.it\.adapter\.r: '8': input should be a valid integer"):
        require_possible(settings, None)


def test_what_needs_the_weights_of_a_large_model_is_left_to_the_run(monkeypatch):
    monkeypatch.setattr(trials, "WITH_DATA_UP_TO", 1000)
    adapter = {"peft_type": "SHIRA", "r": 4}
    require_possible(*tiny_cell("bert", method="peft", target="attention", adapter=adapter))


def test_the_same_is_tried_once(monkeypatch):
    made = []
    real = trials.meta_model
    monkeypatch.setattr(trials, "meta_model", lambda *arguments: made.append(1) or real(*arguments))
    settings, sizes = tiny_cell("bert", **LORA)
    require_possible(settings, sizes)
    require_possible(settings.model_copy(update={"configuration": "other", "learning_rate": 0.5}), sizes)
    assert len(made) == 1
    require_possible(settings.model_copy(update={"adapter": settings.adapter | {"r": 2}}), sizes)
    assert len(made) == 2


def test_a_class_that_transformers_lacks_is_named_with_its_neighbours():
    family = Architecture(label="X", model_class="BertsForSequenceClassification")
    with pytest.raises(InputError) as caught:
        require_classes({"x": family})
    message = str(caught.value)
    assert message.startswith(
        "architecture.x.model_class: 'BertsForSequenceClassification': transformers 5.23.0 has no "
    )
    assert "the nearest are BertForSequenceClassification, " in message


def test_sizes_are_known_where_something_says_them(in_empty_folder):
    family = Architecture(
        label="X", model_class="BertForSequenceClassification", full_size={"vocab_size": 9, "hidden_size": 8}
    )
    pretrain = PretrainedBase(
        source="pretrain", vocab_size=300, steps=0, batch_size=1, learning_rate=0.1, mlm_weight=0, seed=1
    )
    assert known_sizes("x", family, HubBase(source="hub")) == {"vocab_size": 9, "hidden_size": 8}
    assert known_sizes("x", family, pretrain) is None
    small = family.model_copy(update={"miniature": {"hidden_size": 4}})
    assert known_sizes("x", small, pretrain) == {"vocab_size": 300, "hidden_size": 4}
    assert encoder_sizes(small.model_copy(update={"full_size": None})) is None
    local = LocalBase(source="local", path="models")
    assert known_sizes("x", family, local) is None
    Path("models/x").mkdir(parents=True)
    Path("models/x/config.json").write_text("[", encoding="utf-8")
    assert known_sizes("x", family, local) is None
    Path("models/x/config.json").write_text("[]", encoding="utf-8")
    assert known_sizes("x", family, local) is None
    config = {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 6}
    Path("models/x/config.json").write_text(json.dumps(config), encoding="utf-8")
    assert known_sizes("x", family, local) == {"hidden_size": 6}
