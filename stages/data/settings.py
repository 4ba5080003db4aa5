"""What ``prepare`` is told: where the data comes from, what its columns and labels mean, and how it is split."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from stages.core.files import StageFile
from stages.core.types import Revision, Seed, Strict

MINIMUM_CLASSES, MAXIMUM_CLASSES = 2, 200  # with more values than that, a column is no class but a number or a name
MINIMUM_ROWS = 2
MOST_GENERATED = 10_000_000  # rows; more than an hour to write
ALLOWED_LABELS = "allowed: a map from the source's values to class ids or names, or a list of at least two names"


def raw_value(value: object) -> str:
    """How a label is compared whatever its type: 1, 1.0 and "1" are one label, as are true, "TRUE" and "True"."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.capitalize()  # as pandas writes it
    whole, point, zeros = text.partition(".")
    is_whole_number = point and whole.removeprefix("-").isdecimal() and zeros and not zeros.strip("0")
    return whole if is_whole_number else text


def _checked_labels(labels: object) -> object:
    """A map with its keys as text, for YAML reads 1 and true as a number and a truth value; or a list of names."""
    if labels is None:
        return None
    if isinstance(labels, list):
        _require_names(labels)
        return labels
    if not isinstance(labels, dict) or not labels:
        raise ValueError(f"{labels!r}: {ALLOWED_LABELS}")
    by_text: dict[str, int | str] = {}
    for key, value in labels.items():
        is_id = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if not is_id and not is_line(value):
            raise ValueError(f"{key!r}: {value!r}: allowed: a class id (0, 1, ...) or a class name")
        if raw_value(key) in by_text:
            raise ValueError(f"{raw_value(key)!r}: given twice; allowed: once")
        by_text[raw_value(key)] = value
    if len({isinstance(value, int) for value in by_text.values()}) > 1:
        raise ValueError(f"{labels!r}: allowed: class ids for all values, or class names for all")
    _require_several(len(set(by_text.values())))
    _require_every_id(by_text)
    return by_text


def _require_names(names: list) -> None:
    for name in names:
        if not is_line(name):
            raise ValueError(f"{name!r}: {ALLOWED_LABELS}")
        if names.count(name) > 1:
            raise ValueError(f"{name!r}: given {names.count(name)} times; allowed: once")
    _require_several(len(names))


def _require_several(classes: int) -> None:
    if not MINIMUM_CLASSES <= classes <= MAXIMUM_CLASSES:
        raise ValueError(f"classes {classes}; allowed: {MINIMUM_CLASSES} to {MAXIMUM_CLASSES}")


def _require_every_id(labels: dict[str, int | str]) -> None:
    ids = {value for value in labels.values() if isinstance(value, int)}
    for missing in sorted(set(range(len(ids))) - ids):
        raise ValueError(f"no value has class id {missing}; allowed: ids 0 to {len(ids) - 1}, each for some value")


