"""Values of params.yaml that no machine could work off: refused at `settings`, in a line, before anything is made."""

import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.core.errors import InputError
from stages.settings import main
from tests.helpers.tiny_study import ROOT

AT_MOST = "input should be less than or equal to"
VALUES = [
    ("seeds", [10**400], f"params.yaml: seeds.0: {'1' + '0' * 296}...: input should be less than 4294967296"),
    ("seeds", list(range(1001)), "params.yaml: seeds: [0, 1, 2, "),
    ("profiles.mini.train.epochs", 10**9, f"params.yaml: profiles.mini.train.epochs: 1000000000: {AT_MOST} 10000"),
    (
        "profiles.mini.train.batch_size",
        10**9,
        f"params.yaml: profiles.mini.train.batch_size: 1000000000: {AT_MOST} 1000000",
    ),
    ("profiles.mini.train.threads", 10**400, "params.yaml: profiles.mini.train.threads: 1000"),
    (
        "profiles.mini.train.lr_scale",
        float("inf"),
        "params.yaml: profiles.mini.train.lr_scale: inf: input should be a fin",
    ),
    ("profiles.mini.data.train", 10**12, f"params.yaml: profiles.mini.data.train: 1000000000000: {AT_MOST} 10000000"),
    (
        "profiles.mini.base.vocab_size",
        10**9,
        f"params.yaml: profiles.mini.base.vocab_size: 1000000000: {AT_MOST} 10000000",
    ),
    ("profiles.mini.base.steps", 10**12, f"params.yaml: profiles.mini.base.steps: 1000000000000: {AT_MOST} 100000000"),
    (
        "profiles.mini.tokenize.max_length",
        10**9,
        f"params.yaml: profiles.mini.tokenize.max_length: 1000000000: {AT_MOST}",
    ),
    (
        "configuration.full.train",
        {"epochs": 10**9},
        f"params.yaml: configuration.full.train.epochs: 1000000000: {AT_MOST}",
    ),
    (
        "architecture.distilbert.miniature.n_layers",
        10**9,
        "architecture.distilbert.miniature: n_layers: 1000000000; allowed: 1 to 1000",
    ),
    (
        "architecture.roberta.miniature.num_hidden_layers",
        -1,
        "architecture.roberta.miniature: num_hidden_layers: -1; allowed: 1 to 1000",
    ),
    (
        "architecture.roberta.full_size.num_hidden_layers",
        10**9,
        "architecture.roberta.full_size: num_hidden_layers: 1000000000; ",
    ),
    (
        "architecture.roberta.miniature.hidden_size",
        4 * 10**8,
        "architecture.roberta: RobertaForSequenceClassification of sizes ",
    ),
    (
        "architecture.roberta.miniature.hidden_size",
        10**400,
        "architecture.roberta.miniature: hidden_size: a number of 1329 bits; ",
    ),
    (
        "architecture.distilbert.miniature.dim",
        -64,
        "architecture.distilbert: DistilBertForSequenceClassification of sizes ",
    ),
    ("architecture.distilbert.miniature.dim", "big", "params.yaml: architecture.distilbert.miniature.dim.int: 'big': "),
]


@pytest.mark.parametrize(("key", "value", "message"), VALUES)
def test_a_value_without_a_bound_is_refused_in_seconds(in_empty_folder, key, value, message):
    raw = YAML(typ="safe").load(ROOT / "params.yaml")
    *path, last = key.split(".")
    section = raw
    for name in path:
        section = section[name]
    section[last] = value
    YAML().dump(raw, Path("params.yaml"))
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        main(check=True)
    assert time.monotonic() - started < 30
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
