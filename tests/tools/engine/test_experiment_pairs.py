"""Two real `dvc exp run` of a small study at once, the second as the first is at a stage: nothing is mixed."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from stages.study.params import load_params
from tools.benchmarks.common import working_copy

pytestmark = pytest.mark.slow

STUDY = working_copy.FEW | working_copy.LITTLE | {"configurations": ["full"], "seeds": [42]}
FAULT = re.compile("^(ERROR|error): .", re.MULTILINE)  # of DVC, or of a stage
LAST = "collect"  # of the stages that are run: all from the parameters to the table of runs


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = working_copy.make(tmp_path_factory.mktemp("study") / "built", STUDY)
    working_copy.execute(folder, "dvc", "repro", LAST)
    working_copy.commit(folder)
    return folder


def experiment(folder: Path, name: str, lr: str) -> tuple[subprocess.Popen, Path]:
    """One in the background, and the file of what it says."""
    said = folder.with_name(f"{name}.log")
    with said.open("w", encoding="utf-8") as stream:
        command = ["dvc", "exp", "run", "-S", f"lr={lr}", LAST]
        process = subprocess.Popen(
            command, cwd=folder, env=working_copy.environment(), stdout=stream, stderr=subprocess.STDOUT
        )
    return process, said


@pytest.mark.parametrize("stage", ["settings", "train@distilbert-full-42", "collect"])
def test_one_that_is_refused_says_so_and_parameters_and_results_agree(built, tmp_path, stage):
    folder = tmp_path / "study"
    shutil.copytree(built, folder, symlinks=True)
    first, first_said = experiment(folder, "first", "2e-5")
    while first.poll() is None and f"Running stage '{stage}'" not in first_said.read_text(encoding="utf-8"):
        time.sleep(0.05)
    second, second_said = experiment(folder, "second", "3e-5")
    codes = first.wait(), second.wait()
    texts = [first_said.read_text(encoding="utf-8"), second_said.read_text(encoding="utf-8")]
    assert any(codes), texts
    for code, text in zip(codes, texts, strict=True):  # which of both is refused, and by what, is up to the moment
        assert code == 0 or FAULT.search(text), text

    # What is called up to date is of today's parameters, and so is what is made of them now.
    if is_up_to_date(folder):
        assert rates_of(folder) == {load_params(folder / "params.yaml").lr}
    working_copy.execute(folder, "dvc", "repro", LAST)
    assert is_up_to_date(folder)
    assert rates_of(folder) == {load_params(folder / "params.yaml").lr}


def is_up_to_date(folder: Path) -> bool:
    """Of what is run here; the paper is not."""
    stages = ["settings", "train@distilbert-full-42", LAST]
    return "up to date" in working_copy.execute(folder, "dvc", "status", *stages).stdout


def rates_of(folder: Path) -> set[float]:
    """The rates that the only run's record is of, and its row of the table."""
    record = json.loads((folder / "metrics/runs/distilbert/full/42.json").read_text(encoding="utf-8"))
    row = pd.read_csv(folder / "metrics/runs.csv").iloc[0]
    return {record["run"]["settings"]["nominal_learning_rate"], row["nominal_learning_rate"]}
