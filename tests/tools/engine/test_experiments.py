"""The real `dvc exp run` beside a study."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from dvc.repo import Repo

from stages.core.errors import InputError
from tools.engine.dag import SAID, kept_out

PIPELINE = """
stages:
  slow:
    cmd: sleep ${seconds} && touch a.txt
    outs: [a.txt]
"""


@pytest.fixture
def committed(repository) -> Path:
    Path("dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    Path("params.yaml").write_text("seconds: 0\n", encoding="utf-8")
    for command in (
        ["config", "user.name", "test"],
        ["config", "user.email", "test@example.org"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "state"],
    ):
        subprocess.run(["git", *command], check=True)
    return repository


def experiment(seconds: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "dvc", "exp", "run", "--name", "other", "-S", f"seconds={seconds}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_an_experiment_is_told_that_a_study_runs_and_touches_nothing(committed):
    with kept_out(Repo()):
        process = experiment(1)
        error = process.communicate()[1]
    assert process.returncode != 0
    assert "'workspace' is busy, it is being blocked by:\n  (PID" in error
    assert SAID in error
    assert Path("params.yaml").read_text(encoding="utf-8") == "seconds: 0\n"
    again = experiment(0)
    assert (again.wait(), Path("a.txt").exists()) == (0, True)


@pytest.mark.slow
def test_a_study_is_told_that_an_experiment_runs(committed):
    process = experiment(5)
    while process.poll() is None and Repo().experiments.workspace_queue.get_running_exp() is None:
        time.sleep(0.1)
    with pytest.raises(InputError) as error, kept_out(Repo()):
        pass
    assert process.wait() == 0
    assert str(error.value) == "other: `dvc exp run` runs this experiment here; `make paper` when it has ended"


def test_without_git_there_are_no_experiments(in_empty_folder):
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet", "--no-scm"], check=True)
    with kept_out(Repo()):
        pass
