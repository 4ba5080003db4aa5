"""The rows of a source's files, a part a file and split: which columns count, and every text checked."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from reprlib import repr as shown
from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.checks import (
    SPLIT_NAMES,
    SPLITS,
    decoded,
    is_half,
    line_of,
    listed,
    require_texts,
    split_called,
    text_fault,
    text_files,
)
from stages.data.layout import UNDIVIDED, Layout, is_text_folder
from stages.data.settings import Columns, Csv
from stages.data.table_files import Table, read_table

SPLIT = "split"  # the column of an undivided file
UNTITLED = "(no name)"  # the column of an index, as pandas writes it


class Part(NamedTuple):
    """Rows of one split from one file; all lists are as long."""

    source: str  # what messages call the file
    split: str
    rows: Sequence[int] | None  # their numbers in the file, from 1; None: each text is a file, named by ``files``
    texts: list[str]
    pairs: list[str] | None = None
    labels: list | None = None  # as read; None: there is no such column
    class_names: list[str] | None = None  # of ids, where the file has them
    files: list[str] | None = None

    def place(self, index: int) -> str:
        """What messages call a row."""
        return self.files[index] if self.files else f"{self.source}: row {self.rows[index]}"


def read_parts(layout: Layout, columns: Columns, options: Csv) -> tuple[list[Part], list[str]]:
    """All rows with every text checked, and the names of the columns that are not read.

    Raises:
        InputError: a file cannot be read, lacks a column, or has a text that cannot be used.
    """
    parts, names = [], {}
    for split, files in layout.files.items():
        for file in files:
            source = layout.place(file)
            if is_text_folder(file):
                if columns != Columns():
                    raise InputError(f"data.columns: {source} holds texts in files of their own; leave columns out")
                parts.append(read_folder(file, split, layout))
                continue
            table = read_table(file, source, options, partial(_chosen, columns=columns, split=split, source=source))
            names |= dict.fromkeys(table.names)
            parts += _of_table(table, source, split, columns)
    read = {columns.text, columns.pair, columns.label, *([SPLIT] if UNDIVIDED in layout.files else [])}
    for name in columns.unused:
        if name not in names:
            raise InputError(f"data.columns.unused: {name!r}: no such column; there: {listed(names)}")
    return parts, [line_of(name) if name else UNTITLED for name in names if name not in read]


def read_folder(folder: Path, split: str, layout: Layout) -> Part:
    """The texts of a folder; its name is their label unless it names a split."""
    files = text_files(folder)
    places = [layout.place(file) for file in files]
    texts = [_read_text(file, place) for file, place in zip(files, places, strict=True)]
    labels = None if split_called(folder.name) else [folder.name] * len(texts)
    return Part(layout.place(folder), split, None, texts, labels=labels, files=places)


def _chosen(header: list[str], columns: Columns, split: str, source: str) -> list[str]:
    """The columns to read, each of which must be there once."""
    if not header:
        raise InputError(f"{source}: no rows")
    halves = [name for name in header if is_half(name) and name not in (columns.label, *columns.unused)]
    wanted = {"text": columns.text, "pair": columns.pair, "label": columns.label}
    needed = [role for role in wanted if not (role == "label" and split in ("test", "unsupervised"))]
    for role in needed:
        name = wanted[role]
        if name is not None and name not in header:
            raise InputError(
                f"{source}: no column {name!r} among {listed(header)}; give data.columns.{role}{_pair_of(halves)}"
            )
    other = next((name for name in halves if name not in (columns.text, columns.pair)), None)
    if columns.pair is None and other is not None:
        raise InputError(
            f"{source}: column {other!r} looks like the other text of a pair; give data.columns: {{text: "
            f"{columns.text}, pair: {other}}}, or {{unused: [{other}]}} to leave it out"
        )
    chosen = [name for name in (*wanted.values(), SPLIT if split == UNDIVIDED else None) if name in header]
    for name in chosen:
        if header.count(name) > 1:
            raise InputError(f"{source}: columns {name!r}: {header.count(name)}; allowed: one")
    return list(dict.fromkeys(chosen))


def _pair_of(halves: list[str]) -> str:
    return f", or for pairs data.columns: {{text: {halves[0]}, pair: {halves[1]}}}" if len(halves) == 2 else ""


def _read_text(file: Path, source: str) -> str:
    """A file that is one text."""
    text = decoded(file.read_bytes(), source)
    fault = text_fault(text)
    if fault:
        raise InputError(f"{source}: {fault}")
    return text


def _of_table(table: Table, source: str, split: str, columns: Columns) -> list[Part]:
    """The rows of a file, in one part or, where it is undivided, one a split."""
    every = Part(
        source,
        split,
        range(1, len(table.columns[columns.text]) + 1),
        table.columns[columns.text],
        table.columns.get(columns.pair),
        table.columns.get(columns.label),
        table.class_names.get(columns.label),
    )
    require_texts(every.texts, "text", every.place)
    if every.pairs is not None:
        require_texts(every.pairs, "pair", every.place)
    return _divided(every, table.columns.get(SPLIT)) if split == UNDIVIDED else [every]


def rows_by_split(names: Iterable[object], place: Callable[[int], str]) -> dict[str, list[int]]:
    """The indices of the rows of each split by what the column ``split`` holds.

    Raises:
        InputError: it holds something else.
    """
    rows: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        split = split_called(name) if isinstance(name, str) else None
        if split is None:
            raise InputError(f"{place(index)}: split {shown(name)}; allowed: {SPLIT_NAMES}")
        rows.setdefault(split, []).append(index)
    return {split: rows[split] for split in SPLITS if split in rows}


def _divided(every: Part, names: list | None) -> list[Part]:
    """The rows of an undivided file, all of them the train split where no column says otherwise."""
    if names is None:
        return [every._replace(split="train")]
    rows = rows_by_split(names, every.place)
    if "train" not in rows:
        raise InputError(f"{every.source}: no train split; column {SPLIT!r} has {listed(rows)}")
    parts = []
    for split, indices in rows.items():
        numbers = [every.rows[index] for index in indices]
        lists = {name: _at(getattr(every, name), indices) for name in ("texts", "pairs", "labels")}
        parts.append(every._replace(split=split, rows=numbers, **lists))
    return parts


def _at(values: list | None, indices: list[int]) -> list | None:
    return None if values is None else [values[index] for index in indices]
