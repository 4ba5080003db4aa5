"""Files and folders written whole or not at all: beside their place first, then moved there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A free path beside ``target`` for a file or folder, which takes its place when the block ends well.

    When it does not, ``target`` is what it was. What a killed process left beside it goes with the next attempt.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.tmp")
    _remove(beside)
    try:
        yield beside
        if target.is_dir():  # a file is replaced in one step, a folder that is not empty cannot be
            shutil.rmtree(target)
        os.replace(beside, target)
    finally:
        _remove(beside)


def write_text(path: Path, text: str) -> None:
    """In UTF-8; a reader sees the whole file or the one before."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
