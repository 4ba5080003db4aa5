"""Read labelled reviews from a local folder or file, and check every row.

One of

* a folder with a file or several a split, named by what they start with (``train.csv``,
  ``test-00000-of-00001.parquet``): Parquet, CSV, TSV or JSON Lines with columns ``text`` and ``label``;
* the ``aclImdb`` folder (``stages/data/aclimdb.py``);
* one such file with a third column ``split``; without it the file is refused, for drawing the test split here
  would be a choice that decides the results and that nobody made.

Rows keep the source's order. A fault is one line naming the file and the row, counted from 1 without a header;
where a file cannot be cut into rows, the line, counted from 1 with everything.

Local files do not go through `datasets`: its readers move the columns of a CSV file whose rows are longer than its
header, give the second of two columns of one name a new one, turn texts that look like dates into dates and end
the process on some JSON; the three libraries below read the same rows without a cache that could be stale.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from reprlib import repr as shown

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import InputError
from stages.data.aclimdb import read_tree
from stages.data.card import Origin, Splits, as_imdb, is_imdb
from stages.data.checks import (
    COLUMNS,
    LAYOUTS,
    REQUIRED,
    SPLITS,
    Required,
    checked,
    decoded,
    known_columns,
    reason,
    require_splits,
    strings,
)
from stages.data.settings import LocalData

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
BOM = "\ufeff"
SURROGATES = re.compile("[\ud800-\udfff]")
WHITE_SPACE = re.compile(r"[ \t\r\n]*")  # between JSON values


def load_local(settings: LocalData) -> tuple[Origin, Splits]:
    try:
        path = Path(settings.path).expanduser()
        splits = _read_local(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~name without such a user
        where = getattr(error, "filename", None) or settings.path
        raise InputError(f"{where}: cannot be read: {getattr(error, 'strerror', None) or reason(error)}") from error
    require_splits(splits, str(path), LAYOUTS)
    origin = Origin(source="local", name=path.stem)
    return as_imdb(origin) if is_imdb(splits) else origin, splits


def _read_local(path: Path) -> Splits:
    if not path.exists():
        raise InputError(f"data.path: {path}: not found; expected {LAYOUTS}")
    folder = path / "aclImdb" if (path / "aclImdb").is_dir() else path
    is_tree = (folder / "train" / "pos").is_dir()
    read = read_tree if is_tree else _read_folder if folder.is_dir() else _read_single
    return read(folder)


def _read_folder(folder: Path) -> Splits:
    names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in FORMATS)
    shards = {split: [name for name in names if name.lower().startswith(starts)] for split, starts in SPLITS.items()}
    for split, files in shards.items():
        if len({Path(file).suffix.lower() for file in files}) > 1:
            raise InputError(f"{folder}: {split} in {', '.join(files)}; allowed: one format a split")
    _require_no_strays(folder, names, {file for files in shards.values() for file in files})
    return {
        split: pd.concat(
            [checked(_read_file(folder / file, REQUIRED[split]), str(folder / file), split) for file in files]
        )
        for split, files in shards.items()
        if files
    }


def _require_no_strays(folder: Path, names: list[str], known: set[str]) -> None:
    """A ``val.csv`` beside ``train.csv`` left out in silence would decide the results."""
    suffixes = {Path(name).suffix.lower() for name in known}
    for name in names:
        if name not in known and not name.startswith(".") and Path(name).suffix.lower() in suffixes:
            starts = ", ".join(start for names in SPLITS.values() for start in names)
            raise InputError(f"{folder / name}: belongs to no split; allowed: names that start with {starts}")


def _read_single(file: Path) -> Splits:
    if file.suffix.lower() not in FORMATS:
        raise InputError(f"data.path: {file}: unknown format; allowed: a folder, {', '.join(FORMATS)}")
    table = _read_file(file, REQUIRED["train"])
    if "split" not in table.column_names:
        raise InputError(f"{file}: no column 'split' ({', '.join(SPLITS)}); without it give a folder with {LAYOUTS}")
    frame = checked(table, str(file), "unsupervised").assign(split=strings(table["split"], str(file), "split"))
    for row, (label, split) in enumerate(zip(frame["label"], frame["split"], strict=True), start=1):
        if split not in SPLITS:
            raise InputError(f"{file}: row {row}: split {shown(split)}; allowed: {', '.join(SPLITS)}")
        if label < 0 and split != "unsupervised":
            raise InputError(f"{file}: row {row}: label {label} in split {split}; allowed: 0, 1")
    return {split: rows.drop(columns="split") for split, rows in frame.groupby("split")}


def _read_file(file: Path, required: Required) -> pa.Table:
    """Columns text, label and split of one file, as far as it has them."""
    if not file.is_file():
        raise InputError(f"{file}: not a file; expected one in the format {file.suffix}")
    suffix = file.suffix.lower()
    read = _read_parquet if suffix == ".parquet" else _read_csv if suffix in (".csv", ".tsv") else _read_json
    table = read(file, required)
    if not len(table):
        raise InputError(f"{file}: no rows")
    # The Parquet files written in the end have a page boundary at each of these: another size, other hashes.
    return pa.Table.from_batches(table.to_batches(max_chunksize=1000))


def _read_parquet(file: Path, required: Required) -> pa.Table:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            known = known_columns(parquet.schema_arrow.names, required, file)
            groups = [parquet.read_row_group(group, columns=known) for group in range(parquet.num_row_groups)]
            table = pa.concat_tables([parquet.schema_arrow.empty_table().select(known), *groups])
        plain = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in table.schema]
        return table.cast(pa.schema(plain))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{file}: cannot be read as Parquet: {reason(error)}") from error


def _read_csv(file: Path, required: Required) -> pa.Table:
    """Stricter than the readers of pandas and Arrow, which guess at rows that do not fit the header."""
    csv.field_size_limit(2**31 - 1)  # its own limit, 131,072, would refuse a long review without naming a row
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    text = decoded(file).removeprefix(BOM)
    # A lone carriage return in a field without quotes, which pandas writes, must not end the row.
    lines = csv.reader(io.StringIO(text, "\n" if "\n" in text else "\r"), delimiter=delimiter, strict=True)
    rows, line = [], 1  # the line where the row at hand starts
    try:
        for row in lines:
            header = rows[0] if rows else row
            blank = not row or (len(row) == 1 < len(header) and not row[0].strip())
            if not blank and len(row) != len(header):
                raise InputError(f"{file}: line {line}: fields {len(row)}; allowed: {len(header)}, as in the header")
            rows += [] if blank else [row]
            line = lines.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{file}: line {line}: quote or line break out of place; allowed: whole fields in quotes, quotes doubled"
        ) from error
    header, *rows = rows or [[]]
    known = known_columns(header, required, file)
    return pa.table({name: _column(row[header.index(name)] for row in rows) for name in known})


def _read_json(file: Path, required: Required) -> pa.Table:
    """Objects one after the other (JSON Lines), or one array of them."""
    rows = _json_values(file)
    rows = rows[0] if len(rows) == 1 and isinstance(rows[0], list) else rows
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{file}: row {number}: {shown(row)}; allowed: an object with text and label")
        if row.get("label") is not None and not isinstance(row["label"], str):
            row["label"] = shown(row["label"])  # 1 and "1" are the same label; 1.0 and true are none
        for name in COLUMNS:
            if row.get(name) is not None and not _is_unicode(row[name]):
                raise InputError(f"{file}: row {number}: {name} {shown(row[name])}; allowed: a Unicode string")
    known = known_columns(list(dict.fromkeys(name for row in rows for name in row)), required, file)
    return pa.table({name: _column(row.get(name) for row in rows) for name in known})


def _json_values(file: Path) -> list:
    text, values, start = decoded(file).removeprefix(BOM), [], 0
    decode = json.JSONDecoder(object_pairs_hook=_record).raw_decode
    try:
        while (start := WHITE_SPACE.match(text, start).end()) < len(text):
            value, start = decode(text, start)
            values.append(value)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", text.count("\n", 0, start) + 1)
        raise InputError(f"{file}: line {line}: not valid JSON: {getattr(error, 'msg', error)}") from error
    return values


def _record(pairs: list[tuple]) -> dict:
    if len(record := dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice in an object")
    return record


def _is_unicode(value: object) -> bool:
    """Whether it is a string without half of a surrogate pair, which JSON can write and UTF-8 cannot."""
    return isinstance(value, str) and not SURROGATES.search(value)


def _column(values: Iterable[str | None]) -> pa.Array:
    return pa.array(values, pa.string())
