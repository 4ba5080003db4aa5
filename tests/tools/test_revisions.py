"""Where ``make diff`` takes a report from, in a repository of which the artifact is a subfolder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.report.numbers.ledger import Number, Numbers
from tests.helpers.tiny_study import ROOT
from tools import diff, revisions

PIPELINE = """
stages:
  paper:
    cmd: cp -r written/. paper/
    deps: [written]
    outs: [paper/main.tex, paper/generated/tables, paper/generated/numbers.json]
"""
NUMBER = Number(
    value=1, text="", unit="", source="s", source_key="k", stage=None, command=None, records=[], parameters=[]
)
CLAIMS = '{"claims": []}'
ONE_LINE = "; `dvc fetch --all-commits` where a remote has it, or check it out and run `make paper`"


def execute(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def dvc(*arguments: str) -> None:
    execute(sys.executable, "-m", "dvc", *arguments)


def commit(subject: str) -> None:
    execute("git", "add", "--all")
    execute("git", "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--message", subject)


def write(text: str) -> None:
    Path("written/generated/tables").mkdir(parents=True, exist_ok=True)
    Path("written/generated/tables/a.tex").write_text(text, encoding="utf-8")
    Path("written/main.tex").write_text(text, encoding="utf-8")
    numbers = Numbers({"a": NUMBER.model_copy(update={"text": text})})
    numbers.write_to(Path("written/generated/numbers.json"))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A repository with the artifact in ``study/``: a commit without a pipeline, one not built, one with a report."""
    folder = tmp_path_factory.mktemp("outer")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        execute("git", "init", "--quiet")
        Path("study").mkdir()
        patch.chdir(folder / "study")
        Path("note").touch()
        commit("empty")
        dvc("init", "--quiet", "--subdir")
        Path("dvc.yaml").write_text(PIPELINE, encoding="utf-8")
        Path("paper").mkdir()
        Path("paper/.gitignore").write_text("/main.tex\n/generated/\n", encoding="utf-8")
        write("é")
        commit("not built")
        dvc("repro", "--quiet")
        Path("metrics").mkdir()
        Path("metrics/claims.json").write_text(CLAIMS, encoding="utf-8")
        commit("built")
    return folder


@pytest.fixture
def study(built, tmp_path, monkeypatch) -> Path:
    """A copy of it that a test may change; the test runs in the subfolder."""
    shutil.copytree(built, tmp_path / "outer", symlinks=True)
    monkeypatch.chdir(tmp_path / "outer/study")
    return tmp_path


def refusal(revision: str, folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        revisions.fetch(revision, revisions.resolve(revision), folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_report_of_a_subfolder_is_taken_from_the_cache(study):
    numbers = revisions.fetch("HEAD", revisions.resolve("HEAD"), study / "old")
    assert numbers["a"].text == "é"
    assert (study / "old/paper/main.tex").read_text(encoding="utf-8") == "é"
    assert (study / "old" / revisions.Claims.path()).read_text(encoding="utf-8") == CLAIMS


def test_a_revision_without_a_report_is_named(study):
    for revision in ("HEAD~1", "HEAD~2"):
        fault = f"{revision}: paper/main.tex was not made there; check it out and run `make paper`"
        assert refusal(revision, study / revision) == fault


def test_a_report_that_is_gone_from_the_cache_is_named(study):
    write("new")
    dvc("repro", "--quiet")
    dvc("gc", "--workspace", "--force", "--quiet")
    assert refusal("HEAD", study / "old") == "HEAD: paper/main.tex is not in DVC's cache" + ONE_LINE
    assert revisions.fetch("workspace", None, study / "new")["a"].text == "new"


def test_a_cache_of_the_machine_that_cannot_be_used_is_named(study, monkeypatch):
    (study / "file").touch()
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(study / "file"))
    assert refusal("HEAD", study / "old").endswith(
        "DVC cannot use it; if it is DVC's cache for the whole machine, set DVC_SITE_CACHE_DIR to a folder of your own"
    )


def test_a_workspace_that_is_not_built_is_named(study):
    Path("paper/main.tex").unlink()
    fault = "workspace: paper/main.tex is not made yet; run `make paper`"
    assert refusal("workspace", study / "new") == fault


def test_a_report_of_another_version_is_named(study):
    Path("paper/generated/numbers.json").unlink()
    Path("paper/generated/numbers.json").write_text("{}", encoding="utf-8")
    assert revisions.fetch("workspace", None, study / "new") == {}
    Path("paper/generated/numbers.json").write_text('{"a": {}}', encoding="utf-8")
    assert refusal("workspace", study / "other") == (
        "workspace: paper/generated/numbers.json: a.value: Field required (and 8 more); "
        "it cannot be compared with this version's"
    )


@pytest.mark.parametrize("sides", [("nowhere", "HEAD"), ("HEAD", "nowhere")])
def test_an_unknown_side_is_named_before_anything_is_fetched(sides, study, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(diff, "fetch", None)
    with pytest.raises(InputError) as caught:
        diff.main(*sides)
    expected = "'nowhere': no such revision or experiment; `git log` and `dvc exp show` list them"
    assert str(caught.value) == expected


def test_without_a_revision_the_variable_is_named(in_empty_folder):
    command = [sys.executable, "-m", "tools.diff", "", ""]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: A: empty; allowed: a revision (`git log`) or an experiment (`dvc exp show`): make diff A=HEAD~1\n"
    )


def test_outside_a_repository_git_is_quoted(in_empty_folder):
    with pytest.raises(InputError, match=r"^not a git repository \(or any of the parent directories\): \.git; clone"):
        revisions.resolve("HEAD")
