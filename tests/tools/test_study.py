"""How make paper ends."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages import settings
from stages.core.errors import InputError
from stages.core.files import SETTINGS
from stages.study.params import Params, load_params
from stages.training.settings import Run
from tests.helpers.tiny_study import ROOT, write_params
from tools.engine.state import StudyState, new_state
from tools.study import bring_up_to_date, discard_outdated, main, report

RUN = Run(architecture="roberta", configuration="full", seed=1, role="train")
HINT = ", `allow_failed: true` in params.yaml goes on without them"


def study(**statuses: str) -> StudyState:
    """A run and the stages after it."""
    state = new_state([RUN], [RUN.stage, "collect", "tables", "figures", "paper"])
    for stage in state.stages.values():
        stage.status, stage.cause = "blocked", f"{RUN.stage} failed"
    for name, status in statuses.items():
        name = RUN.stage if name == "run" else name
        state.stages[name].status = status
    return state


def params(allow_failed: bool) -> Params:
    return load_params(ROOT / "params.yaml").model_copy(update={"allow_failed": allow_failed})


@pytest.mark.parametrize(
    ("allow_failed", "run", "message"),
    [
        (False, "failed", f"of 5 stages 1 failed and 4 blocked; `make paper` tries them again{HINT}"),
        (True, "failed", "of 5 stages 1 failed and 4 blocked; `make paper` tries them again"),
        (True, "done", "of 5 stages 0 failed and 4 blocked; `make paper` tries them again"),
    ],
)
def test_a_study_that_ends_with_anything_blocked_ends_as_an_error(allow_failed, run, message, capsys):
    with pytest.raises(InputError) as caught:
        report(study(run=run), params(allow_failed))
    assert str(caught.value) == message
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "  collect, tables, figures and 1 more blocked: train@roberta-full-1 failed"


def test_a_failed_run_may_stand_as_a_hole(capsys):
    state = study(run="failed", collect="done", tables="done", figures="done", paper="done")
    report(state, params(True))
    assert "blocked" not in capsys.readouterr().out


def test_a_study_keeps_experiments_out_before_it_touches_anything(monkeypatch):
    @contextmanager
    def busy(repo):
        assert repo == "of DVC"
        raise InputError("other: runs here")
        yield

    monkeypatch.setattr("tools.engine.dag.Dag", lambda: SimpleNamespace(repo="of DVC"))
    monkeypatch.setattr("tools.engine.dag.kept_out", busy)
    monkeypatch.setattr("tools.study.arrange", lambda _: pytest.fail("it moved files"))
    with pytest.raises(InputError, match=r"^other: runs here$"):
        bring_up_to_date(params(False), 1, None, None)


@pytest.mark.usefixtures("in_empty_folder")
def test_a_local_source_that_is_gone_is_named_before_dvc_looks():
    write_params(Path(), profile="imdb-mini")
    with pytest.raises(InputError, match=r"^data\.path: data/imdb: not found; allowed: a file or a folder$"):
        main("1")
    assert [path.name for path in Path().iterdir()] == ["params.yaml"]


@pytest.mark.usefixtures("in_empty_folder")
def test_settings_of_other_parameters_are_made_anew_though_dvc_takes_them_for_todays(capsys):
    write_params(Path())
    settings.main()
    capsys.readouterr()
    discard_outdated()
    assert SETTINGS.is_dir()
    assert capsys.readouterr().out == ""
    write_params(Path(), lr=3e-5)
    discard_outdated()
    assert not SETTINGS.exists()
    assert capsys.readouterr().out == (
        "data/settings/study.json: lr: 1e-05; params.yaml says 3e-05: settings are made anew, and with them what "
        "follows\n"
    )
