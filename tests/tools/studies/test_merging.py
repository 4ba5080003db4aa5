"""What studies/<name>.yaml changes in params.yaml."""

import io
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import InputError
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT
from tools.studies.merging import as_yaml, known, merged, read_study, with_absolute_paths

SCALARS = st.sampled_from([None, True, 0, 1, "x", [], [1, 2]])
MAPS = st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), max_leaves=8)
TREES = st.dictionaries(st.sampled_from("abcd"), MAPS, max_size=3)
SMS = """profile: sms
published: none
profiles:
  sms:
    description: messages
    small_scale: true
    data: {source: local, path: data/sms.csv, labels: {ham: 0, spam: 1, 2: 0, true: 1}}
    base: {source: local, path: /models}
    tokenize: {max_length: 64}
    train: {epochs: 2, batch_size: 16, gradient_accumulation: 1, evaluation_batch_size: 64, lr_scale: 250, 
      precision: fp32, threads: 1, dropout: bulk, length_multiple: 1, exclusive: false, compile: none}
"""


@pytest.fixture(autouse=True)
def _workspace(in_empty_folder):
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    Path("studies").mkdir()


def write(text: str, name: str = "sms") -> None:
    Path("studies", f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_study_is_params_with_its_changes():
    write(SMS)
    study = read_study("sms")
    plain = load_params()
    assert (study.params.profile, study.params.published) == ("sms", "none")
    assert study.params.profiles["sms"].data.labels == {"ham": 0, "spam": 1, "2": 0, "True": 1}
    assert {name: study.params.profiles[name] for name in plain.profiles} == plain.profiles
    changed = {"profile": "sms", "published": "none", "profiles": study.params.profiles}
    assert study.params == plain.model_copy(update=changed)


def test_maps_are_merged_and_scalars_and_lists_replaced():
    write("seeds: [1]\nprofiles: {mini: {train: {epochs: 5}, data: {test: 100}}}\npaper: {title: My own}\n")
    params, plain = read_study("sms").params, load_params()
    assert params.seeds == [1]
    assert params.profiles["mini"].train == plain.profiles["mini"].train.model_copy(update={"epochs": 5})
    assert params.profiles["mini"].data == plain.profiles["mini"].data.model_copy(update={"test": 100})
    assert params.paper == plain.paper.model_copy(update={"title": "My own"})


def test_a_map_of_free_keys_or_of_another_source_is_replaced_as_a_whole():
    write("profiles: {imdb-mini: {data: {labels: {a: 0, b: 1}}}, mini: {data: {source: local, path: x}}}\n")
    profiles = read_study("sms").params.profiles
    assert profiles["imdb-mini"].data.labels == {"a": 0, "b": 1}
    assert profiles["imdb-mini"].data.path == "data/imdb"
    assert profiles["mini"].data.model_dump(exclude_unset=True) == {"source": "local", "path": "x"}


def test_an_adapter_of_another_kind_or_from_a_file_is_replaced_as_a_whole():
    Path("studies/adapters").mkdir()
    shutil.copy(ROOT / "studies/adapters/rslora.json", "studies/adapters")
    write(
        """configuration:
  lora-r8: {target: attention, adapter: {peft_type: VERA}}
  lora-r16: {adapter: {file: studies/adapters/rslora.json}}
  lora-ffn: {adapter: {r: 4}}
"""
    )
    configuration = read_study("sms").params.configuration
    assert configuration["lora-r8"].adapter == {"peft_type": "VERA"}
    assert (configuration["lora-r16"].rank, configuration["lora-r16"].option("use_rslora")) == (8, True)
    assert configuration["lora-ffn"].adapter == {"peft_type": "LORA", "r": 4, "lora_alpha": 16, "lora_dropout": 0.1}


@given(TREES, TREES)
def test_merging_gives_what_the_changes_say_and_else_what_was_there(base, changes):
    before = repr((base, changes))
    result = merged(base, changes)
    assert repr((base, changes)) == before
    assert merged(result, changes) == result
    assert merged(base, {}) == base
    assert list(result) == [*base, *(key for key in changes if key not in base)]
    for key, value in result.items():
        if key not in changes:
            assert value == base[key]
        elif not isinstance(changes[key], dict):
            assert value == changes[key]
        elif isinstance(base.get(key), dict):
            assert value == merged(base[key], changes[key])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("lr: abc\n", "lr: 'abc': input should be a valid number"),
        ("epochs: 3\n", "epochs: 3: unknown key; allowed: profile, protocol, "),
        ("profile: spam\n", "profile: 'spam': unknown name; allowed: mini, imdb-mini, paper"),
        ("profiles: {mini: {data: {rows: 3}}}\n", "profiles.mini.data.rows: 3: unknown key; allowed: source, train, "),
        ("profiles: {mine: {small_scale: true}}\n", "profiles.mine.description: missing; a value is required"),
        ("lr: [\n", "not valid YAML: "),
        ("paper: {title: '\0'}\n", "not valid YAML: "),
        ("seeds: [1]\nseeds: [2]\n", "not valid YAML: while constructing a mapping"),
        ("", "empty; allowed: keys of params.yaml to change"),
        ("- 1\n", "not a map; allowed: keys of params.yaml to change"),
    ],
)
def test_a_fault_is_one_line_that_names_the_studys_file(text, fault):
    write(text)
    with pytest.raises(InputError) as caught:
        read_study("sms")
    assert str(caught.value).startswith(f"studies/sms.yaml: {fault}")
    assert "\n" not in str(caught.value)


