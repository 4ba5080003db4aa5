"""Where an interrupted run goes on: Trainer's checkpoints of one cell, kept until its record is written.

A checkpoint is used only if it is whole and was made by the same code from the same inputs, so that a resumed run
ends where an undisturbed one would.
"""

import hashlib
import shutil
from pathlib import Path

from transformers.trainer_utils import get_last_checkpoint

from stages.lib.cells import Cell

FOLDER = Path("models/.checkpoints")
CODE = Path(__file__).resolve().parents[1]
ORIGIN = "origin.sha256"
WHOLE = "whole"  # written last: a checkpoint without it was cut short


def fingerprint(*parts: str) -> str:
    """SHA-256 of the code and of ``parts``: settings, seed and the hashes of the run's inputs."""
    digest = hashlib.sha256()
    for file in sorted(CODE.rglob("*.py")):
        digest.update(file.read_bytes())
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def open_folder(cell: Cell, origin: str) -> Path:
    """The cell's folder, emptied if what is there has another origin or is not whole."""
    folder = FOLDER / cell.architecture / cell.configuration / str(cell.seed)
    note = folder / ORIGIN
    if not note.exists() or note.read_text(encoding="utf-8") != origin:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        note.write_text(origin, encoding="utf-8")
    for checkpoint in folder.glob("checkpoint-*"):
        if not (checkpoint / WHOLE).exists():
            shutil.rmtree(checkpoint)
    return folder


def last(folder: Path) -> Path | None:
    found = get_last_checkpoint(str(folder))
    return Path(found) if found else None


def mark_whole(folder: Path) -> None:
    """Note that the last checkpoint is complete."""
    if (checkpoint := last(folder)) is not None:
        (checkpoint / WHOLE).touch()
