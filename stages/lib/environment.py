"""Where a run happened: package versions, commit, device, hashes of its inputs."""

import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

from stages.lib.cells import RunSettings
from stages.lib.records import Environment

PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers", "numpy", "dvc")
CODE = ("stages", "dvc.yaml", "params.yaml", "requirements.txt")


def sha256(path: Path) -> str:
    """Of a file, or of a folder's files in order of their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def packages() -> dict[str, str]:
    """Versions of the packages that decide a result."""
    return {name: version(name) for name in PACKAGES}


def git(*arguments: str) -> str | None:
    """A git command's output, None outside a checkout or without git."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def describe(settings: RunSettings, tokenized: Path, checkpoint: Path) -> Environment:
    """The record's ``environment`` section; ``dirty`` speaks of the code alone, not of its outputs."""
    changes = git("status", "--porcelain", "--", *CODE)
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        processor=processor(),
        packages=packages(),
        commit=git("rev-parse", "HEAD"),
        commit_subject=git("log", "-1", "--format=%s"),
        dirty=None if changes is None else bool(changes),
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        threads=torch.get_num_threads(),
        runs_at_once=int(os.environ.get("STUDY_JOBS", "1")),
        dataset_sha256={split: sha256(tokenized / split) for split in ("train", "validation", "test")},
        checkpoint_sha256=sha256(checkpoint / "model.safetensors"),
        checkpoint_revision=settings.checkpoint_revision,
    )
