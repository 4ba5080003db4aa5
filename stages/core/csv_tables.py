"""CSV tables in which text comes out as it went in, and which a spreadsheet can open without running any of it."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stages.core.files import write_text
from stages.core.free_text import plain

# A cell that begins so is a formula to a spreadsheet. A quote before it says that it is text; one before a quote of the
# text's own is taken off again like any other.
FORMULAS = ("=", "+", "-", "@", "'")
TEXT_MARK = "'"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Whole or not at all; text as ``stages/core/free_text.py`` has it, marked where it looks like a formula."""
    marked = table.copy()
    for position in range(marked.shape[1]):
        column = marked.iloc[:, position]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            marked.isetitem(position, column.astype(object).map(_marked))
    write_text(path, marked.to_csv(index=False))


def read_table(path: Path, is_text: Callable[[str], bool]) -> pd.DataFrame:
    """Read such a table back: text as it is, ``NA`` and ``007`` too, and every digit of a number.

    Args:
        is_text: whether a column of this name holds text. An empty cell of one is missing.
    """
    with path.open(encoding="utf-8") as stream:
        names = pd.read_csv(stream, nrows=0).columns
    texts = [name for name in names if is_text(name)]
    missing = {name: [""] if name in texts else MISSING for name in names}
    table = pd.read_csv(
        path,
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,
        na_values=missing,
        encoding="utf-8",
    )
    for name in texts:
        table[name] = table[name].map(lambda cell: cell.removeprefix(TEXT_MARK), na_action="ignore")
    return table


MISSING = ["", "nan", "NaN"]  # of a number


def _marked(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = plain(cell)
    return f"{TEXT_MARK}{text}" if text.startswith(FORMULAS) else text
