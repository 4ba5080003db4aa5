import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages import train
from tests.helpers.tiny_study import ROOT, write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_the_command_prints_its_own_lines_alone():
    write_study("distilbert", architectures=["distilbert"])
    command = [sys.executable, "-m", "stages.train", "distilbert", "qlora-ffn", "42"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, encoding="utf-8")
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["[run", "epoch", "epoch", "test"]


def test_missing_settings_end_the_command_with_one_line():
    write_study("distilbert", architectures=["distilbert"])
    command = [sys.executable, "-m", "stages.train", "distilbert", "unknown", "42"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    fault = "data/settings/runs/distilbert/unknown.json: not found; run `dvc repro settings` first"
    assert done.stderr == f"error: {fault}\n"


class ReachedError(Exception):
    """The imports of a run begin."""


def visible_when_imports_begin(monkeypatch) -> str | None:
    def stop(settings: object) -> None:
        raise ReachedError(os.environ.get("CUDA_VISIBLE_DEVICES"))

    monkeypatch.setattr(train.startup, "lean_imports", stop)
    with pytest.raises(ReachedError) as reached:
        train.main("distilbert", "full", 42)
    return reached.value.args[0]


@pytest.mark.parametrize(("device", "seen"), [("cpu", ""), ("auto", "0,1")])
def test_a_run_told_cpu_sees_no_gpu_before_anything_asks_torch(device, seen, monkeypatch):
    write_study("distilbert", architectures=["distilbert"], **{"profiles.mini.train.device": device})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert visible_when_imports_begin(monkeypatch) == seen


def test_a_run_told_cuda_ends_with_one_line_where_there_is_no_gpu():
    write_study("distilbert", architectures=["distilbert"], **{"profiles.mini.train.device": "cuda"})
    command = [sys.executable, "-m", "stages.train", "distilbert", "full", "42"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, encoding="utf-8")
    fault = "train.device: 'cuda': torch sees no GPU; allowed here: cpu, auto; `make check` says why"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {fault}\n")
    assert not Path("models").joinpath("runs").exists()


@pytest.mark.skipif(os.environ.get("TEST_GPU") == "1", reason="a GPU is asked for")
def test_no_test_sees_a_gpu():
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
