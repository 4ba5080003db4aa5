"""What the labels of a source mean: which classes there are, and which row is of which.

A label is compared by ``settings.raw_value``. Nothing, white space, NaN and -1 mean that a row is unlabelled. -1 is a
class where ``labels`` names it, or where without ``labels`` it occurs beside 1 alone, as in data of -1 and 1; beside
other labels (0 and 1, say) it marks a row whose label is kept back.

A column that `datasets` wrote as a ClassLabel holds ids, and its names are what counts: ``labels`` may go by either.
"""

import math
from collections import Counter
from collections.abc import Iterable
from reprlib import repr as shown
from typing import NamedTuple

import numpy as np

from stages.core.errors import InputError
from stages.data.card import NO_LABEL
from stages.data.checks import listed
from stages.data.parts import Part
from stages.data.settings import MAXIMUM_CLASSES, MINIMUM_CLASSES, OwnData, is_line, raw_value

UNLABELLED = -1
EMPTY = ("", "nan", "NaN", "<NA>")  # as pandas writes what is missing
LONGEST_NAME = 100  # characters
NAMES = f"at most {LONGEST_NAME} characters on one line"
Raw = list[str | None]  # None: unlabelled


class Classes(NamedTuple):
    """The classes of a source."""

    names: list[str]  # by id
    ids: list[np.ndarray]  # a part: class id of each row, UNLABELLED for none
    kept: list[np.ndarray]  # a part: whether the row stays
    raw_labels: dict[str, str]  # value in the source -> name of the class
    dropped: dict[str, int]  # value in the source -> rows left out


def raw_labels(parts: list[Part], settings: OwnData, named: list[str] | None) -> list[Raw]:
    """The labels of each part as they are compared; ``named`` are the source's own names of the ids, if it has some.

    Raises:
        InputError: one is nothing that could name a class.
    """
    if settings.labels is not None and named and not set(named) & set(settings.labels):
        named = None  # `labels` goes by the ids
    raw = [_raw_of(part) for part in parts]
    if named:
        raw = _by_name(parts, raw, named)
    if not _is_minus_one_a_class(parts, raw, settings, named):
        return [[None if value == "-1" else value for value in values] for values in raw]
    unsupervised = [values for part, values in zip(parts, raw, strict=True) if part.split == "unsupervised"]
    if {value for values in unsupervised for value in values} <= {"-1", None}:
        for values in unsupervised:
            values[:] = [None] * len(values)
    return raw


def _raw_of(part: Part) -> Raw:
    if part.labels is None:
        return [None] * len(part.texts)
    known: dict[tuple, str | None] = {}  # True, 1 and 1.0 are one key
    raw: Raw = []
    for index, label in enumerate(part.labels):
        try:
            key = (type(label), label)
            if key not in known:
                known[key] = _one_raw(label, part, index)
            raw.append(known[key])
        except TypeError:  # lists have no hash
            raw.append(_one_raw(label, part, index))
    return raw


def _one_raw(label: object, part: Part, index: int) -> str | None:
    if isinstance(label, list | tuple):
        raise InputError(f"{part.place(index)}: label {shown(label)}: several labels a row are not supported")
    if label is None or (isinstance(label, float) and math.isnan(label)):
        return None
    if isinstance(label, dict | bytes | bytearray) or (not isinstance(label, str) and not is_line(str(label))):
        raise InputError(f"{part.place(index)}: label {shown(label)}; allowed: text, a whole number, true or false")
    raw = raw_value(label)
    return None if raw in EMPTY else raw


def _by_name(parts: list[Part], raw: list[Raw], named: list[str]) -> list[Raw]:
    """Ids as the names that they stand for; -1 stays.

    A file without class names of its own may spell the names instead: then all such files do.
    """
    nameless = {value for part, values in zip(parts, raw, strict=True) if not part.class_names for value in values}
    is_spelled = nameless - {None} <= set(named)
    every = []
    for part, values in zip(parts, raw, strict=True):
        is_id = part.class_names or not is_spelled
        every.append(_names_of(part, values, part.class_names or named) if is_id else values)
    return every


def _names_of(part: Part, raw: Raw, names: list[str]) -> Raw:
    by_id: dict[str | None, str | None] = {str(number): name for number, name in enumerate(names)}
    by_id |= {None: None, "-1": "-1"}
    for index, value in enumerate(raw):
        if value not in by_id:
            raise InputError(
                f"{part.place(index)}: label {shown(value)}; allowed: 0 to {len(names) - 1}, "
                f"the ids of the source's own classes {listed(names)}"
            )
    return [by_id[value] for value in raw]


def _is_minus_one_a_class(parts: list[Part], raw: list[Raw], settings: OwnData, named: list[str] | None) -> bool:
    if settings.labels is not None:
        return "-1" in settings.labels
    others = _values(parts, raw) - {"-1"}
    return named is None and others <= {"1", "+1"} and bool(others)


def _values(parts: list[Part], raw: list[Raw]) -> set[str]:
    """All labels of the splits that need them."""
    values: set[str] = set()
    for part, labels in zip(parts, raw, strict=True):
        if part.split != "unsupervised":
            values.update(label for label in labels if label is not None)
    return values


