"""One file of rows, in Parquet, Arrow, CSV, TSV or JSON: its columns, each a list of values.

Local files do not go through `datasets`: its readers move the columns of a CSV file whose rows are longer than its
header, give the second of two columns of one name a new one, turn texts that look like dates into dates and end
the process on some JSON; the three libraries below read the same rows without a cache that could be stale.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from reprlib import repr as shown
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import InputError
from stages.core.unpacking import limited_memory, row_groups, stream_table
from stages.data.checks import DELIMITED, decoded, format_of, listed, read_bytes, reason, unmarked_utf16
from stages.data.settings import Csv

WHITE_SPACE = re.compile(r"[ \t\r\n]*")  # between JSON values
LONE_RETURN = re.compile("\r(?!\n)")
QUOTES = "whole fields in quotes, quotes doubled, or csv.quoting: none where a quote is a character like others"


class Table(NamedTuple):
    """One file. ``columns`` has those that were chosen, as str, int, float, bool, None, list, dict or another type."""

    names: list[str]  # of all columns, in order
    columns: dict[str, list]
    class_names: dict[str, list[str]]  # of the columns that `datasets` wrote as a ClassLabel


Choose = Callable[[list[str]], list[str]]  # names of a file's columns -> those to read; it may raise


def read_table(file: Path, source: str, options: Csv, choose: Choose) -> Table:
    """Read one file.

    Raises:
        InputError: it cannot be read, or has no rows.
    """
    suffix = format_of(file.name)
    if not file.is_file():
        raise InputError(f"{source}: not a file; expected one in the format {suffix}")
    with limited_memory(source):
        if suffix in DELIMITED:
            table = _read_csv(file, source, options, choose)
        elif suffix in (".json", ".jsonl"):
            table = _read_json(file, source, choose)
        else:
            table = _read_arrow(file, source, choose)
    if not any(map(len, table.columns.values())):
        raise InputError(f"{source}: no rows")
    return table


# Parquet and Arrow, whose columns have types.


def _read_arrow(file: Path, source: str, choose: Choose) -> Table:
    read = _read_parquet if format_of(file.name) == ".parquet" else _read_stream
    try:
        names, table = read(file, source, choose)
    except (OSError, ValueError, pa.ArrowException) as error:
        if isinstance(error, MemoryError):  # Arrow's is one
            raise
        kind = "Parquet" if read is _read_parquet else "Arrow"
        raise InputError(f"{source}: cannot be read as {kind}: {reason(error)}") from error
    columns = {name: _values(table[name], source, name) for name in table.column_names}
    return Table(names, columns, _class_names(table.schema))


def _read_parquet(file: Path, source: str, choose: Choose) -> tuple[list[str], pa.Table]:
    content = pa.BufferReader(read_bytes(file, source)) if file.suffix.lower() == ".gz" else file
    with pq.ParquetFile(content) as parquet:
        empty = parquet.schema_arrow.empty_table()  # has the columns where there is no group
    chosen = choose(empty.column_names)
    groups = row_groups(content, file.stat().st_size, chosen, source)
    # Of a nested column "text.x" and one called "text", both would come with "text": by name, each is there once.
    return empty.column_names, pa.concat_tables([table.select(chosen) for table in (empty, *groups)])


def _read_stream(file: Path, source: str, choose: Choose) -> tuple[list[str], pa.Table]:
    names, table = stream_table(read_bytes(file, source), source)
    table = table.select(choose(names))
    table.validate(full=True)  # Arrow trusts a file's offsets, and would read past their end
    return names, table


def _values(column: pa.ChunkedArray, source: str, name: str) -> list:
    try:
        return column.to_pylist()
    except UnicodeDecodeError:  # Parquet files may hold anything as a string
        pass
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise InputError(f"{source}: column {name!r} cannot be read: {reason(error)}") from error
    values = []
    try:
        for value in column:
            values.append(value.as_py())
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: row {len(values) + 1}: {name} is not valid UTF-8") from error
    return values


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """The names of classes that `datasets` wrote into a schema, as ``Features.from_arrow_schema`` has them.

    It is a second to import, which most runs do without.
    """
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        labels = {name: feature for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
        return {name: [str(value) for value in feature["names"]] for name, feature in labels.items()}
    except (KeyError, TypeError, AttributeError, ValueError):  # not by `datasets`, or of a kind it no longer writes
        return {}


# CSV and TSV, whose values are all text.


def _read_csv(file: Path, source: str, options: Csv, choose: Choose) -> Table:
    delimiter = options.delimiter or ("\t" if format_of(file.name) == ".tsv" else ",")
    raw = read_bytes(file, source)
    likely = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "cp1252, latin-1 or utf-16"
    advice = f"save the file as UTF-8, or give its encoding, csv.encoding, such as {likely}"
    text = decoded(raw, source, options.encoding, advice)
    if "\0" in text and (likely := unmarked_utf16(raw)):
        raise InputError(f"{source}: every other byte is NUL, as in UTF-16; give csv.encoding: {likely}")
    hint = _hint(text, delimiter)
    header, rows = _csv_rows(text, source, delimiter, options.quoting == "none", hint)
    if len(header) == 1 and hint:
        raise InputError(f"{source}: one column, {shown(header[0])}{hint}")
    try:
        chosen = choose(header)
    except InputError as error:
        raise InputError(f"{error}{hint}") from error
    indices = {name: header.index(name) for name in chosen}
    return Table(header, {name: [row[index] for row in rows] for name, index in indices.items()}, {})


def _hint(text: str, delimiter: str) -> str:
    """The end of a message where another delimiter parts the header into more fields."""
    header = re.split("[\r\n]", text, maxsplit=1)[0]
    counts = {other: header.count(other) for other in (";", "\t", "|", ",") if other != delimiter}
    likely = max(counts, key=counts.__getitem__)
    if counts[likely] <= header.count(delimiter):
        return ""
    return f"; {shown(likely)} looks like the delimiter: give csv.delimiter: {json.dumps(likely)}"


def _csv_rows(text: str, source: str, delimiter: str, plain: bool, hint: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows, blank lines left out; with ``plain``, quotes are characters like others.

    Stricter than the readers of pandas and Arrow, which guess at rows that do not fit the header.
    """
    csv.field_size_limit(2**31 - 1)  # its own limit, 131,072, would refuse a long review without naming a row
    newline = "\n" if "\n" in text else "\r"
    # A carriage return alone in a field without quotes, as pandas writes it, would end the row: a character that
    # does not occur stands for it meanwhile.
    stand_in = _absent(text) if newline == "\n" and LONE_RETURN.search(text) else None
    text = LONE_RETURN.sub(stand_in, text) if stand_in else text
    lines = text.split(newline) if delimiter == "\t" and not plain else []
    quoting = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    reader = csv.reader(io.StringIO(text, newline), delimiter=delimiter, strict=True, quoting=quoting)
    header: list[str] = []
    rows = []
    line = 1  # where the row at hand starts
    try:
        for fields in reader:
            row = [field.replace(stand_in, "\r") for field in fields] if stand_in else fields
            if not header:
                header = row
            elif not _is_blank(row, header):
                _require_row(row, header, lines[line - 1 : reader.line_num], f"{source}: line {line}", hint)
                rows.append(row)
            line = reader.line_num + 1
    except csv.Error as error:
        fault = "quote or line break out of place" + (hint or f"; allowed: {QUOTES}")
        raise InputError(f"{source}: line {line}: {fault}") from error
    return header, rows


