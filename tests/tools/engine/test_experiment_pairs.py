"""Two real `dvc exp run` of a small study at once, the second as the first is at a stage: nothing is mixed."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from stages.study.params import load_params
from tools.benchmarks.common import working_copy

pytestmark = pytest.mark.slow

STUDY = working_copy.FEW | working_copy.LITTLE | {"configurations": ["full"], "seeds": [42]}
LAST = "collect"  # of the stages that are run: all from the parameters to the table of runs
SAID = (  # by whoever is refused, whichever of both it is
    "is busy, it is being blocked by:",
    "params.yaml: changed while this ran; `make paper` again takes what it says now",
    "these results are not of today's parameters; `make paper` makes them",
    "edited while this ran",
)


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
    assert [text for text in texts if any(words in text for words in SAID)], texts

    # What is called up to date is of today's parameters, and so is what is made of them now.
    if is_up_to_date(folder):
        assert rate_of(folder) == load_params(folder / "params.yaml").lr
    working_copy.execute(folder, "dvc", "repro", LAST)
    assert is_up_to_date(folder)
    assert rate_of(folder) == load_params(folder / "params.yaml").lr


def is_up_to_date(folder: Path) -> bool:
    """Of what is run here; the paper is not."""
    stages = ["settings", "train@distilbert-full-42", LAST]
    return "up to date" in working_copy.execute(folder, "dvc", "status", *stages).stdout


def rate_of(folder: Path) -> float:
    """The rate that the only run's record is of."""
    record = folder / "metrics/runs/distilbert/full/42.json"
    return json.loads(record.read_text(encoding="utf-8"))["run"]["settings"]["nominal_learning_rate"]
