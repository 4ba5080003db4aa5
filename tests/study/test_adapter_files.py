import json
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT, write_params

pytestmark = pytest.mark.usefixtures("in_empty_folder")

FILE = Path("studies/adapters/mine.json")
SAVED = {
    "peft_type": "LORA",
    "auto_mapping": None,
    "base_model_name_or_path": "some/model",
    "inference_mode": True,
    "modules_to_save": ["classifier", "score"],
    "peft_version": "0.21.2",
    "revision": None,
    "task_type": "CAUSAL_LM",
    "r": 8,
    "lora_alpha": 32,
    "use_rslora": True,
    "rank_pattern": {},
    "layers_pattern": None,
    "runtime_config": {"ephemeral_gpu_offload": False},
    "target_modules": ["q_lin", "v_lin"],
}


def read(adapter: object, **configuration: object):
    mine = {"label": "Mine", "method": "peft", "adapter": adapter, **configuration}
    write_params(Path(), **{"configuration.mine": mine})
    return load_params().configuration["mine"]


def write(content: str | dict) -> None:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_a_file_stands_for_its_fields_without_those_of_the_study():
    write(SAVED)
    fields = {"peft_type": "LORA", "r": 8, "lora_alpha": 32, "use_rslora": True, "rank_pattern": {}}
    assert read({"file": str(FILE)}).adapter == fields | {"target_modules": ["q_lin", "v_lin"]}


def test_the_configurations_own_target_comes_before_the_files():
    write(SAVED)
    mine = read({"file": str(FILE)}, target="attention")
    assert "target_modules" not in mine.adapter
    assert mine.target_modules(load_params().architecture["roberta"]) == ["query", "value"]


def test_the_shipped_file_is_as_peft_saves_it(tmp_path):
    from peft import PeftConfig

    shipped = ROOT / "studies/adapters/rslora.json"
    (tmp_path / "adapter_config.json").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    config = PeftConfig.from_pretrained(str(tmp_path))
    assert (config.peft_type.value, config.use_rslora, config.r) == ("LORA", True, 8)


UNUSABLE = {
    "not there": (None, str(FILE), "'studies/adapters/mine.json': not found, or no file; allowed: a file in"),
    "a folder": (None, "studies/adapters", "'studies/adapters': not found, or no file; allowed: a file in"),
    "not JSON": ("{r: 8}", str(FILE), "'studies/adapters/mine.json': no JSON: Expecting property name"),
    "not text": ("\ud800", str(FILE), "'studies/adapters/mine.json': no JSON: "),
    "nested without end": ("[" * 99_000, str(FILE), "'studies/adapters/mine.json': no JSON: "),
    "a list": ("[1]", str(FILE), "'studies/adapters/mine.json': no JSON object; allowed: an adapter_config.json as"),
    "another file": ("{}", str(FILE), "studies/adapters/mine.json: no peft_type; allowed: an adapter_config.json as"),
    "a number as kind": ({"peft_type": 5}, str(FILE), "studies/adapters/mine.json: no peft_type; allowed: "),
    "weights": ("x" * 100_001, str(FILE), "'studies/adapters/mine.json': more than 100,000 bytes; allowed: a conf"),
    "outside": ("{}", "params.yaml", "'params.yaml': outside studies/adapters/, which DVC watches; allowed: a file"),
    "upwards": ("{}", "studies/adapters/../x.json", "'studies/adapters/../x.json': outside studies/adapters/, which"),
    "absolute": ("{}", "/etc/hostname", "'/etc/hostname': outside studies/adapters/, which DVC watches; allowed: "),
    "a number": ("{}", 5, "5: allowed: a file in studies/adapters/"),
    "nothing": ("{}", None, "None: allowed: a file in studies/adapters/"),
    "a null byte": ("{}", "studies/adapters/\0", "'studies/adapters/\\x00': no JSON: embedded null byte"),
    "another module to train": (
        SAVED | {"modules_to_save": ["embeddings"]},
        str(FILE),
        "studies/adapters/mine.json: modules_to_save: ['embeddings']: the head alone is trained beside an adapter; "
        "allowed: null, or names of heads: classifier, score, pre_classifier, pooler",
    ),
}


@pytest.mark.parametrize(("content", "file", "message"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_that_cannot_be_used_is_named(content, file, message):
    FILE.parent.mkdir(parents=True)
    if content == "\ud800":
        FILE.write_bytes(b"\xff\xfe\x00")
    elif content is not None:
        write(content)
    with pytest.raises(InputError) as caught:
        read({"file": file})
    assert str(caught.value).startswith(f"params.yaml: configuration.mine.adapter.file: {message}")
    assert "\n" not in str(caught.value)


def test_a_link_that_leads_outside_is_refused(tmp_path):
    FILE.parent.mkdir(parents=True)
    Path("elsewhere.json").write_text(json.dumps(SAVED), encoding="utf-8")
    FILE.symlink_to(Path("elsewhere.json").resolve())
    with pytest.raises(InputError, match="outside studies/adapters/, which DVC watches"):
        read({"file": str(FILE)})


def test_nothing_stands_beside_a_file():
    write(SAVED)
    with pytest.raises(InputError, match=r"configuration\.mine\.adapter\.r: not allowed beside configuration\.mine"):
        read({"file": str(FILE), "r": 16})


def test_what_is_no_form_of_parameters_is_left_to_the_schema():
    Path("params.yaml").write_text("configuration: {a: 5, b: {adapter: [file]}}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^params\.yaml: profile: missing; a value is required"):
        load_params()