def classify(parts: list[Part], raw: list[Raw], settings: OwnData, named: list[str] | None, source: str) -> Classes:
    """Decide the classes, and the class of every row; ``raw`` comes of ``raw_labels``, ``source`` is for messages.

    Raises:
        InputError: there are no classes, too few or too many, or a row has a label that belongs to none.
    """
    ids, names = _ids_and_names(parts, raw, settings, named, source)
    every_kept, every_id = [], []
    dropped: Counter[str] = Counter()
    for part, labels in zip(parts, raw, strict=True):
        kept = np.ones(len(labels), dtype=bool)
        for index, label in enumerate(labels):
            if label in ids or (label is None and part.split == "unsupervised"):
                continue
            if settings.labels_other == "refuse":
                _refuse(part, index, label, ids, settings)
            dropped[label or NO_LABEL] += 1
            kept[index] = False
        every_kept.append(kept)
        every_id.append(np.array([ids.get(label, UNLABELLED) for label in labels], dtype=np.int64))
    present = {label for label in _values(parts, raw) if label in ids}
    if len({ids[label] for label in present}) < MINIMUM_CLASSES:
        only = f"one class alone, {listed(sorted(present))}" if present else "no labelled row"
        raise InputError(f"{source}: {only}; required: at least {MINIMUM_CLASSES} classes")
    used = {label: names[number] for label, number in sorted(ids.items(), key=lambda item: item[1]) if label in present}
    return Classes(names, every_id, every_kept, used, dict(sorted(dropped.items())))


def _refuse(part: Part, index: int, label: str | None, ids: Iterable[str], settings: OwnData) -> None:
    drop = "labels_other: drop leaves such rows out and counts them"
    if label is None:
        given = "" if part.labels is None or part.labels[index] is None else f" ({shown(part.labels[index])})"
        raise InputError(f"{part.place(index)}: no label{given}; every row of {part.split} needs one; {drop}")
    holds = "data.labels has" if settings.labels is not None else "the labelled splits have"
    raise InputError(f"{part.place(index)}: label {shown(label)}; {holds} {listed(ids)}; {drop}")


def _ids_and_names(
    parts: list[Part], raw: list[Raw], settings: OwnData, named: list[str] | None, source: str
) -> tuple[dict[str, int], list[str]]:
    """Raw value -> class id, and the classes' names by id."""
    if isinstance(settings.labels, dict):
        return _of_map(settings.labels)
    values = _values(parts, raw)
    if isinstance(settings.labels, list):
        by_name = {raw_value(name): number for number, name in enumerate(settings.labels)}
        by_id = {str(number): number for number in range(len(settings.labels))}
        return (by_name if values & set(by_name) else by_id), settings.labels
    if named is None:
        for part, labels in zip(parts, raw, strict=True):
            _require_names(part, labels)
    elif len(set(named)) < len(named) or not all(map(_is_name, named)):
        raise InputError(f"{source}: the source's own classes {listed(named)}; allowed: {NAMES}, each once")
    names = named or _in_order(values)
    if len(names) > MAXIMUM_CLASSES:
        column = f"column {settings.columns.label!r}"
        raise InputError(f"{source}: {column}: {len(names)} different labels; allowed: at most {MAXIMUM_CLASSES}")
    return {name: number for number, name in enumerate(names)}, names


def _of_map(labels: dict[str, int | str]) -> tuple[dict[str, int], list[str]]:
    """Ids as they are, or in the order in which the names of the classes first occur."""
    classes = list(dict.fromkeys(labels.values()))
    if all(isinstance(name, str) for name in classes):
        return {raw: classes.index(name) for raw, name in labels.items()}, classes
    names = [" / ".join(raw for raw, number in labels.items() if number == wanted) for wanted in range(len(classes))]
    return dict(labels), names


def _require_names(part: Part, labels: Raw) -> None:
    """Without ``labels``, a label is a class's name: a line, and no number with a fraction."""
    if part.split == "unsupervised":
        return
    for index, label in enumerate(labels):
        if label is None:
            continue
        if not _is_name(label):
            raise InputError(f"{part.place(index)}: label {shown(label)} as the name of a class; allowed: {NAMES}")
        if is_fraction(label):
            raise InputError(
                f"{part.place(index)}: label {label}: a number with a fraction: regression is not supported; "
                "data.labels can map such values to classes"
            )


def _is_name(name: str) -> bool:
    return is_line(name) and len(name) <= LONGEST_NAME


def is_fraction(label: str) -> bool:
    """Whether it is a number, but no whole one."""
    try:
        number = float(label)
    except ValueError:
        return False
    return math.isfinite(number) and not number.is_integer()


def is_whole(label: str) -> bool:
    """Whether it is a whole number in digits, with or without a sign."""
    return label.removeprefix("-").removeprefix("+").isdecimal()


def _in_order(values: set[str]) -> list[str]:
    """Numerically where all are whole numbers."""
    return sorted(values, key=(lambda value: (int(value), value)) if all(map(is_whole, values)) else None)
