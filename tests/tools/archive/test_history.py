import os
import subprocess
from pathlib import Path

import pytest

from stages.core.errors import InputError
from tests.helpers.hashed_study import commit, git
from tools.archive.history import Commit, changed_files, write_history, write_tree

WHEN = "2026-01-02T03:04:05+00:00"
SECONDS = 1_767_323_045


@pytest.fixture
def repository(in_empty_folder, monkeypatch):
    """Two commits on a branch, one more on another, a tag on the first, a program, a link."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, WHEN)
    folder = in_empty_folder / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git(folder, "init", "--quiet", "--initial-branch=work")
    for key, value in (("user.name", "Secret"), ("user.email", "test@example.org")):
        git(folder, "config", key, value)
    (folder / "run").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "run").chmod(0o755)
    commit(folder)
    git(folder, "tag", "--annotate", "--message", "first", "metrics/registry=bert@v1")
    (folder / "link").symlink_to("run")
    (folder / "a folder").mkdir()
    (folder / "a folder/ä.txt").write_text("x", encoding="utf-8")
    commit(folder)
    git(folder, "checkout", "--quiet", "-b", "other")
    (folder / "unpublished").touch()
    commit(folder)
    git(folder, "checkout", "--quiet", "work")
    return folder


def written(folder: Path) -> Path:
    folder.mkdir()
    commit = Commit()
    write_tree(commit, folder)
    write_history(commit, folder, ["own/", "ARTIFACT.md"])
    return folder


def test_the_commit_its_history_and_tags_and_no_more(repository, tmp_path):
    copy = written(tmp_path / "copy")
    (copy / "own").mkdir()
    (copy / "own/file").touch()
    (copy / "ARTIFACT.md").touch()
    assert git(copy, "status", "--porcelain") == ""
    assert git(copy, "rev-parse", "HEAD") == git(repository, "rev-parse", "work")
    assert git(copy, "rev-list", "--count", "--all") == "2\n"
    assert git(copy, "for-each-ref", "--format=%(refname)").splitlines() == [
        "refs/heads/main",
        "refs/tags/metrics/registry=bert@v1",
    ]
    git(copy, "fsck", "--strict")
    assert sorted(path.name for path in copy.iterdir()) == [".git", "ARTIFACT.md", "a folder", "link", "own", "run"]
    assert os.readlink(copy / "link") == "run"
    assert os.access(copy / "run", os.X_OK)
    (copy / "run").write_text("changed", encoding="utf-8")
    assert git(copy, "status", "--porcelain") == " M run\n"


def test_nothing_of_this_machine_is_in_it(repository, tmp_path):
    copy = written(tmp_path / "copy")
    files = [path for path in (copy / ".git").rglob("*") if path.is_file()]
    assert {path.name for path in files if path.suffix not in (".pack", ".idx")} == {
        *("HEAD", "config", "exclude", "index", "packed-refs"),
    }
    assert not [path for path in files if str(tmp_path).encode() in path.read_bytes()]


def test_the_same_bytes_however_objects_lie(repository, tmp_path):
    one = written(tmp_path / "one")
    git(repository, "gc", "--quiet", "--aggressive", "--prune=now")
    other = written(tmp_path / "other")
    same = subprocess.run(["diff", "--recursive", "--no-dereference", one, other], capture_output=True, check=False)
    assert same.stdout + same.stderr == b""


def test_of_a_shallow_clone(repository, tmp_path, monkeypatch):
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    copy = written(tmp_path / "copy")
    assert git(copy, "rev-list", "--count", "HEAD") == "1\n"
    assert git(copy, "status", "--porcelain") == ""


def test_what_the_commit_is(repository):
    found = Commit()
    assert (found.subject, found.seconds) == ("state", SECONDS)
    assert changed_files() == []
    Path("a folder/ä.txt").write_text("y", encoding="utf-8")
    Path("run").unlink()
    Path("new").touch()
    assert changed_files() == ["a folder/ä.txt", "run"]
    git(repository, "add", "new")
    assert changed_files() == ["a folder/ä.txt", "new", "run"]


def test_a_part_of_a_larger_repository_is_refused(repository, monkeypatch):
    monkeypatch.chdir(repository / "a folder")
    line = "^a folder/: a part of a larger repository; allowed: a project that is all of it$"
    with pytest.raises(InputError, match=line):
        Commit()


def test_without_git_the_reason_is_git_s(in_empty_folder):
    with pytest.raises(InputError, match=r"^not a git repository"):
        Commit()
