from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.tiny_study import ROOT, write_params

pytestmark = pytest.mark.usefixtures("in_empty_folder")

OWN = "allowed: a name of its own"
LONG = "x" * 61


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"configuration.ia3.label": ""}, f"configuration.ia3.label: '': blank; {OWN}"),
        ({"configuration.ia3.label": " \u200b\t"}, f"configuration.ia3.label: ' \\u200b\\t': blank; {OWN}"),
        ({"architecture.roberta.label": "\u202e"}, f"architecture.roberta.label: '\\u202e': blank; {OWN}"),
        (
            {"configuration.ia3.label": "Full FT"},
            f"configuration.ia3.label: 'Full FT': printed like configuration.full.label; {OWN}",
        ),
        (
            {"configuration.ia3.label": "Full\u00a0 F\u200bT"},
            f"configuration.ia3.label: 'Full\\xa0 F\\u200bT': printed like configuration.full.label; {OWN}",
        ),
        (
            {"architecture.deberta.label": "DistilBERT"},
            f"architecture.deberta.label: 'DistilBERT': printed like architecture.distilbert.label; {OWN}",
        ),
        (
            {"configuration.full.label": LONG, "configuration.ia3.label": f"{LONG}y"},
            f"configuration.ia3.label: '{LONG}y': printed like configuration.full.label in its first 60 characters; "
            f"{OWN}",
        ),
    ],
)
def test_a_label_without_a_name_of_its_own_is_named(changes, fault):
    write_params(Path(), **changes)
    with pytest.raises(InputError) as error:
        load_params()
    assert str(error.value) == f"params.yaml: {fault}"


def test_an_architecture_may_be_called_as_a_configuration_is():
    write_params(Path(), **{"architecture.roberta.label": "Full FT"})
    assert load_params().architecture["roberta"].label == "Full FT"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("label: IA3,", 'label: "IA3 \\ud800",', "configuration.ia3.label: 'IA3 \\ud800'"),
        ("authors: [The maintainers of the study]", 'authors: ["\\udfff"]', "paper.authors.0: '\\udfff'"),
        ("allow_failed: false", '"\\udc80": 1', "params: '\\udc80'"),
    ],
)
def test_half_a_character_is_named(old, new, key):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_params()
    half = key.rsplit("\\", 1)[1].rstrip("'")
    assert str(error.value) == f"params.yaml: {key}: '\\{half}' is half of a character; allowed: Unicode text"


def test_labels_reach_every_output_in_one_form():
    write_params(
        Path(), **{"configuration.ia3.label": "I\u200bA\u202e3\tnai\u0308ve", "profiles.mini.description": "a\n b"}
    )
    study = resolve_study(load_params())
    assert study.configurations["ia3"].label == study.labels["ia3"] == "IA3 na\u00efve"
    assert study.description == "a b"
