"""A checkpoint in a Python package that pip has installed: where it is, and whether it is what was published.

The package is data here: its files are found by its metadata and read; it is never imported, so no code of it runs.
"""

import base64
import csv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.core.yaml_heads import README, read_head
from stages.encoders.settings import PackageBase

CONFIG = "config.json"
DIGITS = 12  # of a hash in a message


class ListedFile(NamedTuple):
    """A file of a package: where it is to be, and the SHA-256 that RECORD gives; None where it gives none."""

    path: Path
    sha256: str | None


def folder_of(base: PackageBase) -> Path:
    """Where the checkpoint lies, once the package is known to be there in the version that is asked for.

    Raises:
        InputError: it is not installed, is of another version, or has no such folder.
    """
    files = _checkpoint_files(base)
    return files[CONFIG].path.parent


def require_unchanged(base: PackageBase, names: tuple[str, ...]) -> None:
    """Every file of the checkpoint, of those ``names`` that it has, is byte for byte the one that was installed.

    The study's own hash of a file decides, where it has one (``base.sha256``), else the package's.

    Raises:
        InputError: one is missing, is not the package's, or is another than its hash says.
    """
    files, folder = _checkpoint_files(base), folder_of(base)
    for name in base.sha256:
        if name not in files:
            raise InputError(f"base.sha256: {name!r}: not in {base.path} of {base.shown}")
        if name not in names:
            raise InputError(f"base.sha256: {name!r}: no file that is read; allowed: {', '.join(names)}")
    for name in names:
        if name in files or (folder / name).exists():
            fault = _fault(folder / name, files.get(name), base.sha256.get(name))
            if fault is not None:
                again = f"install it anew: {_pip(base)} --force-reinstall"
                raise InputError(f"{base.shown}: {base.path}/{name}: {fault}; {again}")


def _fault(path: Path, listed: ListedFile | None, required: str | None) -> str | None:
    """What is wrong with a file that the package lists, or whose hash is ``required``."""
    if listed is None:
        return "not a file of the package, whose RECORD lacks it"
    if not path.is_file():
        return "not found, but in the package's RECORD"
    by = "base.sha256"
    if required is None:
        required, by = listed.sha256, "the package's RECORD"
    if required is None:
        return "no SHA-256 in the package's RECORD, nor in base.sha256"
    found = sha256(path)
    return None if found == required else f"SHA-256 {found[:DIGITS]}; required by {by}: {required[:DIGITS]}"


def licence(base: PackageBase) -> str | None:
    """What the checkpoint's own model card says of its licence, else the package's metadata, whose code it is of."""
    from yaml import YAMLError

    file = folder_of(base) / README
    try:
        card = read_head(file, README) or {}
    except (OSError, ValueError, YAMLError, InputError):  # none, or none that can be read
        card = {}
    metadata = _installed(base).metadata
    stated = card.get("license") or metadata.get("License-Expression") or metadata.get("License")
    several = stated if isinstance(stated, list) else [stated]
    return " ".join(", ".join(each for each in several if isinstance(each, str)).split()) or None


def _pip(base: PackageBase) -> str:
    return f"pip install --no-deps {base.name}=={base.version}"


def _installed(base: PackageBase) -> Distribution:
    try:
        found = distribution(base.name)
    except PackageNotFoundError as error:
        raise InputError(f"base.name: {base.name!r}: not installed; {_pip(base)}") from error
    if found.version != base.version:
        raise InputError(f"base.version: {base.version!r}: {base.name} {found.version} is installed; {_pip(base)}")
    return found


def _checkpoint_files(base: PackageBase) -> dict[str, ListedFile]:
    """The package's files in the folder that holds the checkpoint, by name, as its RECORD lists them.

    RECORD itself is read: ``Distribution.files`` leaves out what is not there, from Python 3.12 on.
    """
    package = _installed(base)
    record = package.read_text("RECORD")
    if record is None:
        raise InputError(f"{base.shown}: no RECORD of its files; install it anew: {_pip(base)} --force-reinstall")
    rows = [row for row in csv.reader(record.splitlines()) if row]
    folder = PurePosixPath(base.path)
    files = {}
    for path, *rest in rows:
        if PurePosixPath(path).parent == folder:
            files[PurePosixPath(path).name] = ListedFile(Path(package.locate_file(path)), _sha256_of(*rest[:1]))
    if CONFIG not in files:
        found = [PurePosixPath(row[0]) for row in rows]
        folders = sorted(str(path.parent) for path in found if path.name == CONFIG)
        raise InputError(
            f"base.path: {base.path!r}: no {CONFIG} there in {base.shown}; "
            f"allowed: {', '.join(folders) or 'another package: this one has no checkpoint'}"
        )
    return files


def _sha256_of(entry: str = "") -> str | None:
    """The SHA-256 of RECORD's entry, in hexadecimal digits; it has them in base 64 without padding."""
    kind, _, value = entry.partition("=")
    if kind != "sha256":
        return None
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
