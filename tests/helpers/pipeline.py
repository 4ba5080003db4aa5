"""A pipeline of a few shell commands, for what runs stages."""

import json
import subprocess
import sys
from pathlib import Path

from dvc.repo import Repo

from tools.engine import worker
from tools.engine.messages import Failure, Job, Outcome
from tools.engine.recipe import code_dependencies, fingerprint
from tools.engine.reproduce import load

PIPELINE = """
stages:
  first: {cmd: echo 1 > a.txt, outs: [a.txt: {cache: false}]}
  second: {cmd: cat a.txt a.txt > b.txt, deps: [a.txt], outs: [b.txt]}
  bad: {cmd: "echo 'error: diverged: loss nan'; exit 3", deps: [a.txt], outs: [c.txt]}
  last: {cmd: cat b.txt > d.txt, deps: [b.txt], outs: [d.txt]}
"""


def job_of(stage: str) -> Job:
    """What the head would tell a worker that shares this folder."""
    loaded = load(Repo(), stage, {})
    code = {dependency.def_path: fingerprint(dependency) for dependency in code_dependencies(loaded)}
    return Job(stage=stage, command=loaded.cmd, code=code, workspace=str(Path.cwd()))


def run_job(job: Job) -> Outcome | Failure:
    """As a worker does."""
    text = worker.run(job.model_dump_json())
    return Failure.model_validate_json(text) if "cause" in json.loads(text) else Outcome.model_validate_json(text)


def run(stage: str) -> Outcome | Failure:
    return run_job(job_of(stage))


def status() -> str:
    return subprocess.run(
        [sys.executable, "-m", "dvc", "status"], capture_output=True, encoding="utf-8", check=True
    ).stdout
