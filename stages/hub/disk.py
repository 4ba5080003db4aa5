"""Room on a disk, asked before it is needed."""

import shutil
from pathlib import Path

from stages.core.errors import InputError


def free_bytes(folder: Path) -> int:
    """What is free where ``folder`` is or will be."""
    folder = folder.expanduser().absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Refuse to begin what cannot be finished.

    Raises:
        InputError: ``folder`` has less than ``needed`` bytes free.
    """
    free = free_bytes(folder)
    if free < needed:
        raise InputError(f"{folder}: {purpose} takes {gigabytes(needed)}; free: {gigabytes(free)}")


def gigabytes(count: float) -> str:
    """Bytes in 10^9, two digits after the point below ten."""
    digits = 2 if count < 1e10 else 0
    return f"{count / 1e9:.{digits}f} GB"
