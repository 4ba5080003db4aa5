"""What files and folders hold, named as DVC names it in dvc.lock, but from their bytes alone.

DVC reads a file once and then believes its time, size and inode; a disk that errs, or a copy that goes wrong, can keep
all three.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

FOLDER = ".dir"  # what the name of a folder's content ends in: it is that of the list of its files
Listing = dict[str, str]  # path within a folder, with slashes -> name of the file's content


def md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, _digest).hexdigest()


def as_bytes(listing: Listing) -> bytes:
    """The list of a folder's files as DVC writes it to its cache."""
    entries = [{"md5": name, "relpath": path} for path, name in sorted(listing.items())]
    return json.dumps(entries, sort_keys=True).encode()


def name_of(listing: Listing) -> str:
    return _digest(as_bytes(listing)).hexdigest() + FOLDER


def from_bytes(text: bytes) -> Listing:
    """Raises ValueError, LookupError: it is no such list."""
    return {entry["relpath"]: entry["md5"] for entry in json.loads(text)}


def _digest(text: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(text, usedforsecurity=False)


class Contents:
    """Names of contents by path; each file is read once, until it is forgotten."""

    def __init__(self) -> None:
        self._known: dict[Path, str | None] = {}

    def of(self, path: Path) -> str | None:
        """Of a file or folder; None where there is none."""
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def listing(self, folder: Path) -> Listing:
        """Of the files that DVC counts: those that .dvcignore names are left out."""
        return {file.relative_to(folder).as_posix(): self.of(file) for file in files(folder)}

    def forget(self, path: Path) -> None:
        """What was written anew, with all that it is part of or that is part of it."""
        for known in list(self._known):
            if known.is_relative_to(path) or path.is_relative_to(known):
                del self._known[known]

    def _read(self, path: Path) -> str | None:
        if path.is_dir():
            return name_of(self.listing(path))
        return md5(path) if path.is_file() else None


def files(path: Path) -> Iterator[Path]:
    """The file itself, or those of a folder without what .dvcignore names: hidden ones, Python's, editors' copies."""
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not _is_ignored(name) and name != "__pycache__")
        for name in sorted(names):
            if not _is_ignored(name):
                yield Path(folder, name)


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~")
