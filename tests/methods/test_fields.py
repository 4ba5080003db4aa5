import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import InputError
from stages.methods.adapters import CONFIG_CLASSES, make_config
from stages.methods.fields import fields_of, require_fields

WRONG = {
    "a text for a number": ({"r": "8"}, "r: '8': input should be a valid integer"),
    "a fraction for a whole number": ({"r": 8.5}, "r: 8.5: input should be a valid integer"),
    "a truth value for a number": ({"r": True}, "r: True: input should be a valid integer"),
    "null where there is a default": ({"r": None}, "r: null: a value is required; leave the field out for its default"),
    "a text for a truth value": ({"use_dora": "true"}, "use_dora: 'true': input should be a valid boolean"),
    "a text that is none of those named": ({"bias": "x"}, "bias: 'x': input should be 'none', 'all' or 'lora_only'"),
    "a text beside a truth value": (
        {"init_lora_weights": "nonsense"},
        "init_lora_weights: 'nonsense': input should be 'gaussian', 'eva', 'olora', 'pissa', "
        "'pissa_niter_[number of iters]', 'corda', 'loftq', 'orthogonal' or 'mica', or a valid boolean",
    ),
    "a gap that no number fills": ({"init_lora_weights": "pissa_niter_x"}, "init_lora_weights: 'pissa_niter_x': "),
    "a list of other things": ({"target_modules": ["a", 3]}, "target_modules.1: 3: input should be a valid string"),
    "a pair of other things": (
        {"layer_replication": [[0, 1], [1, "2"]]},
        "layer_replication.1.1: '2': input should be a valid integer",
    ),
    "three for a pair": ({"layer_replication": [[0, 1, 2]]}, "layer_replication.0: [0, 1, 2]: "),
    "a list for a map": ({"rank_pattern": [1]}, "rank_pattern: [1]: input should be an object"),
    "a number for a list or a text": (
        {"exclude_modules": 5},
        "exclude_modules: 5: input should be a valid array, or a valid string",
    ),
    "a configuration's unknown field": (
        {"eva_config": {"rhoo": 2.0}},
        "eva_config.rhoo: 2.0: no such field; allowed: rho, tau, use_label_mask, label_mask_value, whiten, "
        "adjust_scaling_factors",
    ),
    "a configuration's wrong value": (
        {"eva_config": {"rho": "x"}},
        "eva_config.rho: 'x': input should be a valid number",
    ),
    "a field in other case": ({"r": 8, "R": 16}, "R: 16: LORA has no such field; allowed: r, target_modules, exclude_"),
    "a field of another kind": (
        {"feedforward_modules": []},
        "feedforward_modules: []: LORA has no such field; allowed: ",
    ),
}
RIGHT = [
    {"lora_dropout": 0},
    {"init_lora_weights": "pissa_niter_4"},
    {"init_lora_weights": False},
    {"layers_to_transform": [0, 1]},
    {"layers_to_transform": 1},
    {"layer_replication": [[0, 1], [0, 2]]},
    {"rank_pattern": {"q_lin": 4}},
    {"eva_config": {"rho": 1.5}},
    {"loftq_config": {"loftq_bits": 4}},
    {"target_modules": None},
]


@pytest.mark.parametrize(("given_", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_one_line_that_names_it(given_, message):
    with pytest.raises(InputError) as caught:
        require_fields("LORA", CONFIG_CLASSES["LORA"], given_)
    assert str(caught.value).startswith(f"adapter.{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given_", RIGHT)
def test_a_right_one_passes(given_):
    require_fields("LORA", CONFIG_CLASSES["LORA"], given_)


def test_the_studys_own_fields_are_not_offered():
    with pytest.raises(InputError) as caught:
        require_fields("IA3", CONFIG_CLASSES["IA3"], {"x": 1})
    offered = "target_modules, exclude_modules, feedforward_modules, fan_in_fan_out, init_ia3_weights"
    assert str(caught.value) == f"adapter.x: 1: IA3 has no such field; allowed: {offered}"


def as_saved(value: object) -> object:
    """As PEFT puts it into a file."""
    if dataclasses.is_dataclass(value):
        return dataclasses.asdict(value)
    return json.loads(json.dumps(value, default=lambda other: list(other) if isinstance(other, set) else other.value))


@pytest.mark.parametrize("kind", CONFIG_CLASSES)
def test_what_a_class_has_by_default_is_right(kind):
    """As its own file would have it: types that peft declares and its defaults do not always agree."""
    config_class = CONFIG_CLASSES[kind]
    for name, field in fields_of(config_class).items():
        value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if value is not dataclasses.MISSING:
            require_fields(kind, config_class, {name: as_saved(value)})


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ({"peft_type": "LORRA"}, "adapter.peft_type: 'LORRA': unknown; allowed: ADALORA, ADAMSS, "),
        (
            {"peft_type": "LORA", "use_dora": True, "megatron_config": {"a": 1}},
            "adapter: LORA: DoRA does not support megatron",
        ),
        (
            {"peft_type": "LORA", "layers_to_transform": [0], "target_modules": "x"},
            "adapter: LORA: `layers_to_transform`",
        ),
        ({"peft_type": "OFT", "r": 4, "oft_block_size": 4}, "adapter: OFT: You can only specify either r"),
    ],
)
def test_what_the_class_refuses_is_one_line(adapter, message):
    with pytest.raises(InputError) as caught:
        make_config(adapter, {})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


NUMBERS = st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_value_of_any_field_passes_or_is_one_line(data):
    kind = data.draw(st.sampled_from(sorted(CONFIG_CLASSES)))
    key = data.draw(st.sampled_from(sorted(fields_of(CONFIG_CLASSES[kind]))))
    message = f"adapter.{key}"
    try:
        require_fields(kind, CONFIG_CLASSES[kind], {key: data.draw(JSON)})
    except InputError as error:
        message = str(error)
    assert message.startswith(f"adapter.{key}")
    assert "\n" not in message