def is_line(value: object) -> bool:
    """Whether it is free text on one line."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _line(value: str) -> str:
    if not is_line(value):
        raise ValueError(f"{value!r}: allowed: text on one line")
    return value


def _part(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_rows = isinstance(value, int) and is_number and value >= MINIMUM_ROWS
    if not is_rows and not (is_number and 0 < value < 1):
        raise ValueError(f"{value!r}: allowed: rows, at least {MINIMUM_ROWS}, or a share between 0 and 1")
    return value


def _delimiter(value: str) -> str:
    if value in ('"', "\r", "\n", "\0", " "):
        raise ValueError(f"{value!r}: allowed: one character that parts fields, such as ',', ';', '|' or a tab")
    return value


def _known_encoding(name: str) -> str:
    try:
        "text".encode(name)  # base64 is a codec, too, but not of text
    except (LookupError, UnicodeError) as error:
        raise ValueError(
            f"{name!r}: unknown; allowed: an encoding of Python's, such as utf-8, cp1252, latin-1"
        ) from error
    return name


Line = Annotated[str, AfterValidator(_line)]  # free text
Rows = Annotated[int, Field(ge=MINIMUM_ROWS)]
Part = Annotated[int | float, BeforeValidator(_part)]  # of a split: rows, or a share of them


class Columns(Strict):
    """Names of columns in the source; ``pair`` is the second text of a pair.

    A source with a column whose name says that it is half of a pair (``stages/data/checks.py: HALVES``) is refused
    unless it is named here: as ``text`` or ``pair``, or among ``unused`` where it is to be left out.
    """

    text: Line = "text"
    pair: Line | None = None
    label: Line = "label"
    unused: list[Line] = Field(default=[])

    @model_validator(mode="after")
    def _differ(self) -> Self:
        names = [name for name in (self.text, self.pair, self.label, *self.unused) if name is not None]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r}: named {names.count(name)} times; allowed: once")
        return self


class Csv(Strict):
    """How CSV and TSV files are written; the default is RFC 4180 with a comma, a tab in ``.tsv``."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_delimiter)] | None = None
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"  # with or without a byte order mark
    quoting: Literal["standard", "none"] = "standard"  # none: a quote is a character like others


class Sample(Strict):
    """Rows drawn of a split, stratified by label."""

    train: Annotated[int, Field(ge=16)] | None = None
    test: Rows | None = None


class GeneratedData(Strict):
    """Reviews made by the project's own grammar (``stages/data/generator.py``); counts are rows."""

    source: Literal["generated"]
    train: Annotated[int, Field(ge=16, le=MOST_GENERATED)]
    validation: Annotated[int, Field(ge=2, le=MOST_GENERATED)]
    test: Annotated[int, Field(ge=2, le=MOST_GENERATED)]
    unsupervised: Annotated[int, Field(ge=0, le=MOST_GENERATED)]
    label_noise: Annotated[float, Field(ge=0, lt=0.5)]
    seed: Seed


class OwnData(Strict):
    """What local files and data sets of the hub share."""

    name: Line | None = None  # what the paper calls it; None: the file's, the folder's or the hub's
    task: Line | None = None  # such as "spam detection"
    language: Line | None = None
    license: Line | None = None
    citation: Line | None = None
    description: Line | None = None
    columns: Columns = Columns()
    # Raw value -> class id or class name, or names of the ids 0, 1, ...; None: the source's names, else its values
    # in order. ``stages/data/labels.py``
    labels: Annotated[dict[str, int | str] | list[str] | None, BeforeValidator(_checked_labels)] = None
    labels_other: Literal["refuse", "drop"] = "refuse"  # rows whose label ``labels`` leaves out
    validation: Part | None = None  # carved from train; None: as many rows as ``splits.py`` says
    test: Part | None = None  # carved from train where the source has none
    sample: Sample | None = None
    csv: Csv = Csv()
    config: Line | None = None  # which, where the README of a data set has several
    seed: Seed = 2025

    @property
    def texts(self) -> dict[str, str]:
        """What the report says of the data, by key, and the names of classes."""
        keys = ("name", "task", "language", "license", "citation", "description")
        texts = {key: getattr(self, key) for key in keys if getattr(self, key) is not None}
        names = self.labels.values() if isinstance(self.labels, dict) else self.labels or []
        return texts | {f"labels: {name}": name for name in names if isinstance(name, str)}


class LocalData(OwnData):
    """A local file or folder; ``stages/data/layout.py`` says in which layouts."""

    source: Literal["local"]
    path: str


class HubData(OwnData):
    """A data set on the Hugging Face hub at a full commit id."""

    source: Literal["hub"]
    hub_id: str
    revision: Revision


class DataSettings(StageFile, Strict):
    """For ``prepare``."""

    PLACE = "data/settings/data.json"
    STAGE = "settings"

    data: Annotated[GeneratedData | LocalData | HubData, Field(discriminator="source")]
    deduplicate: bool
