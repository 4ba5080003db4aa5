"""A study's working copy: the commit's files, its own results, and what git says of it."""

import shutil
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.training.environment import GitError
from tests.helpers.hashed_study import commit, git, run
from tests.helpers.tiny_study import ROOT
from tools.studies.merging import read_study
from tools.studies.working_folder import brought_up_to_date, left_out, locked, uncommitted

PIPELINE = """
stages:
  train:
    matrix: {seed: [1, 2]}
    cmd: python -m stages.train
    outs:
      - models/${item.seed}
      - metrics/runs/${item.seed}.json: {cache: false}
  collect:
    cmd: python -m stages.collect
    metrics:
      - metrics/summary.json: {cache: false}
"""


def make(folder: Path, *dvc: str) -> Path:
    """A project with results of a study in git; its repository is the folder, or above it."""
    for name in ("stages", "metrics/runs", "metrics/bench", "studies"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    shutil.copy(ROOT / ".gitignore", folder)
    (folder / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "stages/train.py").write_text("first\n", encoding="utf-8")
    (folder / "stages/old.py").write_text("old\n", encoding="utf-8")
    (folder / "studies/mine.yaml").write_text("lr: 3.0e-5\n", encoding="utf-8")
    for name in ("metrics/runs/1.json", "metrics/summary.json", "metrics/bench/speed.json", "dvc.lock"):
        (folder / name).write_text(f"the workspace's {name}\n", encoding="utf-8")
    (folder / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n", encoding="utf-8")
    run(folder, "dvc", "init", "--quiet", *dvc)
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "a project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "test")
    git(folder, "config", "user.email", "test@example.org")
    commit(make(folder))
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> list[str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return sorted(path.relative_to(folder).as_posix() for path in paths if ".dvc" not in path.relative_to(folder).parts)


COMMITTED = [".dvcignore", ".gitignore", "dvc.yaml", "metrics/bench/speed.json", "params.yaml"]
COMMITTED += ["stages/old.py", "stages/train.py", "studies/mine.yaml"]


def test_it_has_the_commits_files_and_none_of_the_workspaces_results(project):
    copy = brought_up_to_date(read_study("mine"))
    assert (copy.top, copy.folder, copy.is_committed) == (Path(".studies/mine"), Path(".studies/mine"), True)
    assert files(copy.folder) == COMMITTED
    assert git(copy.folder, "rev-parse", "HEAD").strip() == copy.commit == git(project, "rev-parse", "HEAD").strip()
    assert git(project, "status", "--porcelain") == ""
    cache = run(copy.folder, "dvc", "cache", "dir").strip()
    assert Path(cache) == project / ".dvc/cache"
    assert not list(copy.top.glob(".git/objects/pack/*.pack"))


def test_it_moves_with_the_workspace_and_keeps_its_own_results(project):
    folder = brought_up_to_date(read_study("mine")).folder
    own = {"dvc.lock": "mine", "metrics/runs/1.json": "mine", "metrics/runs/3.json": "mine", "models/1/w": "mine"}
    for name, text in own.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "stages/stray.py").write_text("put there\n", encoding="utf-8")
    (folder / "stages/train.py").write_text("edited there\n", encoding="utf-8")
    Path("stages/old.py").unlink()
    Path("stages/new.py").write_text("new\n", encoding="utf-8")
    Path("metrics/runs/1.json").unlink()
    Path("metrics/runs/2.json").write_text("another of the workspace's\n", encoding="utf-8")
    Path("metrics/summary.json").write_text("changed\n", encoding="utf-8")
    commit(project)
    untouched = (folder / "metrics/bench/speed.json").stat()
    assert brought_up_to_date(read_study("mine")).folder == folder
    expected = [name.replace("old", "new") for name in COMMITTED]
    assert files(folder) == sorted([*expected, *own])
    assert {name: (folder / name).read_text(encoding="utf-8") for name in own} == own
    assert (folder / "stages/train.py").read_text(encoding="utf-8") == "first\n"
    assert (folder / "metrics/bench/speed.json").stat().st_mtime_ns == untouched.st_mtime_ns


def test_a_result_that_moved_does_not_come_with_the_commit(project):
    folder = brought_up_to_date(read_study("mine")).folder
    text = PIPELINE.replace("metrics/summary.json", "metrics/table.json")
    Path("dvc.yaml").write_text(text, encoding="utf-8")
    git(project, "mv", "metrics/summary.json", "metrics/table.json")
    commit(project)
    brought_up_to_date(read_study("mine"))
    assert files(folder) == COMMITTED


def of_git(folder: Path) -> str:
    """What a record would call dirty: see stages/training/environment.py."""
    return git(folder, "status", "--porcelain", "--", "stages", "params.yaml")


def test_parameters_are_dirty_exactly_where_they_are_not_committed(project):
    study = Path("studies/mine.yaml")
    folder = brought_up_to_date(read_study("mine")).folder
    assert of_git(folder) == ""
    study.write_text("lr: 4.0e-5\n", encoding="utf-8")
    assert not brought_up_to_date(read_study("mine")).is_committed
    assert of_git(folder) == " M params.yaml\n"
    assert "lr: 4e-05" in (folder / "params.yaml").read_text(encoding="utf-8")
    commit(project)
    assert brought_up_to_date(read_study("mine")).is_committed
    assert of_git(folder) == ""
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(text.replace("seeds: [42, 43]", "seeds: [42]"), encoding="utf-8")
    assert not brought_up_to_date(read_study("mine")).is_committed
    assert of_git(folder) == " M params.yaml\n"
    git(project, "checkout", "--quiet", ".")
    Path("studies/new.yaml").write_text("lr: 1.0e-5\n", encoding="utf-8")  # known to git neither here nor there
    assert not brought_up_to_date(read_study("new")).is_committed
    Path(".git/info/exclude").write_text("studies/new.yaml\n", encoding="utf-8")
    assert not brought_up_to_date(read_study("new")).is_committed
    assert brought_up_to_date(read_study("mine")).is_committed
    (folder / "stages/train.py").write_text("edited\n", encoding="utf-8")
    assert of_git(folder) == " M stages/train.py\n"


def test_what_is_not_committed_and_a_build_would_read_is_named(project):
    assert left_out() == []
    names = ["stages/train.py", "stages/a b.py", "stages/'q\".py", "paper/-x.tex", "tools/deep/é.py"]
    for name in (*names, "README.md", "notes.csv", "tests/test_x.py", "studies/mine.yaml", "params.yaml"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        with Path(name).open("a", encoding="utf-8") as stream:
            stream.write("\n# edited\n")
    assert left_out() == sorted(names)
    assert uncommitted([Path("params.yaml")]) == ["params.yaml"]
    git(project, "add", "--all")
    assert left_out() == sorted(names)


def test_a_workspace_that_was_moved_takes_its_copies_along(project, monkeypatch):
    folder = brought_up_to_date(read_study("mine")).folder
    (folder / "dvc.lock").write_text("mine", encoding="utf-8")
    moved = project.rename(project.with_name("moved"))
    monkeypatch.chdir(moved)
    Path("stages/train.py").write_text("second\n", encoding="utf-8")
    commit(moved)
    brought_up_to_date(read_study("mine"))
    assert (folder / "stages/train.py").read_text(encoding="utf-8") == "second\n"
    assert (folder / "dvc.lock").read_text(encoding="utf-8") == "mine"
    assert Path(run(folder, "dvc", "cache", "dir").strip()) == moved / ".dvc/cache"


def test_a_copy_that_a_kill_left_half_made_is_made_anew(project):
    (project / ".studies/mine/stages").mkdir(parents=True)
    (project / ".studies/.mine.tmp/.git").mkdir(parents=True)
    assert files(brought_up_to_date(read_study("mine")).folder) == COMMITTED
    assert sorted(path.name for path in (project / ".studies").iterdir()) == ["mine"]


def test_a_shallow_clone_and_a_worktree_have_studies_too(project, monkeypatch, tmp_path):
    Path("stages/train.py").write_text("second\n", encoding="utf-8")
    commit(project)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project}", "shallow")
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    for name in ("shallow", "tree"):
        monkeypatch.chdir(tmp_path / name)
        copy = brought_up_to_date(read_study("mine"))
        assert files(copy.folder) == COMMITTED
        assert git(copy.folder, "log", "-1", "--format=%s") == "state\n"


def test_a_project_within_a_repository_is_built_where_it_is_in_it(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "test")
    git(tmp_path, "config", "user.email", "test@example.org")
    (tmp_path / "other.txt").write_text("beside", encoding="utf-8")
    (tmp_path / "in it").mkdir()
    project = make(tmp_path / "in it", "--subdir")
    commit(tmp_path)
    monkeypatch.chdir(project)
    copy = brought_up_to_date(read_study("mine"))
    assert (copy.top, copy.folder) == (Path(".studies/mine"), Path(".studies/mine/in it"))
    assert files(copy.top) == sorted(["other.txt", *(f"in it/{name}" for name in COMMITTED)])
    assert of_git(copy.folder) == ""


def test_a_remote_and_options_of_the_workspace_alone_are_those_of_the_copy(project):
    run(project, "dvc", "remote", "add", "--local", "near", "../storage")
    run(project, "dvc", "config", "--local", "cache.type", "copy")
    folder = brought_up_to_date(read_study("mine")).folder
    assert run(folder, "dvc", "config", "cache.type") == "copy\n"
    assert run(folder, "dvc", "remote", "list").split() == ["near", str(project.parent / "storage")]


@pytest.mark.usefixtures("in_empty_folder")
def test_one_command_at_a_time():
    with locked("mine"), locked("yours"), pytest.raises(InputError) as caught, locked("mine"):
        pass
    assert str(caught.value) == "STUDY: 'mine': another `make paper` or `make keep` of this study runs"
    with locked("mine"):
        pass


@pytest.mark.usefixtures("in_empty_folder")
def test_without_a_repository_one_line_says_what_to_do():
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    Path("studies").mkdir()
    Path("studies/mine.yaml").write_text("lr: 1.0e-5\n", encoding="utf-8")
    with pytest.raises(GitError, match=r"^not a git repository .*; clone the repository, as an archive has no history"):
        brought_up_to_date(read_study("mine"))
