"""Where a run happened: package versions, commit, device, hashes of its inputs."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

from stages.core.files import sha256
from stages.training.record import Environment
from stages.training.settings import RunSettings

PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers", "numpy", "dvc")
# What decides a run beside its data and settings: the code that ``train`` depends on in dvc.yaml, and the packages.
CODE = ("stages/train.py", "stages/core", "stages/meters", "stages/training", "requirements.txt")


def packages() -> dict[str, str]:
    """Versions of the packages that decide a result."""
    return {name: version(name) for name in PACKAGES}


def git(*arguments: str) -> str | None:
    """A git command's output, None outside a checkout or without git."""
    try:
        process = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return process.stdout.strip()


def processor() -> str:
    """Its name, as far as the system gives one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    for line in lines:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(settings: RunSettings, tokenized: Path, checkpoint: Path) -> Environment:
    """The record's ``environment`` section; ``dirty``: whether what decides the run differs from the commit's."""
    changes = git("status", "--porcelain", "--", *CODE, "params.yaml")  # of which the settings were made
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
