"""Runs of the tiny study in this process, and where they leave what they made."""

from pathlib import Path

from stages.training.record import Record
from stages.training.run import fine_tune


def run(architecture: str, configuration: str, seed: int = 42) -> Record:
    fine_tune(architecture, configuration, seed)
    return Record.read(architecture, configuration, seed)


def model_path(architecture: str, configuration: str, seed: int = 42) -> Path:
    return Path("models/runs", architecture, configuration, str(seed))