def test_a_fault_of_params_is_named_there():
    write("profile: imdb-mini\n")
    Path("params.yaml").write_text("lr: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^params\.yaml: "):
        read_study("sms")


def test_an_unknown_study_lists_those_there_are():
    with pytest.raises(InputError) as none:
        read_study("sms")
    assert str(none.value).startswith("STUDY: 'sms': unknown name; allowed: none yet; `make new NAME=sms")
    for name in ("b", "a", "No name"):
        write("lr: 1\n", name)
    assert known() == ["a", "b"]
    with pytest.raises(InputError, match=r"^STUDY: 'sms': unknown name; allowed: a, b; "):
        read_study("sms")


def test_no_name_lists_those_there_are():
    write("lr: 1\n")
    with pytest.raises(InputError, match=r"^STUDY: empty; allowed: a name in studies/: sms$"):
        read_study("")


@pytest.mark.parametrize("name", ["../x", "Sms", "-a", "a b", "a" * 61, "a\n"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(InputError) as caught:
        read_study(name)
    allowed = "allowed: a-z, 0-9 and -, first a letter or a digit, at most 60 characters"
    assert str(caught.value) == f"STUDY: {name!r}: {allowed}"


def test_paths_are_those_of_the_workspace(monkeypatch):
    write(SMS)
    raw = with_absolute_paths(read_study("sms").raw, Path("/work space"))
    assert raw["profiles"]["sms"]["data"]["path"] == "/work space/data/sms.csv"
    assert raw["profiles"]["sms"]["base"]["path"] == "/models"
    monkeypatch.setenv("HOME", "/home/me")
    write(SMS.replace("data/sms.csv", "~/sms.csv"))
    raw = with_absolute_paths(read_study("sms").raw, Path("/work space"))
    assert raw["profiles"]["sms"]["data"]["path"] == "/home/me/sms.csv"


def test_the_path_in_a_package_is_no_path_of_the_workspace():
    sms = SMS.replace("{source: local, path: /models}", "{source: package, name: p, version: '1', path: p/model}")
    write(f"architectures: [roberta]\n{sms}")
    raw = with_absolute_paths(read_study("sms").raw, Path("/work space"))
    assert raw["profiles"]["sms"]["base"]["path"] == "p/model"
    assert raw["profiles"]["sms"]["data"]["path"] == "/work space/data/sms.csv"


def test_what_is_written_is_read_back_as_it_was():
    write(SMS.replace("ham: 0, spam: 1, 2: 0, true: 1", "'1': 0, '2e-05': 1, 'no': 1, 'é\"#': 1"))
    study, stream = read_study("sms"), io.StringIO()
    as_yaml(study.raw, "What it is.", stream)
    Path("params.yaml").write_text(stream.getvalue(), encoding="utf-8")
    assert load_params() == study.params
    assert stream.getvalue().startswith("# What it is.\nprofile: sms\n")
