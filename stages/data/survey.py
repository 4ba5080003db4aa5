"""What a source holds, before anything is said about it: its files, columns, values and rows.

It is found and read by the code that ``prepare`` reads with, so that both cannot disagree.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from textwrap import shorten
from typing import Literal

from stages.core.types import Strict
from stages.data.checks import line_of
from stages.data.labels import EMPTY, is_fraction, is_whole
from stages.data.layout import UNDIVIDED, Layout, all_files, has_csv, is_text_folder, locate
from stages.data.parts import SPLIT, read_folder, rows_by_split
from stages.data.settings import MAXIMUM_CLASSES, Csv, HubData, LocalData, raw_value
from stages.data.sources import name_of, require_csv
from stages.data.table_files import Table, read_table

Kind = Literal["text", "whole numbers", "fractions", "true or false", "lists", "empty", "other"]
SAMPLE, SAMPLE_LENGTH = 3, 80  # values, characters


class ColumnSurvey(Strict):
    """One column over all splits."""

    name: str
    kind: Kind  # of numbers and truth values also where a CSV file spells them
    rows: dict[str, int]  # split -> rows with a value
    distinct: int  # values in the splits that need labels
    values: dict[str, int]  # raw value -> rows in those splits; empty where there are too many for classes
    train_values: dict[str, int]  # the same in train
    class_names: list[str]  # of a ClassLabel
    sample: list[str]  # the first values, shortened
    words_median: float  # of a column of texts, 0 for others


class Survey(Strict):
    """A source."""

    name: str
    licence: str | None
    language: str | None
    files: dict[str, list[str]]  # split -> files, relative to the source
    rows: dict[str, int]  # split -> rows
    columns: list[ColumnSurvey]
    repeated_columns: list[str]  # names that a file has more than once, which nothing can choose among
    ignored_files: list[str]
    has_csv: bool  # whether the options of ``csv`` mean anything here
    texts_are_files: bool  # in folders named by their classes


def survey(data: LocalData | HubData) -> Survey:
    """Read a whole source; of the settings only where it is and ``csv`` count.

    Raises:
        InputError: it cannot be read.
    """
    layout = locate(data)
    require_csv(layout, data.csv)
    rows: Counter[str] = Counter()
    files: dict[str, list[str]] = {}
    values: dict[str, dict[str, list]] = {}  # column -> split -> values
    class_names = dict(layout.readme.class_names)
    repeated: dict[str, None] = {}
    for file, table, by_split in _tables(layout, data.csv):
        class_names |= table.class_names
        repeated |= {name: None for name in table.names if table.names.count(name) > 1}
        for split, indices in by_split.items():
            rows[split] += len(indices)
            files.setdefault(split, []).append(line_of(layout.relative(file)))
            for name, column in table.columns.items():
                values.setdefault(name, {}).setdefault(split, []).extend(column[index] for index in indices)
    return Survey(
        name=name_of(layout, data),
        licence=layout.readme.licence,
        language=layout.readme.language,
        files=files,
        rows=dict(rows),
        columns=[_column(name, by_split, class_names.get(name, [])) for name, by_split in values.items()],
        repeated_columns=list(repeated),
        ignored_files=layout.ignored,
        has_csv=has_csv(layout),
        texts_are_files=any(map(is_text_folder, all_files(layout))),
    )


def _tables(layout: Layout, options: Csv) -> Iterator[tuple[Path, Table, dict[str, list[int]]]]:
    """Each file with its columns and, by split, the indices of its rows."""
    for split, files in layout.files.items():
        for file in files:
            if is_text_folder(file):
                part = read_folder(file, split, layout)
                columns = {"text": part.texts} | ({} if part.labels is None else {"label": part.labels})
                yield file, Table(list(columns), columns, {}), {split: list(range(len(part.texts)))}
                continue
            source = layout.place(file)
            table = read_table(file, source, options, _named_once)
            rows = len(next(iter(table.columns.values())))
            if split != UNDIVIDED:
                yield file, table, {split: list(range(rows))}
                continue
            names = table.columns.pop(SPLIT, None) or ["train"] * rows
            yield file, table, rows_by_split(names, lambda index, source=source: f"{source}: row {index + 1}")


def _named_once(header: list[str]) -> list[str]:
    """All columns that ``columns`` could name."""
    return [name for name in header if header.count(name) == 1]


def _column(name: str, by_split: dict[str, list], class_names: list[str]) -> ColumnSurvey:
    present = {split: [value for value in values if not _is_missing(value)] for split, values in by_split.items()}
    every = [value for values in present.values() for value in values]
    labelled = [value for split, values in present.items() if split != "unsupervised" for value in values]
    counts = Counter(_raw(value) for value in labelled)
    of_train = Counter(_raw(value) for value in present.get("train", []))
    kind = _kind(every)
    is_countable = kind not in ("lists", "other", "fractions") and len(counts) <= MAXIMUM_CLASSES
    return ColumnSurvey(
        name=name,
        kind=kind,
        rows={split: len(values) for split, values in present.items()},
        distinct=len(counts),
        values=dict(counts) if is_countable else {},
        train_values=dict(of_train) if is_countable else {},
        class_names=class_names,
        sample=[shorten(line_of(_raw(value)), SAMPLE_LENGTH) for value in every[:SAMPLE]],
        words_median=float(median(len(value.split()) for value in every)) if kind == "text" else 0.0,
    )


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or str(value).strip() in EMPTY


def _raw(value: object) -> str:
    return raw_value(value) if isinstance(value, str | int | float) else str(value)


def _kind(values: list) -> Kind:
    """The narrowest kind that all values are of."""
    if not values:
        return "empty"
    if all(isinstance(value, list | tuple) for value in values):
        return "lists"
    if not all(isinstance(value, str | int | float) for value in values):
        return "other"
    distinct = {_raw(value) for value in values}
    if distinct <= {"True", "False"}:
        return "true or false"
    if all(is_whole(value) for value in distinct):
        return "whole numbers"
    if all(is_whole(value) or is_fraction(value) for value in distinct):
        return "fractions"
    return "text" if all(isinstance(value, str) for value in values) else "other"
