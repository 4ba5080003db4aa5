"""Labelled reviews whatever their source: which columns and labels count, and the check of every row.

``source`` is what a message calls the file or the split that is checked.
"""

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
LABELS = ["0", "1"]
UNSUPERVISED_LABELS = ["-1", *LABELS]
# More than a long novel holds is no review but a fault, such as a whole file in one cell, and cutting it to
# `max_length` would hide that.
LONGEST = 1_000_000  # characters


def known_columns(names: list[str], required: Required, source: str) -> list[str]:
    """The columns that mean something here; each may occur once."""
    if not names:
        raise InputError(f"{source}: no rows")
    for name in COLUMNS:
        if name in required and name not in names:
            raise InputError(f"{source}: no column {name!r} among {shown(names)}; required: {', '.join(required)}")
        if names.count(name) > 1:
            raise InputError(f"{source}: columns {name!r}: {names.count(name)}; allowed: one")
    return [name for name in names if name in COLUMNS]


def require_splits(splits: Splits, source: str, expected: str) -> None:
    for split in ("train", "test"):
        if split not in splits:
            raise InputError(f"{source}: no {split} split; expected {expected}")


def checked(table: pa.Table, source: str, split: str) -> pd.DataFrame:
    """Columns text and label of one file or hub split, every row checked."""
    if split == "unsupervised" and "label" not in table.column_names:
        table = table.append_column("label", pa.repeat(pa.scalar(-1), len(table)))
    for row, text in enumerate(strings(table["text"], source, "text"), start=1):
        fault = text_fault(text)
        if fault:
            raise InputError(f"{source}: row {row}: {fault}")
    labels = _labels(table["label"], source, split)
    return pa.table({"text": table["text"], "label": labels}).to_pandas()


def text_fault(text: str | None) -> str | None:
    """What makes a text unusable, None where nothing does."""
    if text is None or not text.strip():
        return "empty text; every row needs some"
    if "\0" in text:
        position = text.index("\0") + 1
        return f"NUL byte at character {position} of the text; allowed: none"
    if len(text) > LONGEST:
        return f"text of {len(text)} characters; allowed: at most {LONGEST}"
    return None


def _labels(column: pa.ChunkedArray, source: str, split: str) -> pa.ChunkedArray:
    """Integers and strings alike as int64."""
    allowed = UNSUPERVISED_LABELS if split == "unsupervised" else LABELS
    if not (pa.types.is_integer(column.type) or _is_string(column.type)):
        raise InputError(f"{source}: column 'label' holds {column.type}; allowed: {', '.join(allowed)}")
    as_text = column.cast(pa.string())
    for row, label in enumerate(strings(as_text, source, "label"), start=1):
        if label not in allowed:
            given = shown(column[row - 1].as_py())
            raise InputError(f"{source}: row {row}: label {given}; allowed: {', '.join(allowed)}")
    return as_text.cast(pa.int64())


def strings(column: pa.ChunkedArray, source: str, name: str) -> list[str | None]:
    """The values of a column called ``name``, each of them valid UTF-8."""
    if not _is_string(column.type):
        raise InputError(f"{source}: column {name!r} holds {column.type}; allowed: string")
    values = []
    try:
        for value in column:
            values.append(value.as_py())
    except UnicodeDecodeError as error:  # Parquet files may hold anything as a string
        raise InputError(f"{source}: row {len(values) + 1}: {name} is not valid UTF-8") from error
    return values


def _is_string(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def decoded(file: Path) -> str:
    """A text file's content, which must be UTF-8."""
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file}: line {line}, byte {error.start}: not valid UTF-8; save the file as UTF-8") from error


def reason(error: BaseException) -> str:
    """What a library says, on one short line."""
    says_nothing = type(error).__name__ == "DatasetGenerationError"  # its cause does
    cause = (error.__cause__ if says_nothing else None) or error
    printable = "".join(character if character.isprintable() else " " for character in str(cause))
    return shorten(printable, 300) or type(error).__name__
