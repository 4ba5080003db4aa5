"""Which files of a source are which split.

One of

* a folder with a file a split, or numbered ones (``train.csv``, ``train_0.csv``, ``test-00000-of-00001.parquet``), in
  the folder or in its ``data``;
* a folder a split, with such files (all of them, in the order of their numbers) or with a folder a class that holds a
  text file a row (``train/spam/1.txt``), as the ``aclImdb`` folder; a class called ``unsup`` is the unsupervised split;
* what ``save_to_disk`` of `datasets` wrote, of one data set or of a dictionary of splits;
* a folder whose README says which files are which split, as data sets on the hub do;
* one file, undivided: its column ``split`` says which row is of which split, and without one all are the train split.

Exactly the names above count, in any letter case (``SPLITS``). A file of a kind that is read but with another name is
none of the data: ``train_raw.csv`` beside ``train.csv`` is named as ignored.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.checks import (
    DELIMITED,
    FORMATS,
    LAYOUTS,
    SPLIT_NAMES,
    SPLITS,
    TEXTS,
    format_of,
    holds_texts,
    line_of,
    listed,
    natural,
    split_called,
)
from stages.data.hub_dataset import Readme, fetch, read_readme, repository_of, saved_files
from stages.data.settings import HubData, LocalData

UNDIVIDED = "undivided"  # in place of a split
INNER = ("data", "aclImdb")  # where a folder without splits of its own may have them
# By `datasets`, beside the data.
METADATA = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
# train, train-00000-of-00002 (with the digest that older versions of `datasets` append), train-0, train_0
SHARD = re.compile(
    r"(?P<name>.+?)(?:-(?P<number>[0-9]+)-of-(?P<total>[0-9]+)(?:-[0-9a-f]{8,})?|(?P<separator>[-_])(?P<only>[0-9]+))?",
    re.DOTALL,
)


class Layout(NamedTuple):
    """The files of a source. A folder among them holds texts of one class, or without labels."""

    root: Path
    shown: str  # what messages call the source
    files: dict[str, list[Path]]  # by split, or all UNDIVIDED
    ignored: list[str]  # relative to the root, in order
    readme: Readme = Readme()

    def place(self, file: Path) -> str:
        """What messages call one of its files."""
        return self.shown if file == self.root else _joined(self.shown, self.relative(file))

    def relative(self, file: Path) -> str:
        """The name of a file in the source."""
        return file.name if file == self.root else file.relative_to(self.root).as_posix()


def all_files(layout: Layout) -> list[Path]:
    """The files of all splits."""
    return [file for files in layout.files.values() for file in files]


def has_csv(layout: Layout) -> bool:
    """Whether ``data.csv`` means anything for it."""
    return any(format_of(file.name) in DELIMITED for file in all_files(layout))


def is_text_folder(file: Path) -> bool:
    """Whether a layout's file is a folder of texts."""
    return format_of(file.name) is None and file.is_dir()


def _joined(shown: str, name: str) -> str:
    return f"{shown} {name}" if "@" in shown else str(Path(shown, name))


def locate(data: LocalData | HubData) -> Layout:
    """Find the files of a source; one on the hub is fetched.

    Raises:
        InputError: it is not there, or not laid out as said above.
    """
    if isinstance(data, HubData):
        folder, shown = fetch(data), str(repository_of(data))
        return _of_folder(folder, shown, data)
    path = Path(data.path).expanduser()
    if not path.exists():
        raise InputError(f"data.path: {path}: not found; expected {LAYOUTS}")
    if path.is_dir():
        return _of_folder(path, str(path), data)
    if format_of(path.name) is None:
        raise InputError(f"data.path: {path}: unknown format; allowed: a folder, {', '.join(FORMATS)}")
    return Layout(path, str(path), {UNDIVIDED: [path]}, [])


def _of_folder(folder: Path, shown: str, data: LocalData | HubData) -> Layout:
    readme = read_readme(folder, shown, data.config)
    if readme.files is not None:
        files = _of_readme(readme.files, shown)
    elif saved := saved_files(folder, shown):
        files = {UNDIVIDED: saved}
    else:
        files = _splits(folder, shown)
        for name in INNER:
            inner = folder / name
            if not files and inner.is_dir():
                files = _splits(inner, _joined(shown, name))
    if not files and isinstance(data, HubData) and len(tables := _tables(folder)) == 1:
        files = {UNDIVIDED: tables}  # a path cannot name it
    if UNDIVIDED not in files and "train" not in files:
        raise InputError(f"{shown}: no train split; expected {LAYOUTS}; there: {_seen(folder)}")
    in_order = {split: files[split] for split in (UNDIVIDED, *SPLITS) if split in files}
    return Layout(folder, shown, in_order, _ignored(folder, files), readme)


def _seen(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir() if not entry.name.startswith("."))
    return listed(names) or "nothing"


def _of_readme(named: dict[str, list[Path]], shown: str) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for name, paths in named.items():
        split = split_called(name)
        if split in files:
            raise InputError(f"{shown}: README.md: two names of the {split} split; allowed: one of {SPLIT_NAMES}")
        if split:
            files[split] = paths
            _require_one_format(paths, split, shown)
    return files


