"""What an edit re-runs: the real dvc on the real dvc.yaml, each command replaced by one that hashes what it reads."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.training import checkpoints
from tests.helpers.tiny_study import ROOT, write_params

GRID = {"architectures": ["distilbert"], "configurations": ["full"], "probes": ["full-probe"], "seeds": [42]}
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
EVERYTHING_AFTER_TRAINING = ["collect", "statistics", "reconcile", "claims", "tables", "figures", "paper"]


def path_of(out: str | dict) -> str:
    return out if isinstance(out, str) else next(iter(out))


def dvc(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reproduced(folder: Path) -> list[str]:
    """Names of the stages that ``dvc repro`` runs, matrix names shortened, each once."""
    names = re.findall(r"Running stage '([\w-]+)", dvc(folder, "repro"))
    return list(dict.fromkeys(names))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A study that is up to date."""
    folder = tmp_path_factory.mktemp("study")
    for name in ("stages", "paper", "data/reported", "metrics/imdb-mini"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "generated"))
    for name in ("requirements.txt", ".dvcignore"):
        shutil.copy(ROOT / name, folder)
    write_params(folder, **GRID)
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
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    dvc(folder, "init", "--quiet", "--force")
    assert len(reproduced(folder)) == len(pipeline["stages"])
    return folder


@pytest.fixture
def study(built, tmp_path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(built, folder, symlinks=True)
    return folder


def edit(folder: Path, file: str) -> None:
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("stages/report/text/phrases.py", ["paper"]),
        ("paper/sections/results.tex.j2", ["paper"]),
        ("stages/report/tables/tabular.py", ["tables", "paper"]),
        ("stages/report/figures/style.py", ["figures", "paper"]),
        ("stages/training/trainer.py", ["train", "probe", "census", *EVERYTHING_AFTER_TRAINING]),
        ("stages/meters/clock.py", ["train", "probe", *EVERYTHING_AFTER_TRAINING]),
        ("stages/published/claims.yaml", ["reconcile", "claims", "tables", "paper"]),
        ("stages/fullsize/autocast.py", ["census", "reconcile", "claims", "tables", "paper"]),
    ],
)
def test_an_edit_reruns_what_uses_it_and_what_follows(study, file, stages):
    edit(study, file)
    assert sorted(reproduced(study)) == sorted(stages)
    assert reproduced(study) == []


def test_what_python_leaves_behind_reruns_nothing(study):
    for folder in [folder for folder in (study / "stages").rglob("*") if folder.is_dir()]:
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"compiled")
    assert reproduced(study) == []


def test_a_run_goes_on_from_its_checkpoint_after_an_edit_that_does_not_decide_it(study, monkeypatch):
    monkeypatch.setattr(checkpoints, "ROOT", study)
    before = checkpoints.fingerprint("settings")
    edit(study, "stages/report/text/phrases.py")
    edit(study, "stages/encoders/settings.py")
    assert checkpoints.fingerprint("settings") == before
    edit(study, "stages/training/trainer.py")
    assert checkpoints.fingerprint("settings") != before
