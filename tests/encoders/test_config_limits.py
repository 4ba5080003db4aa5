"""A configuration that comes with a checkpoint: its switches, its sizes, and whether the weights are of its model."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import InputError
from stages.encoders.completion import complete
from stages.encoders.config_limits import require_moderate, require_plain, without_data
from stages.encoders.snapshot import read_json
from stages.encoders.verification import verify
from tests.helpers.families import FAMILIES, SIZES, TEXTS, copied, edit, entry

SWITCHES = {
    "attn_implementation: kernels-community/flash-attn; allowed: eager, sdpa, nothing": {
        "attn_implementation": "kernels-community/flash-attn"
    },
    "_attn_implementation: flash_attention_2; allowed: eager, sdpa, nothing": {
        "_attn_implementation": "flash_attention_2"
    },
    "_attn_implementation_internal: a/b; allowed: eager, sdpa, nothing": {"_attn_implementation_internal": "a/b"},
    "attn_implementation: {'': 'a/b'}; allowed: eager, sdpa, nothing": {"attn_implementation": {"": "a/b"}},
    "experts_implementation: a/b; allowed: eager, nothing": {"experts_implementation": "a/b"},
    "quantization_config: {'load_in_4bit': True}; allowed: nothing": {"quantization_config": {"load_in_4bit": True}},
    "return_dict: False; allowed: true, nothing": {"return_dict": False},
    "return_dict: 0; allowed: true, nothing": {"return_dict": 0},
    "use_return_dict: False; allowed: nothing": {"use_return_dict": False},
    "output_attentions: True; allowed: false, nothing": {"output_attentions": True},
    "output_hidden_states: True; allowed: false, nothing": {"output_hidden_states": True},
    "torchscript: True; allowed: false, nothing": {"torchscript": True},
    "is_decoder: True; allowed: false, nothing": {"is_decoder": True},
    "add_cross_attention: True; allowed: false, nothing": {"add_cross_attention": True},
    "chunk_size_feed_forward: 7; allowed: 0, nothing": {"chunk_size_feed_forward": 7},
    "text_config.return_dict: False; allowed: true, nothing": {"text_config": {"return_dict": False}},
    "num_hidden_layers: 1000000000; allowed: 1 to 1000": {"num_hidden_layers": 10**9},
    "num_hidden_layers: -1; allowed: 1 to 1000": {"num_hidden_layers": -1},
    "num_hidden_layers: 0; allowed: 1 to 1000": {"num_hidden_layers": 0},
    "num_hidden_layers: 1000000000.0; allowed: 1 to 1000": {"num_hidden_layers": 1e9},
    "num_labels: 1000000000; allowed: at most 100000": {"num_labels": 10**9},
    "hidden_size: a number of 1329 bits; allowed: at most 9007199254740992": {"hidden_size": 10**400},
}
# What is said of them begins so.
NO_MODEL = " makes no BertForSequenceClassification: "
SIZES_OF_NO_MODEL = [
    (
        {"hidden_size": 10**6},
        " makes a model of more than 20021520 parameters; model.safetensors has the weights of less",
    ),
    ({"intermediate_size": 10**9}, " makes a model of more than 20021520 parameters; "),
    ({"vocab_size": 10**9}, " makes a model of more than 20021520 parameters; "),
    ({"max_position_embeddings": 10**12}, " makes a model of more than 20021520 "),
    ({"hidden_size": -1}, f"{NO_MODEL}Trying to create tensor with negative dimension"),
    ({"hidden_size": "big"}, f"{NO_MODEL}Validation error for field 'hidden_size'"),
    ({"layer_norm_eps": "x"}, f"{NO_MODEL}Validation error for field 'layer_norm_eps'"),
    ({"num_attention_heads": 0}, f"{NO_MODEL}integer modulo by zero"),
    ({"hidden_dropout_prob": 7.0}, f"{NO_MODEL}dropout probability"),
]


def fault(folder: Path, name: str) -> str:
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        verify(folder, entry(name), "here")
    assert time.monotonic() - started < 5
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("message", "changes"), SWITCHES.items())
def test_a_switch_or_number_that_no_study_has_is_named(checkpoints, tmp_path, message, changes):
    folder = copied(checkpoints, tmp_path, "bert")
    edit(folder / "config.json", **changes)
    assert fault(folder, "bert") == f"here: config.json: {message}"


@pytest.mark.parametrize(("changes", "start"), SIZES_OF_NO_MODEL)
def test_sizes_of_which_no_model_is_made_take_neither_memory_nor_time(checkpoints, tmp_path, changes, start):
    folder = copied(checkpoints, tmp_path, "bert")
    edit(folder / "config.json", **changes)
    assert fault(folder, "bert").startswith(f"here: config.json{start}")


def test_numbers_that_json_does_not_have_are_refused(checkpoints, tmp_path):
    folder = copied(checkpoints, tmp_path, "bert")
    edit(folder / "config.json", layer_norm_eps=float("nan"))
    assert fault(folder, "bert") == "here: config.json: not valid JSON: NaN is no number of JSON"


def test_a_configuration_nested_without_end_is_refused(checkpoints, tmp_path):
    folder = copied(checkpoints, tmp_path, "bert")
    (folder / "config.json").write_text('{"a":' * 50_000 + "1" + "}" * 50_000, encoding="utf-8")
    assert fault(folder, "bert").startswith("here: config.json: not valid JSON: maximum recursion depth exceeded")


@pytest.fixture(scope="module")
def two_layers(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("deeper")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "num_hidden_layers", 2)
        for name in FAMILIES:
            FAMILIES[name].write(folder / name, TEXTS)
    return folder


@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - {"albert"}))  # whose layers are one layer, read again
@pytest.mark.parametrize("layers", [1, 4])
def test_other_layers_than_the_weights_have_are_refused(two_layers, tmp_path, name, layers):
    verify(two_layers / name, entry(name), "here")
    folder = copied(two_layers, tmp_path, name)
    changes = {"num_hidden_layers": layers}
    if "layer_types" in read_json(folder / "config.json", "here"):
        changes["layer_types"] = ["full_attention"] * layers
    edit(folder / "config.json", **changes)
    if layers == 1:
        place = r"\.(1)\.\S+, which the model of config\.json lacks; required: none"
    else:
        place = r"\.2\.\S+ \(\d+ of \d+ weights of \S+ missing\)"
    with pytest.raises(InputError, match=rf"^here: model\.safetensors: (no )?\S+layers?{place}$"):
        verify(folder, entry(name), "here")


def test_layers_stated_beside_their_kinds_must_agree(two_layers, tmp_path):
    folder = copied(two_layers, tmp_path, "qwen2")
    edit(folder / "config.json", num_hidden_layers=4)
    assert "`num_hidden_layers` (4) must be equal to the number of `layer_types` (2)" in fault(folder, "qwen2")


def test_the_task_of_a_head_that_is_left_out_is_left_out_too(checkpoints, tmp_path):
    """A regression's would choose another loss."""
    folder = copied(checkpoints, tmp_path, "bert")
    edit(folder / "config.json", problem_type="regression")
    complete(folder, entry("bert"), verify(folder, entry("bert"), "here"))
    assert "problem_type" not in read_json(folder / "config.json", "here")


@pytest.mark.parametrize("name", FAMILIES)
def test_what_transformers_writes_itself_sets_no_switch(checkpoints, name):
    require_plain(read_json(checkpoints / name / "config.json", "here"), "here")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text() | st.sampled_from(["n_layers", "num_labels", "return_dict"]), JSON_VALUES))
def test_any_object_is_taken_or_refused_in_a_line(config):
    with suppress(InputError):
        require_plain(config, "here")


def test_making_stops_at_the_limit_and_leaves_torch_as_it_was():
    with pytest.raises(InputError, match=r"^more than 10 parameters$"), without_data(most=10):
        torch.nn.Linear(10**6, 10**6)
    with pytest.raises(InputError, match=r"^more than 100000 modules$"), without_data():
        torch.nn.ModuleList(torch.nn.Sequential(torch.nn.Identity()) for _ in range(10**9))
    assert torch.nn.Linear(4, 4).weight.device.type == "cpu"


def test_sizes_of_params_yaml_are_judged_alike():
    with pytest.raises(InputError, match=r"^architecture\.x\.miniature: n_layers: 10+; allowed: 1 to 1000$"):
        require_moderate({"dim": 64, "n_layers": 10**9}, "architecture.x.miniature")
