"""Why a commit is unknown: each state of a repository in which git says nothing of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stages.training.environment import GitError, describe, head
from stages.training.record import Environment
from stages.training.settings import RunSettings
from tests.helpers.tiny_runs import run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")
CLONE_AGAIN = "; clone it again, or see what `git fsck` says"


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def commit(subject: str) -> None:
    git("init", "--quiet")
    git("-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "--message", subject)


def no_repository(monkeypatch) -> None:
    pass


def no_git(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def no_commit(monkeypatch) -> None:
    git("init", "--quiet", "--initial-branch=main")


def another_users(monkeypatch) -> None:
    commit("x")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own tests do it so
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # in which the user may trust all repositories


def broken_head(monkeypatch) -> None:
    commit("x")
    Path(".git/HEAD").write_text("junk", encoding="utf-8")


def lost_objects(monkeypatch) -> None:
    commit("x")
    shutil.rmtree(".git/objects")
    Path(".git/objects").mkdir()


def gone_worktree(monkeypatch) -> None:
    Path(".git").write_text("gitdir: /gone", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "why", "line"),
    [
        (
            no_repository,
            "the files were not in a git repository",
            "not a git repository (or any of the parent directories): .git; clone the repository, as an archive "
            "has no history; or go on without: dvc config --local core.no_scm true",
        ),
        (no_git, "git could not be run", "git: not found; install it: sudo apt-get install git"),
        (
            no_commit,
            "the repository had no commit",
            "your current branch 'main' does not have any commits yet; make one: git add -A && git commit -m start",
        ),
        (
            another_users,
            "the repository belonged to another user",
            "detected dubious ownership in repository at '{here}'; "
            "if you trust it: git config --global --add safe.directory '{here}'",
        ),
        (
            broken_head,
            "git could not read the repository",
            "not a git repository (or any of the parent directories): .git" + CLONE_AGAIN,
        ),
        (lost_objects, "git could not read the repository", "bad object HEAD" + CLONE_AGAIN),
        (gone_worktree, "git could not read the repository", "not a git repository: /gone" + CLONE_AGAIN),
    ],
)
def test_git_says_why_and_a_remedy_follows(spoil, why, line, monkeypatch):
    spoil(monkeypatch)
    with pytest.raises(GitError) as caught:
        head()
    assert (caught.value.why, str(caught.value)) == (why, line.format(here=os.getcwd()))


@pytest.mark.parametrize("setting", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8"}], ids=str)
def test_a_subject_is_the_same_in_every_locale(setting, monkeypatch):
    commit("Größe: 尺")
    git("config", "i18n.logOutputEncoding", "ISO-8859-1")
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert head()[1] == "Größe: 尺"


def test_a_record_says_why_its_commit_is_unknown(monkeypatch):
    write_study("distilbert")
    environment = run("distilbert", "full").environment
    assert (environment.commit, environment.dirty) == (None, None)
    assert environment.commit_unknown == "the files were not in a git repository"
    commit("x")
    settings = RunSettings.read("distilbert", "full")
    environment = describe(settings, Path("data/tokenized/distilbert"), Path("models/base/distilbert"))
    assert (len(environment.commit), environment.commit_subject, environment.commit_unknown) == (40, "x", None)


def test_a_record_of_before_is_valid():
    write_study("distilbert")
    content = run("distilbert", "full").environment.model_dump()
    del content["commit_unknown"]
    assert Environment(**content).commit_unknown is None
