import os
import subprocess
import sys

import pytest

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
