"""Labelled reviews whatever their source: which columns and labels count, and the check of every row."""

from pathlib import Path
from reprlib import repr as shown
from textwrap import shorten

import pandas as pd
import pyarrow as pa

from stages.core.errors import InputError
from stages.data.card import Splits

# Split -> its names on the hub, and what its files' names may start with.
SPLITS = {
    "train": ("train",),
    "validation": ("validation", "valid", "dev"),
    "test": ("test",),
    "unsupervised": ("unsupervised", "unlabeled", "unlabelled"),
}
LAYOUTS = "train.* and test.* (.parquet, .csv, .tsv or .jsonl, with columns text and label), or the aclImdb folder"
COLUMNS = ("text", "label", "split")
Required = tuple[str, ...]
REQUIRED = {split: ("text",) if split == "unsupervised" else ("text", "label") for split in SPLITS}
LABELS = ["-1", "0", "1"]  # the first in the unsupervised split only
# More than a long novel holds is no review but a fault, such as a whole file in one cell, and cutting it to
# `max_length` would hide that.
LONGEST = 1_000_000  # characters


def known_columns(names: list[str], required: Required, where: Path | str) -> list[str]:
    """The columns that mean something here; each may occur once."""
    if not names:
        raise InputError(f"{where}: no rows")
    for name in COLUMNS:
        if name in required and name not in names:
            raise InputError(f"{where}: no column {name!r} among {shown(names)}; required: {', '.join(required)}")
        if names.count(name) > 1:
            raise InputError(f"{where}: columns {name!r}: {names.count(name)}; allowed: one")
    return [name for name in names if name in COLUMNS]


def require_splits(splits: Splits, where: str, expected: str) -> None:
    for split in ("train", "test"):
        if split not in splits:
            raise InputError(f"{where}: no {split} split; expected {expected}")


def checked(table: pa.Table, where: str, split: str) -> pd.DataFrame:
    """Columns text and label of one file or hub split, every row checked."""
    if split == "unsupervised" and "label" not in table.column_names:
        table = table.append_column("label", pa.repeat(pa.scalar(-1), len(table)))
    for row, text in enumerate(strings(table["text"], where, "text"), start=1):
        if fault := text_fault(text):
            raise InputError(f"{where}: row {row}: {fault}")
    return pa.table({"text": table["text"], "label": _labels(table["label"], where, split)}).to_pandas()


def text_fault(text: str | None) -> str | None:
    if text is None or not text.strip():
        return "empty text; every row needs some"
    if "\0" in text:
        return f"NUL byte at character {text.index(chr(0)) + 1} of the text; allowed: none"
    if len(text) > LONGEST:
        return f"text of {len(text)} characters; allowed: at most {LONGEST}"
    return None


def _labels(column: pa.ChunkedArray, where: str, split: str) -> pa.ChunkedArray:
    allowed = LABELS if split == "unsupervised" else LABELS[1:]
    if not (pa.types.is_integer(column.type) or _is_string(column.type)):
        raise InputError(f"{where}: column 'label' holds {column.type}; allowed: {', '.join(allowed)}")
    written = column.cast(pa.string())
    for row, label in enumerate(strings(written, where, "label"), start=1):
        if label not in allowed:
            raise InputError(
                f"{where}: row {row}: label {shown(column[row - 1].as_py())}; allowed: {', '.join(allowed)}"
            )
    return written.cast(pa.int64())


def strings(column: pa.ChunkedArray, where: str, name: str) -> list[str | None]:
    if not _is_string(column.type):
        raise InputError(f"{where}: column {name!r} holds {column.type}; allowed: string")
    values = []
    try:
        for value in column:
            values.append(value.as_py())
    except UnicodeDecodeError as error:  # Parquet files may hold anything as a string
        raise InputError(f"{where}: row {len(values) + 1}: {name} is not valid UTF-8") from error
    return values


def _is_string(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def decoded(file: Path) -> str:
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file}: line {line}, byte {error.start}: not valid UTF-8; save the file as UTF-8") from error


def reason(error: BaseException) -> str:
    """What a library says, on one short line."""
    cause = error.__cause__ if type(error).__name__ == "DatasetGenerationError" else None  # which says nothing itself
    said = "".join(character if character.isprintable() else " " for character in str(cause or error))
    return shorten(said, 300) or type(error).__name__
