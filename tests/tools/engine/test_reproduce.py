import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.pipeline import job_of, run, run_job, status
from tools.engine.messages import Failure, Outcome, journal_path

pytestmark = pytest.mark.usefixtures("repository")


EDITING = """
stages:
  slow: {cmd: "cat in/a > out.txt; cat in/a > log.txt; FOLLOWS", deps: [in], outs: [out.txt, log.txt: {cache: false}]}
  settled: {cmd: cat in/a > all.txt, deps: [in], outs: [all.txt]}
"""


def test_what_is_edited_while_a_stage_runs_is_not_noted_as_what_it_read():
    """A template while LaTeX runs, settings while a run trains: DVC hashes dependencies after the command."""
    Path("in").mkdir()
    Path("in/a").write_text("old", encoding="utf-8")
    Path("dvc.yaml").write_text(EDITING.replace("FOLLOWS", "echo new > in/a"), encoding="utf-8")
    failure = run("slow")
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.inputs) == ("error", None)
    assert failure.cause == "in: changed while slow ran; run it again on what is there now"
    assert not Path("out.txt").exists()
    assert not Path("log.txt").exists()
    assert not journal_path("slow").exists()
    assert "out.txt" in status()
    assert run("slow").ran  # what is there now is new, and stays so
    assert Path("out.txt").read_text(encoding="utf-8") == "new\n"


def test_what_is_made_can_be_had_again_from_the_cache():
    """As after `dvc repro`: outputs in the cache, the run in the run cache."""
    Path("in").mkdir()
    Path("in/a").write_text("old", encoding="utf-8")
    Path("dvc.yaml").write_text(EDITING, encoding="utf-8")
    assert run("settled").ran
    Path("all.txt").unlink()
    assert run("settled").ran
    log = Path("models/.study/logs/settled.log").read_text(encoding="utf-8")
    assert "Stage 'settled' is cached - skipping run, checking out outputs" in log


WATCHING = """
stages:
  link: {cmd: ln -sfn $PWD/source watched, outs: [watched: {cache: false, persist: true}]}
  reads: {cmd: cat watched/* > all.txt, deps: [watched], outs: [all.txt]}
"""


def test_a_link_to_a_source_is_watched_and_neither_copied_nor_sent():
    Path("source").mkdir()
    Path("source/a").write_text("old", encoding="utf-8")
    Path("dvc.yaml").write_text(WATCHING, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "dvc", "remote", "add", "--quiet", "store", "store"], check=True)
    for content in ("old", "new"):
        Path("source/a").write_text(content, encoding="utf-8")
        for stage in ("link", "reads"):
            outcome = run_job(job_of(stage).model_copy(update={"remote": "store"}))
            assert isinstance(outcome, Outcome)
            assert (outcome.ran, outcome.files) == (True, {})
        assert Path("all.txt").read_text(encoding="utf-8") == content
    assert [path.read_text(encoding="utf-8") for path in Path("source").iterdir()] == ["new"]
    assert len([path for path in Path(".dvc/cache/files").rglob("*") if path.is_file()]) == 2  # all.txt, twice


def test_a_worker_with_a_clone_of_its_own_sends_what_dvc_does_not_cache():
    assert run_job(job_of("first").model_copy(update={"workspace": None})).files == {"a.txt": "1\n"}
    assert run_job(job_of("first")).files == {}
