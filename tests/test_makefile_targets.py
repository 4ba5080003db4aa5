"""Every target of the Makefile, so that a new one cannot be forgotten: it is tried with its variables, or has none."""

import os
import re
import shutil
import subprocess

from tests.helpers.tiny_study import ROOT
from tests.test_makefile import HOSTILE, TAKEN, VARIABLES

PASSED = {"help", "browser", "lint", "benchmark", "determinism", "coverage", "checkpoints", "provenance", "arxiv"}
PASSED |= {"registry", "lock", "clean"}


def test_every_target_is_tried_or_takes_no_variable():
    """A new one is neither, until it is put down here or in `TAKEN`."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search("^\\.PHONY: (.*)$", text, re.MULTILINE).group(1).split()
    shown = re.findall("^([a-z-]+):.*## ", text, re.MULTILINE)
    assert {*phony, *shown} == {*TAKEN, *PASSED}
    assert TAKEN.keys() & PASSED == set()
    recipes = {name: recipe for name, recipe in re.findall("^([a-z-]+):.*\n((?:\t.*\n)*)", text, re.MULTILINE)}
    own = re.search("^OWN := (.*)$", text, re.MULTILINE).group(1).split()
    for target in PASSED:
        assert [name for name in own if re.search(rf"\$\$?[({{]?{name}\b", recipes[target])] == [], target


def test_a_target_without_variables_is_deaf_to_all(tmp_path):
    """A hostile value of every variable at once."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-laptop.txt").touch()
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "dvc", "ruff", "uv", "chromium"):
        (programs / name).write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    done_before = [f"--old-file={name}" for name in (".venv/study", ".venv/dev", "tex", "lint")]
    environment = {key: value for key, value in os.environ.items() if key not in (*VARIABLES, "MAKELEVEL", "MAKEFLAGS")}
    for target in sorted(PASSED - {"clean"}):  # which removes the programs
        plain = subprocess.run(
            ["make", *done_before, target], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        for value in HOSTILE:
            given = [f"{name}={value}" for name in (*VARIABLES, "JOBS") if name != "PYTHON"]
            done = subprocess.run(
                ["make", *done_before, target, *given], cwd=tmp_path, env=environment, capture_output=True, check=True
            )
            assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr), (target, value)
            assert not (tmp_path / "made").exists(), (target, value)
