import json

import pytest
from ruamel.yaml import YAML

from stages.core.errors import InputError
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT, write_params

PACKAGE = {"source": "package", "name": "tiny-encoder", "version": "0.1.0", "path": "tiny_encoder/model"}
BAD = {
    "wrong type": ({"lr": "abc"}, "lr: 'abc': input should be a valid number"),
    "negative rate": ({"lr": -1}, "lr: -1: input should be greater than 0"),
    "rate above one": ({"lr_probe": 2.0}, "lr_probe: 2.0: input should be less than or equal to 1"),
    "not a number": ({"lr": float("nan")}, "lr: nan: input should be a finite number"),
    "empty seeds": ({"seeds": []}, "seeds: []: list should have at least 1 item after validation, not 0"),
    "scalar seeds": ({"seeds": 42}, "seeds: 42: input should be a valid list"),
    "text seed": ({"seeds": ["x"]}, "seeds.0: 'x': input should be a valid integer"),
    "repeated seed": ({"seeds": [42, 42]}, "seeds: 42: given 2 times; allowed: once"),
    "unknown profile": ({"profile": "huge"}, "profile: 'huge': unknown name; allowed: mini, imdb-mini, paper"),
    "unknown protocol": (
        {"protocol": "lenient"},
        "protocol: 'lenient': unknown name; allowed: corrected, as-published",
    ),
    "unknown architecture": (
        {"architectures": ["bert"]},
        "architectures: 'bert': unknown name; allowed: distilbert, roberta, deberta",
    ),
    "unknown configuration": (
        {"configurations": ["dora"]},
        "configurations: 'dora': unknown name; allowed: full, lora-r8, lora-r16, lora-ffn, qlora-ffn, ia3, "
        "qlora-ffn-probe, full-probe, lora-ffn-probe, ia3-probe",
    ),
    "configuration that is a probe too": (
        {"configurations": ["full"], "probes": ["full"]},
        "configurations and probes: 'full': given 2 times; allowed: once",
    ),
    "unknown key": (
        {"learning_rate": 1e-5},
        "learning_rate: 1e-05: unknown key; allowed: profile, protocol, lr, lr_probe, seeds, architectures, "
        "configurations, probes, rate_factors, allow_failed, published, paper, architecture, configuration, protocols, "
        "profiles",
    ),
    "unknown nested key": (
        {"profiles.mini.train.epoch": 3},
        "profiles.mini.train.epoch: 3: unknown key; allowed: epochs, batch_size, gradient_accumulation, "
        "evaluation_batch_size, lr_scale, precision, threads",
    ),
    "unknown mode of compilation": (
        {"profiles.mini.train.compile": "fast"},
        "profiles.mini.train.compile: 'fast': input should be 'none', 'graphs', 'default' or 'reduce-overhead'",
    ),
    "CUDA graphs over accumulated batches": (
        {"profiles.paper.train.compile": "reduce-overhead"},
        "profiles.paper.train: compile: reduce-overhead: allowed with gradient_accumulation 1 alone; a CUDA graph's "
        "gradients are overwritten by its next batch",
    ),
    "architecture that is no miniature": (
        {"architecture.roberta.miniature": None},
        "architecture.roberta.miniature: missing; required by base.source pretrain",
    ),
    "architecture whose tokenizer cannot be trained": (
        {"architecture.deberta.tokenizer": None},
        "architecture.deberta.tokenizer: missing; required by base.source pretrain",
    ),
    "architecture that is nowhere on the hub": (
        {"profile": "paper", "architecture.roberta.revision": None},
        "architecture.roberta.revision: missing; required by base.source hub",
    ),
    "several architectures of one package": (
        {"profiles.mini.base": PACKAGE},
        "architectures: 3: base.source package has one checkpoint; allowed: one",
    ),
    "a hash that is none": (
        {"architectures": ["roberta"], "profiles.mini.base": PACKAGE | {"sha256": {"config.json": "abc"}}},
        "profiles.mini.base.sha256.config.json: 'abc': string should match pattern '^[0-9a-f]{64}$'",
    ),
    "a folder outside the package": (
        {"architectures": ["roberta"], "profiles.mini.base": PACKAGE | {"path": "../model"}},
        "profiles.mini.base.path: '../model': allowed: a folder of the package, such as its_name/model",
    ),
    "a key that a package lacks": (
        {"architectures": ["roberta"], "profiles.mini.base": PACKAGE | {"revision": "main"}},
        "profiles.mini.base.revision: 'main': unknown key; allowed: source, name, version, path, sha256",
    ),
    "class of another task": (
        {"architecture.roberta.model_class": "RobertaForMaskedLM"},
        "architecture.roberta.model_class: 'RobertaForMaskedLM': string should match pattern "
        "'^[A-Za-z0-9_]+ForSequenceClassification$'",
    ),
    "placement that the architecture lacks": (
        {"configuration.lora-r8.target": "values"},
        "configuration.lora-r8.target: 'values': no such placement in modules; allowed: attention, attention-ffn, ia3, "
        "ia3-feedforward, all-linear, peft (architecture.distilbert)",
    ),
    "kind of adapter that is no text": (
        {"configuration.lora-r8.adapter": {"peft_type": 5}},
        "configuration.lora-r8: adapter.peft_type: 5: input should be a valid string",
    ),
    "adapter without a kind": (
        {"configuration.lora-r8.adapter": {"r": 8}},
        "configuration.lora-r8: adapter.peft_type: missing; a value is required",
    ),
    "no number in an adapter outside the grid": (
        {"configuration.mine": {"label": "M", "method": "peft", "adapter": {"peft_type": "LORA", "r": [float("inf")]}}},
        "configuration.mine.adapter.r: inf: input should be a finite number",
    ),
    "a field of the study's": (
        {"configuration.lora-r8.adapter": {"peft_type": "LORA", "task_type": "CAUSAL_LM"}},
        "configuration.lora-r8: adapter.task_type: not allowed; it is SEQ_CLS",
    ),
    "a list for an adapter": (
        {"configuration.lora-r8.adapter": ["LORA"]},
        "configuration.lora-r8.adapter: ['LORA']: input should be a valid dictionary",
    ),
    "quantisation for full": (
        {"configuration.full.quantization": "nf4"},
        "configuration.full: quantization: 'nf4': not allowed for method full",
    ),
    "branch as revision": (
        {"architecture.roberta.revision": "main"},
        "architecture.roberta.revision: 'main': a branch or tag moves, and a result must name what it came from; "
        "allowed: a full commit id (40 digits of 0-9a-f)",
    ),
    "another way to convert": (
        {"architecture.deberta.convert": "pickle"},
        "architecture.deberta.convert: 'pickle': input should be 'weights_only'",
    ),
    "a truth value for a way to convert": (
        {"architecture.roberta.convert": True},
        "architecture.roberta.convert: True: input should be 'weights_only'",
    ),
    "unknown source": (
        {"profiles.mini.data.source": "web"},
        "profiles.mini.data: ",
    ),
    "no rows": (
        {"profiles.mini.data.test": 0},
        "profiles.mini.data.test: 0: input should be greater than or equal to 2",
    ),
    "a share in percent": (
        {"profiles.imdb-mini.data.test": "20%"},
        "profiles.imdb-mini.data.test: '20%': allowed: rows, at least 2, or a share between 0 and 1",
    ),
    "a truth value as a share": (
        {"profiles.imdb-mini.data.validation": True},
        "profiles.imdb-mini.data.validation: True: allowed: rows, at least 2, or a share between 0 and 1",
    ),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
def test_bad_value_is_one_line_that_names_it(tmp_path, changes, message):
    write_params(tmp_path, **changes)
    path = tmp_path / "params.yaml"
    with pytest.raises(InputError) as caught:
        load_params(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_rates_as_dvc_writes_them(tmp_path):
    write_params(tmp_path)
    path = tmp_path / "params.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("lr: 1.0e-5", "lr: 2e-05"), encoding="utf-8")
    assert load_params(path).lr == 2e-5


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        load_params(tmp_path / "params.yaml")


def test_broken_yaml(tmp_path):
    (tmp_path / "params.yaml").write_text("lr: [1", encoding="utf-8")
    with pytest.raises(InputError, match="not valid YAML") as caught:
        load_params(tmp_path / "params.yaml")
    assert "\n" not in str(caught.value)


def test_dvc_can_sort_the_keys():
    """`dvc exp run` does, and would end on `labels: {0: negative, neg: negative}`."""
    json.dumps(YAML(typ="safe").load(ROOT / "params.yaml"), sort_keys=True)
