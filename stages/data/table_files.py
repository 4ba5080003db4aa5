"""One file of reviews, in Parquet, CSV, TSV or JSON, as a table of the columns that mean something here.

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

import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import InputError
from stages.data.checks import COLUMNS, Required, decoded, known_columns, reason

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
BOM = "\ufeff"
SURROGATES = re.compile("[\ud800-\udfff]")
WHITE_SPACE = re.compile(r"[ \t\r\n]*")  # between JSON values


def read_file(file: Path, required: Required) -> pa.Table:
    """Columns text, label and split of one file, as far as it has them."""
    if not file.is_file():
        raise InputError(f"{file}: not a file; expected one in the format {file.suffix}")
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        table = _read_parquet(file, required)
    elif suffix in (".csv", ".tsv"):
        table = _read_csv(file, required)
    else:
        table = _read_json(file, required)
    if not len(table):
        raise InputError(f"{file}: no rows")
    # The Parquet files written in the end have a page boundary at each of these: another size, other hashes.
    return pa.Table.from_batches(table.to_batches(max_chunksize=1000))


def _read_parquet(file: Path, required: Required) -> pa.Table:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            known = known_columns(parquet.schema_arrow.names, required, str(file))
            groups = [parquet.read_row_group(group, columns=known) for group in range(parquet.num_row_groups)]
            empty = parquet.schema_arrow.empty_table().select(known)  # has the columns where there is no group
            table = pa.concat_tables([empty, *groups])
        return table.cast(_without_dictionaries(table.schema))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{file}: cannot be read as Parquet: {reason(error)}") from error


def _without_dictionaries(schema: pa.Schema) -> pa.Schema:
    """Columns encoded by a dictionary in the type of their values."""
    fields = []
    for field in schema:
        is_encoded = pa.types.is_dictionary(field.type)
        fields.append(field.with_type(field.type.value_type) if is_encoded else field)
    return pa.schema(fields)


def _read_csv(file: Path, required: Required) -> pa.Table:
    header, rows = _csv_rows(file)
    columns = {}
    for name in known_columns(header, required, str(file)):
        index = header.index(name)
        columns[name] = _column(row[index] for row in rows)
    return pa.table(columns)


def _csv_rows(file: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows, blank lines left out.

    Stricter than the readers of pandas and Arrow, which guess at rows that do not fit the header.
    """
    csv.field_size_limit(2**31 - 1)  # its own limit, 131,072, would refuse a long review without naming a row
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    text = decoded(file).removeprefix(BOM)
    # A lone carriage return in a field without quotes, which pandas writes, must not end the row.
    newline = "\n" if "\n" in text else "\r"
    reader = csv.reader(io.StringIO(text, newline), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows = []
    line = 1  # where the row at hand starts
    try:
        for row in reader:
            if not header:
                header = row
            elif not _is_blank(row, header):
                if len(row) != len(header):
                    raise InputError(
                        f"{file}: line {line}: fields {len(row)}; allowed: {len(header)}, as in the header"
                    )
                rows.append(row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{file}: line {line}: quote or line break out of place; allowed: whole fields in quotes, quotes doubled"
        ) from error
    return header, rows


def _is_blank(row: list[str], header: list[str]) -> bool:
    """Whether a line has nothing on it, or white space alone where several fields are expected."""
    return not row or (len(row) == 1 < len(header) and not row[0].strip())


def _read_json(file: Path, required: Required) -> pa.Table:
    """Objects one after the other (JSON Lines), or one array of them."""
    rows = _json_values(file)
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
    names: dict[str, None] = {}  # in order of their first occurrence
    for number, row in enumerate(rows, start=1):
        _check_object(row, f"{file}: row {number}")
        names |= dict.fromkeys(row)
    columns = {}
    for name in known_columns(list(names), required, str(file)):
        columns[name] = _column(row.get(name) for row in rows)
    return pa.table(columns)


def _json_values(file: Path) -> list:
    text = decoded(file).removeprefix(BOM)
    decode = json.JSONDecoder(object_pairs_hook=_object).raw_decode
    values = []
    position = WHITE_SPACE.match(text).end()
    try:
        while position < len(text):
            value, position = decode(text, position)
            values.append(value)
            position = WHITE_SPACE.match(text, position).end()
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", text.count("\n", 0, position) + 1)
        raise InputError(f"{file}: line {line}: not valid JSON: {getattr(error, 'msg', error)}") from error
    return values


def _object(pairs: list[tuple]) -> dict:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key occurs twice in an object")
    return values


def _check_object(row: object, source: str) -> None:
    """Refuse what is no row; labels that are no strings become strings, which are checked with all others."""
    if not isinstance(row, dict):
        raise InputError(f"{source}: {shown(row)}; allowed: an object with text and label")
    label = row.get("label")
    if label is not None and not isinstance(label, str):
        row["label"] = shown(label)  # 1 and "1" are the same label; 1.0 and true are none
    for name in COLUMNS:
        value = row.get(name)
        if value is not None and not _is_unicode(value):
            raise InputError(f"{source}: {name} {shown(value)}; allowed: a Unicode string")


def _is_unicode(value: object) -> bool:
    """Whether it is a string without half of a surrogate pair, which JSON can write and UTF-8 cannot."""
    return isinstance(value, str) and not SURROGATES.search(value)


def _column(values: Iterable[str | None]) -> pa.Array:
    return pa.array(values, pa.string())
