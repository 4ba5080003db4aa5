"""Typed JSON files that one stage writes and others read."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from stages.lib.errors import InputError
from stages.lib.whole import write_text

Model = TypeVar("Model", bound=BaseModel)


def write_json(model: BaseModel, path: Path) -> None:
    """Indented, whole or not at all."""
    write_text(path, model.model_dump_json(indent=2) + "\n")


def read_json(model: type[Model], path: Path, stage: str) -> Model:
    """Read and validate what ``stage`` wrote.

    Raises:
        InputError: the file is missing or of another schema.
    """
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro {stage}` first") from error
    except ValidationError as error:
        raise InputError(f"{path}: {error.error_count()} faults; run `dvc repro -f {stage}`") from error
