"""Write ``data/raw/``: the four splits as Parquet and the card, all of them new or all as they were."""

import os
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import InputError
from stages.data.card import Card, Splits

FOLDER = Path("data/raw")
SCHEMA = pa.schema([("text", pa.string()), ("label", pa.int64())])


def write(splits: Splits, card: Card) -> None:
    """Write everything aside, then move it into place: a reader sees no half-written data.

    Raises:
        InputError: the disk is full or the folder cannot be written; it is as it was then.
    """
    try:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".raw-") as name:
            aside = Path(name)
            for split, frame in splits.items():
                _write_split(frame, aside / f"{split}.parquet")
            card.write_to(aside / Card.path().name)
            _move(sorted(aside.iterdir()), aside / "before")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"{FOLDER}: cannot be written: {reason}; nothing was changed") from error


def _write_split(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False)
    # pandas' own metadata would tie the bytes to its version.
    pq.write_table(table.replace_schema_metadata(None), path)


def _move(files: list[Path], before: Path) -> None:
    """Move the files into the folder; if one cannot be, put back what was there before.

    File by file: the folder itself stays, with whatever else somebody keeps in it.
    """
    is_new = not FOLDER.exists()
    FOLDER.mkdir(exist_ok=True)
    before.mkdir()
    try:
        for file in files:
            if (FOLDER / file.name).is_file():
                os.replace(FOLDER / file.name, before / file.name)
            os.replace(file, FOLDER / file.name)
    except (OSError, KeyboardInterrupt):
        for file in files:
            if not file.exists():
                os.replace(FOLDER / file.name, file)
        for file in before.iterdir():
            os.replace(file, FOLDER / file.name)
        if is_new:
            FOLDER.rmdir()
        raise
