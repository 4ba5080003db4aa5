"""Read labelled reviews from a local folder or file, and check every row.

One of

* a folder with a file or several a split, named by what they start with (``train.csv``,
  ``test-00000-of-00001.parquet``): Parquet, CSV, TSV or JSON Lines with columns ``text`` and ``label``
  (``stages/data/table_files.py``);
* the ``aclImdb`` folder (``stages/data/aclimdb.py``);
* one such file with a third column ``split``; without it the file is refused, for drawing the test split here
  would be a choice that decides the results and that nobody made.

Rows keep the source's order. A fault is one line naming the file and the row, counted from 1 without a header;
where a file cannot be cut into rows, the line, counted from 1 with everything.
"""

from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as shown

import pandas as pd

from stages.core.errors import InputError
from stages.data.aclimdb import read_tree
from stages.data.card import Origin, Splits, as_imdb, is_imdb
from stages.data.checks import LAYOUTS, REQUIRED, SPLITS, checked, reason, require_splits, strings
from stages.data.settings import LocalData
from stages.data.table_files import FORMATS, read_file


def load_local(settings: LocalData) -> tuple[Origin, Splits]:
    """Origin and splits, every row checked.

    Raises:
        InputError: the files cannot be read, or not be used.
    """
    try:
        path = Path(settings.path).expanduser()
        splits = _read(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~name without such a user
        file = getattr(error, "filename", None) or settings.path
        cause = getattr(error, "strerror", None) or reason(error)
        raise InputError(f"{file}: cannot be read: {cause}") from error
    require_splits(splits, str(path), LAYOUTS)
    origin = Origin(source="local", name=path.stem)
    return as_imdb(origin) if is_imdb(splits) else origin, splits


def _read(path: Path) -> Splits:
    if not path.exists():
        raise InputError(f"data.path: {path}: not found; expected {LAYOUTS}")
    if not path.is_dir():
        return _read_single(path)
    folder = path / "aclImdb" if (path / "aclImdb").is_dir() else path
    if (folder / "train" / "pos").is_dir():
        return read_tree(folder)
    return _read_folder(folder)


def _read_folder(folder: Path) -> Splits:
    names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in FORMATS)
    files: dict[str, list[str]] = {}  # by split
    for split, beginnings in SPLITS.items():
        shards = [name for name in names if name.lower().startswith(beginnings)]
        if len({_suffix(name) for name in shards}) > 1:
            raise InputError(f"{folder}: {split} in {', '.join(shards)}; allowed: one format a split")
        if shards:
            files[split] = shards
    _require_no_strays(folder, names, files)
    return {split: _read_shards(folder, shards, split) for split, shards in files.items()}


def _read_shards(folder: Path, names: list[str], split: str) -> pd.DataFrame:
    shards = []
    for name in names:
        table = read_file(folder / name, REQUIRED[split])
        shards.append(checked(table, str(folder / name), split))
    return pd.concat(shards)


def _require_no_strays(folder: Path, names: list[str], files: Mapping[str, list[str]]) -> None:
    """A ``val.csv`` beside ``train.csv`` left out in silence would decide the results."""
    known = set().union(*files.values())
    suffixes = {_suffix(name) for name in known}
    for name in names:
        if name not in known and not name.startswith(".") and _suffix(name) in suffixes:
            allowed = ", ".join(", ".join(beginnings) for beginnings in SPLITS.values())
            raise InputError(f"{folder / name}: belongs to no split; allowed: names that start with {allowed}")


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _read_single(file: Path) -> Splits:
    if file.suffix.lower() not in FORMATS:
        raise InputError(f"data.path: {file}: unknown format; allowed: a folder, {', '.join(FORMATS)}")
    table = read_file(file, REQUIRED["train"])
    if "split" not in table.column_names:
        raise InputError(f"{file}: no column 'split' ({', '.join(SPLITS)}); without it give a folder with {LAYOUTS}")
    # Checked as the split with the most labels; whether a row's own split allows its label is seen below.
    frame = checked(table, str(file), "unsupervised").assign(split=strings(table["split"], str(file), "split"))
    for row, (label, split) in enumerate(zip(frame["label"], frame["split"], strict=True), start=1):
        if split not in SPLITS:
            raise InputError(f"{file}: row {row}: split {shown(split)}; allowed: {', '.join(SPLITS)}")
        if label < 0 and split != "unsupervised":
            raise InputError(f"{file}: row {row}: label {label} in split {split}; allowed: 0, 1")
    return {split: rows.drop(columns="split") for split, rows in frame.groupby("split")}
