import os
import sys
from pathlib import Path

from tests.helpers.pipeline import run
from tools.engine import worker
from tools.engine.messages import Failure, Job, Outcome, log_path

# What no locale but UTF-8 could print, and which `python` ran.
SPEAKS = """
stages:
  speaks: {cmd: "python speak.py > who.txt", outs: [who.txt]}
  fails: {cmd: "python speak.py && exit 1", outs: [what.txt]}
"""
SPEAK = "import sys; print(sys.executable); print('error: Gr\\xf6\\xdfe \\u2265 1', file=sys.stderr)"


def test_a_worker_outside_a_study_says_so_and_writes_nothing(tmp_path):
    failure = Failure.model_validate_json(worker.run(Job(stage="a", workspace=str(tmp_path)).model_dump_json()))
    assert failure.cause.endswith(f":{tmp_path}: no dvc.yaml: start it in the study's folder or in a clone")
    assert not list(tmp_path.iterdir())


def test_a_stage_runs_with_the_worker_s_interpreter_and_logs_in_utf_8(repository, monkeypatch):
    Path("dvc.yaml").write_text(SPEAKS, encoding="utf-8")
    Path("speak.py").write_text(SPEAK, encoding="utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", "iso-8859-1")
    monkeypatch.setenv("PATH", f"/usr/bin{os.pathsep}/bin")
    assert isinstance(run("speaks"), Outcome)
    assert Path(Path("who.txt").read_text(encoding="utf-8").strip()).parent == Path(sys.executable).parent
    assert "error: Größe ≥ 1" in log_path("speaks").read_text(encoding="utf-8").splitlines()
    assert run("fails").cause == "Größe ≥ 1"
