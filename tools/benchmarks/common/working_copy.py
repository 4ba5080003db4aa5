"""A copy of the project to run a study in that may be disturbed: of one of three sizes."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from stages.study.params import load_params
from stages.study.resolve import resolve_study
from stages.training.settings import Run
from tools.engine.messages import FOLDER
from tools.engine.state import StudyState, read_state

ROOT = Path(__file__).resolve().parents[3]
FEW = {
    "architectures": ["distilbert"],
    "configurations": ["full", "lora-ffn", "ia3"],
    "probes": [],
}
LITTLE = {
    "profiles.mini.data.train": 320,
    "profiles.mini.data.validation": 64,
    "profiles.mini.data.test": 64,
    "profiles.mini.data.unsupervised": 300,
    "profiles.mini.base.vocab_size": 400,
    "profiles.mini.base.steps": 0,
}
SIZES = {  # of the study that a benchmark disturbs
    "few": FEW | LITTLE,  # six runs on little data
    "grid": LITTLE,  # all runs of params.yaml, on little data
    "full": {},  # the study of params.yaml
}


def add_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size",
        choices=SIZES,
        default="few",
        help="six runs on little data, all runs on little data, or params.yaml's",
    )


def make(folder: Path, changes: dict[str, object]) -> Path:
    """A repository of the files as they are now, nothing of the study made, keys of params.yaml (``a.b.c``) changed."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        listed, cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace", check=True
    ).stdout.splitlines()
    for name in names:
        is_result = name.startswith("metrics/") and not name.startswith("metrics/studies/")
        if not is_result and name != "dvc.lock" and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    set_params(folder, changes)
    execute(folder, "git", "init", "--quiet")
    execute(folder, "git", "config", "user.name", "benchmark")
    execute(folder, "git", "config", "user.email", "benchmark@example.org")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    execute(folder, "git", "add", "--all")
    execute(folder, "git", "commit", "--quiet", "--message", "state")


def set_params(folder: Path, changes: dict[str, object]) -> None:
    yaml = YAML()
    params = yaml.load(folder / "params.yaml")
    for key, value in changes.items():
        *parents, last = key.split(".")
        section = params
        for parent in parents:
            section = section[parent]
        section[last] = value
    yaml.dump(params, folder / "params.yaml")


def execute(folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command to its end, with this environment's programs first.

    Raises:
        SystemExit: it failed and ``check`` is set.
    """
    finished = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if check and finished.returncode:
        sys.exit(f"error: {' '.join(command)}\n{finished.stdout}\n{finished.stderr}")
    return finished


def start(folder: Path, *command: str) -> subprocess.Popen:
    """A command in the background, its output in a file beside the folder."""
    stream = folder.with_name(f"{folder.name}.log").open("ab")
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT)


def study(jobs: int, *options: str) -> list[str]:
    """The command behind ``make paper``."""
    return [sys.executable, "-m", "tools.study", "--jobs", str(jobs), *options]


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def runs(folder: Path) -> list[Run]:
    return resolve_study(load_params(folder / "params.yaml")).every_run


def record(folder: Path, run: Run) -> dict:
    return json.loads((folder / run.record_path).read_text(encoding="utf-8"))


def qualities(folder: Path) -> dict[str, dict]:
    """The deterministic section of every run's record."""
    return {run.stage: record(folder, run)["quality"] for run in runs(folder)}


def state(folder: Path) -> StudyState:
    return read_state(folder / FOLDER / "state.json")


def clean(folder: Path) -> bool:
    """Whether `dvc status` finds nothing to do."""
    return "up to date" in execute(folder, "dvc", "status").stdout
