"""Files written whole or not at all, and typed JSON files that one stage writes and others read."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ValidationError

from stages.core.errors import InputError

SETTINGS = Path("data/settings")  # what each stage is told, made of params.yaml


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
        _share_weights(beside)
        if target.is_dir():  # a file is replaced in one step, a folder that is not empty cannot be
            shutil.rmtree(target)
        os.replace(beside, target)
    finally:
        _remove(beside)


def _share_weights(folder: Path) -> None:
    """Weights readable to whom a new folder is, as the umask has it: safetensors writes them for its user alone."""
    if not folder.is_dir():
        return
    readers = folder.stat().st_mode & 0o666
    for file in folder.rglob("*.safetensors"):
        if not file.is_symlink():
            file.chmod(file.stat().st_mode | readers)


def write_text(path: Path, text: str) -> None:
    """In UTF-8; a reader sees the whole file or the one before."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class StageFile(BaseModel):
    """A typed JSON file that one stage writes and others read: a base of the file's schema.

    A subclass says where the file is and which stage makes it, with ``{}`` in both for each name that tells one such
    file from another: ``metrics/base/{}.json`` of ``base@{}`` is read by ``BaseReport.read("roberta")``.
    """

    PLACE: ClassVar[str]
    STAGE: ClassVar[str]

    @classmethod
    def path(cls, *names: str | int) -> Path:
        return Path(cls.PLACE.format(*names))

    @classmethod
    def read(cls, *names: str | int) -> Self:
        """Read the file back, validated.

        Raises:
            InputError: it is missing or of another schema; the line names the stage that makes it.
        """
        return cls.read_from(cls.path(*names), cls.STAGE.format(*names))

    @classmethod
    def read_from(cls, path: Path, stage: str | None = None) -> Self:
        """Read such a file at another place, or of another stage; see ``read``."""
        stage = stage or cls.STAGE
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise InputError(f"{path}: not found; run `dvc repro {stage}` first") from error
        except ValidationError as error:
            raise InputError(f"{path}: {_first_fault(error)}; run `dvc repro -f {stage}`") from error
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; run `dvc repro -f {stage}`") from error

    def write(self, *names: str | int) -> None:
        """Indented, whole or not at all."""
        self.write_to(self.path(*names))

    def write_to(self, path: Path) -> None:
        write_text(path, self.model_dump_json(indent=2) + "\n")


def _first_fault(error: ValidationError) -> str:
    """Key and message of the first fault, and how many more there are."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    fault = f"{key}: {first['msg']}" if key else first["msg"]  # without a key: the text as a whole is no JSON
    more = error.error_count() - 1
    return f"{fault} (and {more} more)" if more else fault


def sha256(path: Path) -> str:
    """Of a file, or of a folder's files in order of their names."""
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
