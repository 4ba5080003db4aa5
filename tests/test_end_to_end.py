"""The whole pipeline in a fresh clone: a tiny study to a PDF, then a sweep and a diff, as a user types them."""

import json
import sys
from pathlib import Path

import pytest

from tools.benchmarks.common import working_copy
from tools.benchmarks.common.working_copy import commit

pytestmark = pytest.mark.slow

TINY = {
    "architectures": ["distilbert"],
    "configurations": ["full", "lora-ffn"],
    "probes": [],
    "seeds": [42],
    "profiles.mini.data.train": 64,
    "profiles.mini.data.validation": 32,
    "profiles.mini.data.test": 64,
    "profiles.mini.data.unsupervised": 300,
    "profiles.mini.base.vocab_size": 400,
    "profiles.mini.base.steps": 0,
}


def run(folder: Path, *command: str) -> str:
    """Run a command as a user with the environment activated; return its standard output."""
    return working_copy.execute(folder, *command).stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A repository of the files as they are now, with the tiny study's parameters, built once."""
    folder = working_copy.make(tmp_path_factory.mktemp("clone"), TINY)
    run(folder, "dvc", "repro", "--quiet")
    commit(folder)
    return folder


def summary(folder: Path) -> dict:
    return json.loads((folder / "metrics/summary.json").read_text(encoding="utf-8"))


def test_builds_a_paper_of_its_own_grid(clone):
    assert (clone / "paper/main.pdf").read_bytes().startswith(b"%PDF")
    assert {name: list(cells) for name, cells in summary(clone).items()} == {"distilbert": ["full", "lora-ffn"]}
    assert len((clone / "metrics/runs.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2
    assert "Data and pipelines are up to date." in run(clone, "dvc", "status")
    assert "DistilBERT" in run(clone, sys.executable, "-m", "tools.summary")


def test_outputs_that_git_should_track_are_tracked(clone):
    tracked = run(clone, "git", "ls-files", "metrics", "data", "models", "dvc.lock").splitlines()
    assert "metrics/runs/distilbert/full/42.json" in tracked
    assert "metrics/summary.json" in tracked
    assert "dvc.lock" in tracked
    outputs = [name for name in tracked if name.startswith(("data/", "models/"))]
    assert all(name.startswith("data/reported/") or name == "data/source" for name in outputs)


def test_sweep_makes_the_runs_it_changes_and_diff_shows_them(clone):
    before = summary(clone)
    base = (clone / "models/base/distilbert/model.safetensors").stat().st_mtime_ns
    output = run(clone, "dvc", "exp", "run", "-S", "lr=9e-5", "--name", "sweep")
    assert "Running stage 'train@distilbert-full-42'" in output
    assert "Stage 'base@distilbert' didn't change, skipping" in output
    assert (clone / "models/base/distilbert/model.safetensors").stat().st_mtime_ns == base
    assert summary(clone) != before
    assert "test_accuracy_mean" in run(clone, "dvc", "metrics", "diff", "--all")
    assert "sweep" in run(clone, "dvc", "exp", "show", "--csv")
    run(clone, "git", "checkout", "--quiet", ".")
    run(clone, "dvc", "checkout", "--quiet")
    assert summary(clone) == before
    run(clone, "dvc", "exp", "apply", "sweep")
    assert summary(clone) != before
    run(clone, "dvc", "exp", "remove", "sweep")
    run(clone, "git", "checkout", "--quiet", ".")
    run(clone, "dvc", "checkout", "--quiet")


def test_numbers_drawn_from_the_pdf_are_rebuilt_by_the_commands_that_why_names(clone):
    run(clone, sys.executable, "-m", "tools.benchmarks.provenance", "--count", "20")
    rows = json.loads((clone / "metrics/bench/provenance.json").read_text(encoding="utf-8"))
    assert len(rows) == 20
    assert all(row["same"] for row in rows)
    assert len({row["command"] for row in rows}) > 2


def test_bad_parameter_stops_the_first_stage(clone):
    finished = working_copy.execute(clone, "dvc", "exp", "run", "-S", "lr=abc", check=False)
    assert finished.returncode != 0
    assert "error: params.yaml: lr: 'abc': input should be a valid number" in finished.stderr
