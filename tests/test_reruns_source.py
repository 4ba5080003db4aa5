"""A local source is watched by the real dvc, on the real dvc.yaml, and nothing that dvc does touches it."""

import os
import shutil
from pathlib import Path

import pytest

from tests.helpers.hashed_study import dvc, git, make, reproduced

DATA = "profiles.imdb-mini.data"
GRID = {"architectures": ["distilbert"], "configurations": ["full"], "probes": ["full-probe"], "seeds": [42]}
STALE = ["settings", "prepare"]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A study of the files in ``mail`` beside it, up to date."""
    base = tmp_path_factory.mktemp("study")
    write_source(base / "mail")
    return make(base / "study", profile="imdb-mini", **{f"{DATA}.path": "../mail"}, **GRID)


@pytest.fixture
def study(built, tmp_path) -> Path:
    for name in ("study", "mail"):
        shutil.copytree(built.parent / name, tmp_path / name, symlinks=True)
    (tmp_path / "study/data/source").unlink()
    (tmp_path / "study/data/source").symlink_to(tmp_path / "mail")
    return tmp_path / "study"


def write_source(folder: Path) -> None:
    (folder / "deeper").mkdir(parents=True)
    for name in ("train.csv", "test.csv", "deeper/more.csv"):
        (folder / name).write_text(f"text,label\nwatched {name},0\n", encoding="utf-8")
    (folder / "test.csv").chmod(0o444)


def state(folder: Path) -> list[tuple]:
    """Names, modes, times and content of the user's files."""
    found = []
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found.append((path.name, status.st_mode, status.st_mtime_ns, status.st_ino, content))
    return found


def stale(study: Path) -> list[str]:
    """Stages that `dvc status` shows."""
    lines = dvc(study, "status").splitlines()
    return [line.rstrip(":") for line in lines if line.endswith(":") and not line[0].isspace()]


def in_cache(study: Path) -> bool:
    return any(b"watched" in path.read_bytes() for path in (study / ".dvc/cache").rglob("*") if path.is_file())


@pytest.mark.slow
def test_changed_added_and_removed_files_put_prepare_out_of_date(study):
    source = study.parent / "mail"
    os.utime(source / "train.csv")
    assert stale(study) == []  # the content counts
    with (source / "deeper/more.csv").open("a", encoding="utf-8") as stream:
        stream.write("watched too,1\n")
    assert stale(study) == STALE
    assert reproduced(study, "prepare") == STALE
    assert "base@distilbert" in stale(study)
    (source / "added.csv").touch()
    assert stale(study)[:2] == STALE
    (source / "added.csv").unlink()
    assert "settings" not in stale(study)
    (source / "test.csv").unlink()
    assert stale(study)[:2] == STALE


@pytest.mark.slow
def test_the_link_follows_files_that_were_moved(study):
    shutil.move(study.parent / "mail", study.parent / "moved")
    lead_to(study, "../moved")
    assert reproduced(study, "prepare") == STALE  # prepare says the path in its messages
    assert (study / "data/source").samefile(study.parent / "moved")


def lead_to(study: Path, path: str) -> None:
    params = study / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("path: ../mail", f"path: {path}"), encoding="utf-8")


def test_a_source_that_is_not_there_is_named_before_anything_runs(study):
    lead_to(study, "../nowhere")
    with pytest.raises(AssertionError) as caught:
        reproduced(study)
    assert "\nerror: data.path: ../nowhere: not found; allowed: a file or a folder\n" in str(caught.value)
    assert "Running stage 'prepare'" not in str(caught.value)


def test_a_source_that_is_gone_stops_dvc_with_a_line(study):
    shutil.rmtree(study.parent / "mail")
    with pytest.raises(AssertionError) as caught:
        reproduced(study)
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        f"ERROR: failed to reproduce 'settings': [Errno 2] No such file or directory: '{study}/data/source'"
    )
    assert "Running stage" not in str(caught.value)


@pytest.mark.slow
def test_dvc_neither_copies_nor_touches_the_files(study):
    source, store = study.parent / "mail", study.parent / "store"
    before = state(source)
    dvc(study, "remote", "add", "--default", "store", str(store))
    for command in (
        ["push"],
        ["pull"],
        ["checkout", "--force"],
        ["gc", "--workspace", "--force"],
        ["repro", "--force", "settings"],
    ):
        dvc(study, *command)
        assert state(source) == before, command
        assert (study / "data/source").samefile(source), command
    assert not holds_texts(study / ".dvc/cache")
    assert not holds_texts(store)


def holds_texts(folder: Path) -> bool:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return any(b"watched" in path.read_bytes() for path in files)


@pytest.mark.slow  # half a minute, most of it DVC's
def test_an_experiment_with_another_source_leads_the_link_there_and_back(study):
    source, other = study.parent / "mail", study.parent / "other.csv"
    before = state(source)
    other.write_text("text,label\nwatched other,0\n", encoding="utf-8")
    dvc(study, "exp", "run", "--set-param", f"{DATA}.path={other}", "prepare")
    assert (study / "data/source").samefile(other)
    assert not set(STALE) & set(stale(study))
    git(study, "checkout", "--quiet", ".")
    assert "settings" in stale(study)
    dvc(study, "checkout", "--force")
    dvc(study, "repro", "prepare")
    assert (study / "data/source").samefile(source)
    dvc(study, "exp", "run", "--temp", "--set-param", f"{DATA}.path={other}", "prepare")
    assert reproduced(study, "prepare") == ["settings"]  # DVC leaves git's file there, which takes a second to mend
    assert (study / "data/source").samefile(source)
    assert state(source) == before
    assert other.read_text(encoding="utf-8") == "text,label\nwatched other,0\n"
    assert not holds_texts(study / ".dvc/cache")


@pytest.mark.slow
def test_a_fresh_clone_with_the_same_files_makes_the_link_and_trains_nothing(study):
    elsewhere = study.parent / "elsewhere"
    clone = elsewhere / "clone"
    elsewhere.mkdir()
    git(study, "clone", "--quiet", str(study), str(clone))
    for folder in (study, clone):
        dvc(folder, "remote", "add", "--local", "--default", "store", str(study.parent / "store"))
    dvc(study, "push")
    shutil.copytree(study.parent / "mail", elsewhere / "mail")
    assert "prepare" in stale(clone)
    dvc(clone, "pull")
    assert stale(clone) == STALE
    assert reproduced(clone) == ["settings"]
    assert (clone / "data/source").samefile(elsewhere / "mail")
    assert stale(clone) == []
    assert git(clone, "status", "--short") == ""
