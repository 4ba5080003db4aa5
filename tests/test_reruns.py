"""What an edit re-runs: the real dvc on the real dvc.yaml, each command replaced by one that hashes what it reads."""

import shutil
from pathlib import Path

import pytest

from stages.training import checkpoints
from tests.helpers.hashed_study import git, make, reproduced

GRID = {"architectures": ["distilbert"], "configurations": ["full"], "probes": ["full-probe"], "seeds": [42]}
EVERYTHING_AFTER_TRAINING = ["collect", "statistics", "reconcile", "claims", "tables", "figures", "paper", "site"]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A study that is up to date."""
    return make(tmp_path_factory.mktemp("study"), **GRID)


@pytest.fixture
def study(built, tmp_path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(built, folder, symlinks=True)
    return folder


def edit(folder: Path, file: str) -> None:
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("stages/report/phrases/phrases.py", ["paper", "site"]),
        ("paper/sections/results.tex.j2", ["paper", "site"]),
        ("stages/report/tables/tabular.py", ["tables", "paper", "site"]),
        ("stages/report/figures/style.py", ["figures", "paper", "site"]),
        ("stages/training/trainer.py", ["train", "probe", "census", *EVERYTHING_AFTER_TRAINING]),
        ("stages/meters/clock.py", ["train", "probe", *EVERYTHING_AFTER_TRAINING]),
        ("stages/published/claims.yaml", ["reconcile", "claims", "tables", "figures", "paper", "site"]),
        ("stages/fullsize/autocast.py", ["census", "reconcile", "claims", "tables", "figures", "paper", "site"]),
    ],
)
def test_an_edit_reruns_what_uses_it_and_what_follows(study, file, stages):
    edit(study, file)
    assert sorted(reproduced(study)) == sorted(stages)
    assert reproduced(study) == []


def test_a_clone_that_converts_line_endings_has_the_same_bytes(study, tmp_path):
    git(study, "clone", "--quiet", "--config", "core.autocrlf=true", str(study), str(tmp_path / "clone"))
    for file in git(study, "ls-files").splitlines():
        if (study / file).is_file():
            assert (tmp_path / "clone" / file).read_bytes() == (study / file).read_bytes(), file


def test_what_python_leaves_behind_reruns_nothing(study):
    for folder in [folder for folder in (study / "stages").rglob("*") if folder.is_dir()]:
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"compiled")
    assert reproduced(study) == []


def test_a_run_goes_on_from_its_checkpoint_after_an_edit_that_does_not_decide_it(study, monkeypatch):
    monkeypatch.setattr(checkpoints, "ROOT", study)
    before = checkpoints.fingerprint("settings")
    edit(study, "stages/report/phrases/phrases.py")
    edit(study, "stages/encoders/settings.py")
    assert checkpoints.fingerprint("settings") == before
    edit(study, "stages/training/trainer.py")
    assert checkpoints.fingerprint("settings") != before
