"""``run.json`` in a run's folder: what the run was, for whoever has the folder alone."""

import json
from pathlib import Path
from typing import Self

from stages.core.errors import InputError
from stages.core.files import StageFile
from stages.core.types import Strict
from stages.training.settings import RunSettings

NAME = "run.json"
ADAPTER = "adapter_config.json"
BASE = "base"  # folder with what an adapter is put on
MOST_BYTES = 2**24  # of weights that are copied there; a miniature has a twentieth
CONVERTED_FROM = "converted_from.json"  # beside a checkpoint's weights that the base stage made from a pickle
QUANTIZATION = "quantization_config.json"  # of the base's linear layers, by Transformers' own names


class SavedRun(StageFile, Strict):
    """Settings and seed; nothing in it depends on where or when the run was made."""

    PLACE = "models/runs/{}/{}/{}/" + NAME
    STAGE = "train"

    seed: int
    settings: RunSettings

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Of a run's folder, wherever it lies.

        Raises:
            InputError: it is no such folder, or was made by another version of this code.
        """
        if not (folder / NAME).is_file():
            raise InputError(f"{folder}: holds no {NAME}; required: a run's folder in models/runs, or a copy of one")
        return cls.read_from(folder / NAME)


def converted_from(checkpoint: Path) -> dict[str, str | None] | None:
    """The pickle that the weights in ``checkpoint`` were made from: its ``sha256``, ``revision`` of a hub; or None."""
    note = checkpoint / CONVERTED_FROM
    return json.loads(note.read_text(encoding="utf-8")) if note.exists() else None


def run_folder(run: str) -> Path:
    """The folder that a command's ``RUN`` means: itself a folder, or ``<architecture>/<configuration>/<seed>``.

    Raises:
        InputError: there is no run.
    """
    for folder in (Path(run), Path("models/runs", run)):
        if (folder / NAME).is_file():
            return folder
    raise InputError(
        f"RUN: {run}: no run there; allowed: <architecture>/<configuration>/<seed> of models/runs, or a copy of such a "
        "folder"
    )
