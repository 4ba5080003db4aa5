"""What may differ between the head and a worker, and what may not, on a pipeline with the shape of the study's."""

import socket
from pathlib import Path

import pytest

from tests.helpers.pipeline import job_of, run_job
from tests.test_dag import STAGES
from tools.engine.dag import Dag
from tools.engine.messages import Failure, Job
from tools.engine.recipe import CODE

pytestmark = pytest.mark.usefixtures("repository")
STAGE = "train@roberta-7"
PIPELINE = """
stages:
  train:
    matrix: {architecture: [roberta], seed: "${seeds}"}
    cmd: echo ${item.architecture} ${item.seed} > run.txt
    deps: [stages/train.py, stages/training, requirements.txt]
    outs: [run.txt]
"""
FILES = ("stages/train.py", "stages/training/run.py", "stages/report/phrases/phrases.py", "requirements.txt")


@pytest.fixture
def job(repository) -> Job:
    """The head's, of the files as they are before a test changes the worker's."""
    Path("dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    Path("params.yaml").write_text("seeds: [7]\n", encoding="utf-8")
    Path(".dvcignore").write_text("__pycache__/\n", encoding="utf-8")
    for name in FILES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("# as committed\n", encoding="utf-8")
    return job_of(STAGE)


@pytest.mark.parametrize("stage", ["base", "tokenize", "train", "probe"])
def test_what_else_a_stage_of_the_grid_reads_is_made_by_a_stage(stage):
    """So that it comes to a worker's clone from the remote, with its hash, and needs no comparison."""
    others = [path for path in STAGES[stage]["deps"] if not path.startswith(CODE)]
    assert [path for path in others if not path.startswith(("data/", "models/"))] == []


def refusal(job: Job) -> str:
    """The line with which a worker in a clone refuses a job."""
    failure = run_job(job.model_copy(update={"workspace": None}))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.inputs) == ("error", None)
    assert not Path("run.txt").exists()
    return failure.cause.removeprefix(f"worker {socket.gethostname()}:{Path.cwd()}: ")


def test_a_job_names_what_the_stage_depends_on(job):
    assert list(job.code) == ["stages/train.py", "stages/training", "requirements.txt"]
    assert job.command == "echo roberta 7 > run.txt"
    assert Dag().code(STAGE) == job.code


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("stages/report/phrases/phrases.py", "# another phrase\n"),
        ("stages/training/__pycache__/run.pyc", "what Python leaves"),
        ("params.yaml", "seeds: [7]\nof_the_paper: true\n"),
    ],
)
def test_what_decides_no_run_stops_none(path, text, job):
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    assert run_job(job).ran


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("stages/training/run.py", "stages/training"),
        ("stages/train.py", "stages/train.py"),
        ("requirements.txt", "requirements.txt"),
    ],
)
def test_changed_and_missing_code_is_named_with_the_remedy(path, named, job):
    Path(path).write_text("# changed\n", encoding="utf-8")
    assert refusal(job) == f"{named} differs from the head's: check out the same commit there"
    Path(path).unlink()
    assert refusal(job) == f"{named} differs from the head's: check out the same commit there"


@pytest.mark.parametrize("path", ["stages/training", "dvc.yaml"])
def test_in_the_folder_of_the_head_the_file_was_edited(path, job):
    if path == "dvc.yaml":
        Path("dvc.yaml").write_text(PIPELINE.replace("echo", "echo -n"), encoding="utf-8")
    else:
        Path("stages/training/run.py").write_text("# changed\n", encoding="utf-8")
    failure = run_job(job)
    assert failure.cause == f"{path}: edited since `make paper` began; `make paper` again runs what is there now"


def test_a_worker_with_a_file_more_says_so(job):
    Path("stages/training/more.py").touch()
    assert refusal(job).startswith("stages/training differs from the head's: ")


def test_a_worker_whose_pipeline_has_another_command_or_dependency_says_so(job):
    Path("dvc.yaml").write_text(PIPELINE.replace("echo", "echo -n"), encoding="utf-8")
    assert refusal(job) == f"dvc.yaml: {STAGE} has another command than the head's: check out the same commit there"
    Path("dvc.yaml").write_text(PIPELINE.replace("stages/training, ", ""), encoding="utf-8")
    assert refusal(job) == "stages/training differs from the head's: check out the same commit there"


def test_a_worker_whose_pipeline_has_no_such_stage_says_so(job):
    Path("params.yaml").write_text("seeds: [8]\n", encoding="utf-8")
    assert refusal(job) == f"no {STAGE} in dvc.yaml and params.yaml: check out the same commit there"