def _splits(folder: Path, shown: str) -> dict[str, list[Path]]:
    """The splits that a folder's files and folders are named after."""
    candidates: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: natural(entry.name)):
        split = _split_of(entry)
        if split:
            candidates.setdefault(split, []).append(entry)
    files: dict[str, list[Path]] = {}
    for split, entries in candidates.items():
        _require_one_set(entries, split, shown)
        for entry in entries:
            for part, paths in _contents(entry, split, _joined(shown, entry.name)).items():
                files.setdefault(part, []).extend(paths)
    return files


def names_split(stem: str) -> bool:
    """Whether a name, its format's ending left out, is that of a split or of a numbered part of one."""
    return split_called(SHARD.fullmatch(stem)["name"]) is not None


def _split_of(entry: Path) -> str | None:
    if entry.name.startswith("."):
        return None
    if format_of(entry.name) is None:
        return split_called(entry.name) if entry.is_dir() else None
    return split_called(SHARD.fullmatch(_stem(entry))["name"])


def _stem(file: Path) -> str:
    suffix = format_of(file.name)
    return file.name[: file.name.lower().rindex(suffix)]


def _require_one_set(entries: list[Path], split: str, shown: str) -> None:
    """One file or folder, or all of the files that are numbered under one name."""
    names = listed(entry.name for entry in entries)
    _require_one_format(entries, split, shown)
    shards = [SHARD.fullmatch(_stem(entry)) for entry in entries if format_of(entry.name)]
    kinds = {(shard["name"], shard["total"], shard["number"] is None, shard["separator"]) for shard in shards}
    is_numbered = shards and (shards[0]["number"] or shards[0]["only"])
    if len(entries) > 1 and (len(kinds) > 1 or not is_numbered or len(shards) < len(entries)):
        raise InputError(f"{shown}: {split} in {names}; allowed: one file or folder, or files numbered under one name")
    numbers = [int(shard["number"] or shard["only"]) for shard in shards] if is_numbered else []
    if shards and shards[0]["total"] and numbers != list(range(int(shards[0]["total"]))):
        raise InputError(f"{shown}: {split} in {names}; required: all {int(shards[0]['total'])}, each once")
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{shown}: {split} in {names}; allowed: each number once")


def _require_one_format(entries: list[Path], split: str, shown: str) -> None:
    formats = {(format_of(entry.name), entry.suffix.lower() == ".gz") for entry in entries}
    if len(formats) > 1:
        names = listed(entry.name for entry in entries)
        raise InputError(f"{shown}: {split} in {names}; allowed: one format a split")


def _contents(entry: Path, split: str, shown: str) -> dict[str, list[Path]]:
    """The files of what is named after a split, which may be a folder; empty where nothing in it is read."""
    if format_of(entry.name) or not entry.is_dir():
        return {split: [entry]}
    if saved := saved_files(entry, shown):
        return {split: saved}
    tables = _tables(entry)
    folders = [inner for inner in sorted(entry.iterdir()) if inner.is_dir() and not inner.name.startswith(".")]
    has_classes = any(map(holds_texts, folders))
    if tables and has_classes:
        raise InputError(f"{shown}: {tables[0].name} beside folders of texts; allowed: one of the two")
    if tables:
        _require_one_format(tables, split, shown)
        return {split: tables}
    if not has_classes:
        return {split: [entry]} if holds_texts(entry) else {}
    files: dict[str, list[Path]] = {}
    for inner in folders:
        if not holds_texts(inner):
            raise InputError(f"{_joined(shown, inner.name)}: no {TEXTS}; expected {LAYOUTS}")
        is_unsupervised = split_called(inner.name) == "unsupervised"
        files.setdefault("unsupervised" if is_unsupervised else split, []).append(inner)
    return files


def _tables(folder: Path) -> list[Path]:
    tables = []
    for file in sorted(folder.iterdir(), key=lambda file: natural(file.name)):
        is_data = format_of(file.name) and file.name not in METADATA
        if is_data and not file.name.startswith("."):
            tables.append(file)
    return tables


def _ignored(folder: Path, files: dict[str, list[Path]]) -> list[str]:
    """Files of the kinds that are read here which are not: what somebody might take for part of the data."""
    taken = {path for paths in files.values() for path in paths}
    has_text_folders = any(path.is_dir() for path in taken)
    ignored = []
    for path, folders, names in os.walk(folder):  # a folder may hold a hundred thousand texts: few Path objects
        folders[:] = [name for name in folders if not name.startswith(".")]
        texts_count = has_text_folders and Path(path) not in taken
        for name in names:
            is_readable = format_of(name) or (texts_count and Path(name).match(TEXTS))
            if is_readable and not name.startswith(".") and name not in METADATA and Path(path, name) not in taken:
                ignored.append(Path(path, name).relative_to(folder))
    return [line_of(name.as_posix()) for name in sorted(ignored)]
