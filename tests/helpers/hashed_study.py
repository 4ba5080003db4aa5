"""A study in which the real dvc runs the real dvc.yaml, each command replaced by one that hashes what it reads."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.helpers.tiny_study import ROOT, write_params

# Writes each output as the hash of all dependencies: it changes exactly when one of them does.
HASHES = """
import hashlib, sys
from pathlib import Path

split = sys.argv.index("--")
digest = hashlib.sha256(" ".join(sys.argv).encode())
for dep in map(Path, sys.argv[split + 1 :]):
    files = [dep] if dep.is_file() else sorted(dep.rglob("*"))
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.read_bytes())
for out in map(Path, sys.argv[1:split]):
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(digest.hexdigest())
"""


def make(folder: Path, **grid: object) -> Path:
    """A study of this grid in a git repository, up to date and committed."""
    for name in ("stages", "paper", "data/reported", "metrics/studies/laptop", "studies/adapters"):
        made = ("__pycache__", "generated", "site") if name == "paper" else ("__pycache__",)
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*made))
    for name in ("requirements.txt", ".dvcignore", ".gitignore", ".gitattributes", "data/source"):
        shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    write_params(folder, **grid)
    (folder / "hashes.py").write_text(HASHES, encoding="utf-8")
    yaml = YAML()
    pipeline = yaml.load(ROOT / "dvc.yaml")
    for name, stage in pipeline["stages"].items():
        if name == "settings":  # the real one: whether settings change is part of the question
            stage["cmd"] = stage["cmd"].replace("python", sys.executable)
            continue
        outs = [path_of(out) for out in [*stage.get("outs", []), *stage.get("metrics", [])]]
        stage["cmd"] = " ".join([sys.executable, "hashes.py", *outs, "--", *stage["deps"]])
    del pipeline["plots"]
    yaml.dump(pipeline, folder / "dvc.yaml")
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "test")
    git(folder, "config", "user.email", "test@example.org")
    dvc(folder, "init", "--quiet", "--force")
    commit(folder)
    assert set(reproduced(folder)) == stages_with_items(pipeline["stages"], folder)
    commit(folder)
    return folder


def stages_with_items(stages: dict, folder: Path) -> set[str]:
    """Names of the stages that this grid has, matrix names shortened: of an axis without values there is none."""
    params = YAML(typ="safe").load(folder / "params.yaml")
    empty = {f"${{{key}}}" for key, value in params.items() if value == []}
    return {name for name, stage in stages.items() if not empty & set(stage.get("matrix", {}).values())}


def path_of(out: str | dict) -> str:
    return out if isinstance(out, str) else next(iter(out))


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(folder: Path, *arguments: str) -> str:
    return run(folder, "git", *arguments)


def dvc(folder: Path, *arguments: str) -> str:
    return run(folder, sys.executable, "-m", "dvc", *arguments)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "state")


def reproduced(folder: Path, *targets: str) -> list[str]:
    """Names of the stages that ``dvc repro`` runs, matrix names shortened, each once."""
    names = re.findall(r"Running stage '([\w-]+)", dvc(folder, "repro", *targets))
    return list(dict.fromkeys(names))
