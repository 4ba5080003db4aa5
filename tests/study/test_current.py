from pathlib import Path

import pytest

from stages import collect, paper, settings
from stages.core.errors import InputError
from stages.study.current import outdated, require_current
from stages.study.params import PARAMS
from tests.helpers.tiny_study import write_params

pytestmark = pytest.mark.usefixtures("in_empty_folder")
STALE = "data/settings/study.json: lr: 1e-05; params.yaml says 3e-05"
REFUSED = f"{STALE}: these results are not of today's parameters; `make paper` makes them"


def rewrite_params() -> None:
    """As a `dvc exp run -S lr=3e-5` that is refused does, while another one runs."""
    text = PARAMS.read_text(encoding="utf-8")
    PARAMS.write_text(text.replace("lr: 1.0e-5", "lr: 3.0e-5", 1), encoding="utf-8")


def test_settings_of_today_pass():
    write_params(Path())
    settings.main()
    assert outdated() is None
    require_current()


@pytest.mark.parametrize("stage", [collect, paper])
def test_results_of_other_parameters_are_refused(stage, monkeypatch):
    write_params(Path())
    settings.main()
    rewrite_params()
    assert outdated() == STALE
    monkeypatch.setattr(paper, "check_template", lambda template: None)
    with pytest.raises(InputError) as error:
        stage.main()
    assert str(error.value) == REFUSED


@pytest.mark.parametrize(
    ("key", "value", "file", "shown"),
    [
        ("seeds", [42], "study.json", "seeds: [42, 43]; params.yaml says [42]"),
        ("profiles.mini.data.train", 999, "data.json", "data.train: 2000; params.yaml says 999"),
        ("configuration.ia3.label", "I", "study.json", "configurations.ia3.label: 'IA3'; params.yaml says 'I'"),
        ("profiles.mini.train.epochs", 3, "study.json", "train.epochs: 2; params.yaml says 3"),
    ],
)
def test_any_value_counts(key, value, file, shown):
    write_params(Path())
    settings.main()
    write_params(Path(), **{key: value})
    assert outdated() == f"data/settings/{file}: {shown}"


def test_parameters_that_change_while_settings_are_made_are_not_taken(monkeypatch):
    write_params(Path())
    monkeypatch.setattr(settings, "arrange", lambda study: rewrite_params())
    with pytest.raises(InputError) as error:
        settings.main()
    assert str(error.value) == "params.yaml: changed while this ran; `make paper` again takes what it says now"
