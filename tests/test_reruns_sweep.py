"""What a change of the rates re-runs: the real dvc on the real dvc.yaml, each command replaced by one that hashes."""

import json
import shutil
from pathlib import Path

import pytest

from tests.helpers.hashed_study import dvc, make, reproduced
from tests.helpers.tiny_study import write_params

pytestmark = pytest.mark.slow

GRID = {"architectures": ["distilbert"], "configurations": ["full"], "probes": [], "seeds": [42]}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A study with a sweep that is up to date."""
    return make(tmp_path_factory.mktemp("study"), **GRID, rate_factors=[0.3, 3])


@pytest.fixture
def study(built, tmp_path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(built, folder, symlinks=True)
    return folder


def stages_run(folder: Path) -> set[str]:
    """Names of the runs that ``dvc repro`` makes."""
    lines = dvc(folder, "repro").splitlines()
    names = [line.split("'")[1] for line in lines if line.startswith("Running stage")]
    return {name for name in names if "@distilbert-" in name}


def test_a_further_rate_runs_its_own_runs_alone(study):
    write_params(study, **GRID, rate_factors=[0.3, 3, 10])
    assert stages_run(study) == {"sweep@distilbert-full-10-42"}


def test_another_base_rate_runs_all_rates_again(study):
    dvc(study, "exp", "run", "--quiet", "-S", "lr=2e-5")
    rates = {}
    for name in ("full", "full-x0.3", "full-x3"):
        told = json.loads((study / f"data/settings/runs/distilbert/{name}.json").read_text(encoding="utf-8"))
        rates[name] = told["nominal_learning_rate"]
    assert rates == {"full": 2e-5, "full-x0.3": 6e-6, "full-x3": 6e-5}
    assert reproduced(study) == []


def test_a_rate_that_is_left_out_is_moved_aside_and_comes_back_without_training(study):
    write_params(study, **GRID, rate_factors=[3])
    assert not stages_run(study)
    assert sorted(path.name for path in (study / "metrics/runs/distilbert").iterdir()) == ["full", "full-x3"]
    write_params(study, **GRID, rate_factors=[0.3, 3])
    assert not stages_run(study)
    assert (study / "metrics/runs/distilbert/full-x0.3/42.json").exists()
