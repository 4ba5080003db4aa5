import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.as_made import LOOKED, STAGE, damaged_input
from stages.core.contents import Contents
from tests.helpers.tiny_study import ROOT

LOCK = """
schema: '2.0'
stages:
  base@b: {{cmd: c, outs: [{{path: base/b, md5: {folder}}}, {{path: base.json, md5: {file}}}]}}
  run@old: {{cmd: c, outs: [{{path: base.json, md5: 0123}}]}}
  gone: {{cmd: c, outs: [{{path: gone, md5: 0123}}]}}
  unread: {{cmd: c, outs: [{{path: unread, md5: 0123}}]}}
  run@b: {{cmd: c, deps: [{{path: base}}, {{path: base.json}}, {{path: gone}}], outs: [{{path: out, md5: 0123}}]}}
"""
FAULT = (
    "{}: not what base@b made, by dvc.lock: damaged, or edited; `make paper` mends it, "
    "`dvc repro -f -s base@b` makes it anew"
)


@pytest.fixture
def study(in_empty_folder, monkeypatch) -> None:
    """A stage's inputs, as dvc.lock has them, and outputs of others that are none."""
    Path("base/b").mkdir(parents=True)
    for file in ("base/b/weights", "base.json", "unread", "out"):
        Path(file).write_text("1234", encoding="utf-8")
    contents = Contents()
    names = {"folder": contents.of(Path("base/b")), "file": contents.of(Path("base.json"))}
    Path("dvc.lock").write_text(LOCK.format(**names), encoding="utf-8")
    monkeypatch.setenv(STAGE, "run@b")
    monkeypatch.delenv(LOOKED, raising=False)


@pytest.mark.usefixtures("study")
def test_inputs_as_they_were_made_pass():
    assert damaged_input() is None


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(("file", "named"), [("base/b/weights", "base/b"), ("base.json", "base.json")])
def test_a_damaged_input_is_named(file, named, monkeypatch):
    Path(file).write_text("1235", encoding="utf-8")
    assert damaged_input() == FAULT.format(named)
    monkeypatch.setenv(LOOKED, "1")
    assert damaged_input() is None
    monkeypatch.delenv(LOOKED)
    monkeypatch.delenv(STAGE)
    assert damaged_input() is None


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("text", ["", "stages", "{", "\0"])
def test_a_lock_that_is_none_is_left_to_dvc(text):
    Path("dvc.lock").write_text(text, encoding="utf-8")
    assert damaged_input() is None


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    "text", ["[" * 100_000 + "]" * 100_000, "stages: &a [*a]", "\n".join(f"{'  ' * n}a:" for n in range(300))]
)
def test_a_lock_without_end_does_not_end_the_process(text):
    """As PyYAML's parser in C does, without a word, on lists in lists."""
    Path("dvc.lock").write_text(text, encoding="utf-8")
    code = "from stages.core.as_made import damaged_input; print(damaged_input())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "None\n")


@pytest.mark.usefixtures("study")
def test_a_stage_of_dvc_ends_on_it_before_it_reads_anything():
    Path("base.json").write_text("1235", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "stages.collect"], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (1, f"error: {FAULT.format('base.json')}\n")
