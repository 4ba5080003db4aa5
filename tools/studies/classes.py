"""Which values of the label's column are classes of a new study, and which rows it leaves out."""

from typing import Literal, NamedTuple

from stages.core.errors import InputError
from stages.data.card import Origin, Splits
from stages.data.checks import line_of, listed
from stages.data.labels import MARKERS, in_order, is_whole
from stages.data.splits import LABELLED
from stages.data.survey import ColumnSurvey, Survey

MOST_RARE = 0.1  # of the rows: where more are of classes with too few, leaving them out would be another data set


class Labels(NamedTuple):
    """``labels`` and ``labels_other`` of the data, and why, in words."""

    named: dict[str, str] | None
    other: Literal["refuse", "drop"]
    reasons: list[str]


def labels_for(column: ColumnSurvey, survey: Survey) -> Labels:
    """What has to be said of a column's values before they can be read."""
    named, reasons = None, []
    others = set(column.train_values) - {"-1"}
    if "-1" in column.train_values and not column.class_names and not others <= MARKERS["-1"]:
        named = {value: value for value in in_order(set(column.values))}
        reasons.append(
            "-1 is a class: train has it; where it marks rows without a label, take it out of labels and add "
            "labels_other: drop"
        )
    marked = _marked(column, named)
    missing = [split for split in LABELLED if 0 < column.rows.get(split, 0) < survey.rows.get(split, 0)]
    if missing or marked:
        reasons.append("labels_other: drop, for some rows have no label" + f" ({listed(marked)})" * bool(marked))
    return Labels(named, "drop" if missing or marked else "refuse", reasons)


def _marked(column: ColumnSurvey, named: dict[str, str] | None) -> list[str]:
    """Values of train that are no labels."""
    values = set(column.train_values)
    markers = [marker for marker in MARKERS if marker in values and marker not in (named or {})]
    markers = [marker for marker in markers if marker == "-1" or marker not in column.class_names]
    return [marker for marker in markers if column.class_names or not values - {marker} <= MARKERS[marker]]


def without_rare(origin: Origin, splits: Splits, missing: int) -> dict[str, str] | None:
    """The values of the classes that have a row for train and for each of ``missing`` splits; None where all have.

    Raises:
        InputError: too few classes or rows would be left.
    """
    counts = {name: splits[name]["label"].value_counts() for name in LABELLED}
    rows = [sum(int(count.get(label, 0)) for count in counts.values()) for label in range(len(origin.classes))]
    needed = 1 + missing
    rare = {
        name
        for label, name in enumerate(origin.classes)
        if counts["train"].get(label, 0) < needed or rows[label] < 2  # prepare's own rule
    }
    if not rare:
        return None
    left_out = sum(count for count, name in zip(rows, origin.classes, strict=True) if name in rare)
    if len(origin.classes) - len(rare) < 2 or left_out > MOST_RARE * sum(rows):
        numbers = "; predicting numbers (regression) is not supported" * all(map(is_whole, origin.classes))
        raise InputError(
            f"label column {line_of(origin.columns.label)!r}: {len(rare)} of {len(origin.classes)} classes have fewer "
            f"than {max(needed, 2)} different texts in train: {listed(sorted(rare))}; merge them with others in the "
            f"source, or leave their rows out{numbers}"
        )
    return {raw: name for raw, name in origin.raw_labels.items() if name not in rare}