def _absent(text: str) -> str:
    """A character of those that Unicode leaves to private use which the text does not have."""
    return next(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in text)


def _require_row(row: list[str], header: list[str], lines: list[str], place: str, hint: str) -> None:
    """Refuse a row of another length, or one of several ``lines`` of a file with tabs that each look like a row.

    A quote at the start of one text and at the end of a later one would make all between them a single text; and
    prose that has as many tabs on each of its lines as the header does not occur.
    """
    if len(row) != len(header):
        raise InputError(f"{place}: fields {len(row)}; allowed: {len(header)}, as in the header{hint}")
    if len(lines) > 1 and all(line.count("\t") == len(header) - 1 > 0 for line in lines):
        raise InputError(f"{place}: quotes join {len(lines)} lines that each look like a row; allowed: {QUOTES}")


def _is_blank(row: list[str], header: list[str]) -> bool:
    """Whether a line has nothing on it, or white space alone where several fields are expected."""
    return not row or (len(row) == 1 < len(header) and not row[0].strip())


# JSON, whose values have types and whose rows may differ.


def _read_json(file: Path, source: str, choose: Choose) -> Table:
    """Objects one after the other (JSON Lines), or one array of them."""
    rows = _json_values(decoded(read_bytes(file, source), source), source)
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
    elif len(rows) == 1 and isinstance(rows[0], dict) and all(isinstance(it, list | dict) for it in rows[0].values()):
        allowed = "an object a row, or a list of them (of pandas: to_json(..., orient='records', lines=True))"
        raise InputError(f"{source}: one object that holds {listed(rows[0])}; allowed: {allowed}")
    names: dict[str, None] = {}  # in order of their first occurrence
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{source}: row {number}: {shown(row)}; allowed: an object with text and label")
        names |= dict.fromkeys(row)
    columns = {name: [row.get(name) for row in rows] for name in choose(list(names))}
    return Table(list(names), columns, {})


def _json_values(text: str, source: str) -> list:
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
        raise InputError(f"{source}: line {line}: not valid JSON: {getattr(error, 'msg', error)}") from error
    return values


def _object(pairs: list[tuple]) -> dict:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key occurs twice in an object")
    return values
