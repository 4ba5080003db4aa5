"""A grid that shrinks and grows: dvc.lock holds in every clone, and no run that was made is made again."""

import shutil
from pathlib import Path

import pytest

from tests.helpers.hashed_study import commit, dvc, git, make, reproduced
from tests.helpers.tiny_study import write_params

LARGE = {"architectures": ["distilbert", "roberta"], "configurations": ["full"], "probes": [], "seeds": [42, 43]}
SMALL = LARGE | {"architectures": ["distilbert"], "seeds": [42]}
UP_TO_DATE = "Data and pipelines are up to date.\n"
TRAINS = {"base", "tokenize", "train", "probe"}


@pytest.fixture(scope="module")
def shrunk(tmp_path_factory) -> Path:
    """A study that was built with a larger grid, committed, and again with a smaller."""
    folder = make(tmp_path_factory.mktemp("grids") / "study", **(LARGE | {"probes": ["full-probe"]}))
    dvc(folder, "remote", "add", "--default", "shared", str(folder.parent / "remote"))
    commit(folder)
    write_params(folder, **SMALL)
    assert not TRAINS & set(reproduced(folder))
    return folder


@pytest.fixture
def study(shrunk, tmp_path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(shrunk, folder, symlinks=True)
    return folder


def clone(study: Path, folder: Path) -> Path:
    dvc(study, "push", "--quiet")
    git(study, "clone", "--quiet", str(study), str(folder))
    dvc(folder, "pull", "--quiet")
    assert dvc(folder, "status") == UP_TO_DATE
    return folder


@pytest.mark.slow
def test_a_clone_of_a_study_that_shrank_is_up_to_date(study, tmp_path):
    commit(study)
    assert dvc(study, "status") == UP_TO_DATE
    other = clone(study, tmp_path / "clone")
    assert reproduced(other) == []
    assert git(other, "status", "--short") == ""


def test_a_clone_takes_the_report_of_a_base_model_from_the_cache(study, tmp_path):
    commit(study)
    other = clone(study, tmp_path / "clone")
    for path in ("metrics/base", "models/base"):
        shutil.rmtree(other / path)
    dvc(other, "pull", "--quiet")
    assert reproduced(other) == []
    assert (other / "metrics/base/distilbert.json").exists()


@pytest.mark.slow
def test_a_grid_that_grows_again_takes_back_what_it_had(study):
    write_params(study, **LARGE)
    assert not TRAINS & set(reproduced(study))
    assert dvc(study, "status") == UP_TO_DATE
    write_params(study, **SMALL)
    assert not TRAINS & set(reproduced(study))
    commit(study)
    assert dvc(study, "status") == UP_TO_DATE


@pytest.mark.slow
def test_git_and_dvc_go_back_to_the_committed_grid(study):
    git(study, "checkout", ".")
    dvc(study, "checkout", "--quiet")
    assert dvc(study, "status") == UP_TO_DATE
    write_params(study, **SMALL)
    assert not TRAINS & set(reproduced(study))
    commit(study)
    assert not (study / "metrics/runs/roberta").exists()
    assert not (study / "models/runs/distilbert/full/43").exists()


@pytest.mark.slow
def test_an_experiment_with_a_smaller_grid_leaves_a_lock_that_holds(study, tmp_path):
    git(study, "checkout", ".")
    dvc(study, "checkout", "--quiet")
    dvc(study, "exp", "run", "--quiet", "-S", "seeds=[43]")
    assert dvc(study, "status") == UP_TO_DATE
    commit(study)
    clone(study, tmp_path / "clone")


def test_what_editors_leave_behind_reruns_nothing(study):
    for name in ("stages/report/text/.phrases.py.swp", "paper/sections/results.tex.j2~", "metrics/runs/.DS_Store"):
        (study / name).write_text("an editor's", encoding="utf-8")
    assert dvc(study, "status") == UP_TO_DATE
