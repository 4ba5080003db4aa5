"""Write ``data/raw/``: the four splits as Parquet and the card, all of them new or all as they were."""

import os
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa

from stages.core.errors import InputError
from stages.core.parquet import write_parquet
from stages.data.card import Card, Splits

FOLDER = Path("data/raw")


def write(splits: Splits, card: Card) -> None:
    """Write everything aside, then move it into place: a reader sees no half-written data.

    Raises:
        InputError: the disk is full or the folder cannot be written; it is as it was then.
    """
    try:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".raw-") as name:
            aside = Path(name)
            schema = _schema("pair" in splits["train"], card.classes)
            for split, frame in splits.items():
                _write_split(frame, schema, aside / f"{split}.parquet")
            card.write_to(aside / Card.path().name)
            _move(sorted(aside.iterdir()), aside / "before")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"{FOLDER}: cannot be written: {reason}; nothing was changed") from error


def _schema(has_pairs: bool, classes: list[str]) -> pa.Schema:
    """Columns text, pair in data of pairs, and label, with the names of the classes where `datasets` looks for them."""
    from datasets import ClassLabel, Features, Value  # a second to import, and a fault in the data shows before

    texts = {"text": Value("string")} | ({"pair": Value("string")} if has_pairs else {})
    return Features(texts | {"label": ClassLabel(names=classes)}).arrow_schema


def _write_split(frame: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    columns = [pa.array(frame[field.name].tolist(), field.type) for field in schema]
    table = pa.table(columns, schema=schema)  # without pandas' metadata, which name its version
    write_parquet(table, path)


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
