"""What a source holds, before anything is said about it: its files, columns, values and rows.

It is found and read by the code that ``prepare`` reads with, so that both cannot disagree.
"""

from typing import Literal

from stages.core.types import Strict
from stages.data.settings import HubData, LocalData

Kind = Literal["text", "whole numbers", "fractions", "true or false", "lists", "empty", "other"]


class ColumnSurvey(Strict):
    """One column over all splits."""

    name: str
    kind: Kind  # of numbers and truth values also where a CSV file spells them
    rows: dict[str, int]  # split -> rows with a value
    distinct: int  # values in the splits that need labels
    values: dict[str, int]  # raw value -> rows in those splits; empty where there are too many for classes
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
    ignored_files: list[str]
    has_csv: bool  # whether the options of ``csv`` mean anything here
    texts_are_files: bool  # in folders named by their classes


def survey(data: LocalData | HubData) -> Survey:
    """Read a whole source; of the settings only where it is and ``csv`` count.

    Raises:
        InputError: it cannot be read.
    """
    raise NotImplementedError
