import math

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.card import Splits
from stages.data.splits import (
    carve,
    deduplicate,
    require_own_splits_kept,
    require_rows,
    sample,
)
from tests.helpers.labelled import NAMES, carved, counts, data, frame, rows, splits


def fault(labels: list[int], **given: object) -> str:
    with pytest.raises(InputError) as caught:
        carved(labels, **given)
    return str(caught.value)


def test_twenty_rows_are_enough():
    found = carved([0, 1] * 10, test=0.2)
    assert rows(found) == {"train": 14, "validation": 2, "test": 4}
    assert [counts(found[name]) for name in ("train", "validation", "test")] == [[7, 7], [1, 1], [2, 2]]


def test_twenty_rows_of_six_classes_are_enough():
    found = carved([0, 1, 2, 3, 4, 5] * 3 + [0, 1], test=0.2)
    assert rows(found) == {"train": 8, "validation": 6, "test": 6}
    assert counts(found["validation"]) == counts(found["test"]) == [1] * 6


def test_a_rare_class_is_in_every_split():
    found = carved([0] * 95 + [1] * 5, test=0.2)
    assert rows(found) == {"train": 72, "validation": 8, "test": 20}
    assert [counts(found[name]) for name in ("train", "validation", "test")] == [[69, 3], [7, 1], [19, 1]]


def test_a_class_of_a_row_a_split_is_shared_out():
    found = carved([0] * 300 + [1] * 3 + [2] * 30, test=0.5)
    assert [counts(found[name])[1] for name in ("train", "validation", "test")] == [1, 1, 1]


@pytest.mark.parametrize(("part", "expected"), [(0.1, 3), (0.3, 9), (7, 7), (0.11, 4), (0.001, 2)])
def test_a_share_is_rounded_up_to_rows_that_hold_every_class(part, expected):
    assert rows(carved([0, 1] * 15, validation=part, test=2))["validation"] == math.ceil(expected * 28 / 30)
    whole = carve(splits(train=frame([0, 1] * 15), test=frame([0, 1], "t")), data(validation=part), NAMES[:2], "mail")
    assert rows(whole)["validation"] == expected


def test_a_share_is_exact():
    assert 0.07 * 100 > 7
    assert rows(carved([0, 1] * 50, test=0.07))["test"] == 7


def test_validation_is_a_tenth_where_nobody_says():
    own_test = splits(train=frame([0, 1] * 200), test=frame([0, 1], "t"))
    assert rows(carve(own_test, data(), NAMES[:2], "mail"))["validation"] == 40
    # of the rows that are trained on, not of those that are left out
    sampled = data(sample={"train": 100})
    assert rows(carve(own_test, sampled, NAMES[:2], "mail"))["validation"] == 10


def test_own_splits_are_kept():
    own = splits(train=frame([0, 1] * 10), validation=frame([0, 1], "v"), test=frame([0, 1], "t"))
    require_own_splits_kept(own, data(validation=2, test=2))
    assert carve(own, data(validation=2), NAMES[:2], "mail") == own


@pytest.mark.parametrize("part", [500, 0.1])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_another_size_beside_an_own_split_is_refused(name, part):
    own = splits(train=frame([0, 1] * 10), **{name: frame([0, 1] * 200, "own")})
    with pytest.raises(InputError) as caught:
        require_own_splits_kept(own, data(**{name: part}))
    assert str(caught.value) == f"data.{name}: {part}: the source brings a {name} split of 400 rows; leave it out"


def test_what_cannot_be_carved_is_one_line():
    assert fault([0, 1] * 10) == (
        "data.test: missing; mail: no test split: give rows or a share to carve it from train, such as data.test: 0.2"
    )
    assert fault([0, 1] * 20, test=33) == "data.test: 33: leaves 7 of 40 train rows; allowed: at least 8 left"
    assert fault([0, 1] * 20, test=0.99) == "data.test: 0.99: leaves 0 of 40 train rows; allowed: at least 8 left"
    assert fault([0, 1] * 20, test=99) == "data.test: 99: leaves 0 of 40 train rows; allowed: at least 8 left"
    assert fault([0, 1] * 20, test=0.2, validation=30) == (
        "data.validation: 30: leaves 2 of 32 train rows; allowed: at least 8 left"
    )
    assert fault([0, 1] * 4, test=2) == "data.test: 2: leaves 6 of 8 train rows; allowed: at least 8 left"
    assert fault([0, 1, 2, 3] * 10, test=3) == "data.test: 3: fewer than the 4 classes; allowed: at least a row of each"
    assert fault([0] * 30 + [1], test=2) == (
        "mail: train: class 'ham' has 1 row; required: at least 3, one for each of train, test, validation "
        "(data.test, data.validation)"
    )
    own_test = splits(train=frame([0] + [1] * 30), test=frame([0, 1], "t"))
    with pytest.raises(InputError) as caught:
        carve(own_test, data(), NAMES[:2], "mail")
    assert str(caught.value) == (
        "mail: train: class 'spam' has 1 row; required: at least 2, one for each of train, validation (data.validation)"
    )


def test_samples():
    whole = splits(train=frame([0] * 95 + [1] * 5), validation=frame([0, 1], "v"), test=frame([0, 1] * 20, "t"))
    found = sample(whole, data(sample={"train": 16, "test": 40}), NAMES[:2])
    assert [counts(found[name]) for name in ("train", "validation", "test")] == [[15, 1], [1, 1], [20, 20]]
    assert found["test"] is whole["test"]
    assert sample(whole, data(), NAMES[:2]) == whole


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"train": 101}, "data.sample.train: 101: train has 100 rows; allowed: at most 100"),
        ({"test": 41}, "data.sample.test: 41: test has 40 rows; allowed: at most 40"),
        ({"test": 3}, "data.sample.test: 3: fewer than the 4 classes; allowed: at least a row of each"),
    ],
)
def test_a_sample_that_cannot_be_had_is_one_line(wanted, message):
    whole = splits(train=frame([0, 1, 2, 3] * 25), validation=frame([0, 1], "v"), test=frame([0, 1, 2, 3] * 10, "t"))
    with pytest.raises(InputError) as caught:
        sample(whole, data(sample=wanted), NAMES[:4])
    assert str(caught.value) == message


def missing_class(source: Splits, classes: int = 2) -> str:
    with pytest.raises(InputError) as caught:
        require_rows(source, deduplicate(source), NAMES[:classes], "mail")
    return str(caught.value)


def test_train_needs_every_class_and_the_other_splits_some_row():
    full = frame([0, 1] * 10)
    require_rows(splits(train=full), splits(train=full), NAMES[:2], "mail")  # the others are carved
    lacking = splits(train=full, validation=frame([0], "v"), test=frame([1, 1, 1], "t"))
    require_rows(lacking, lacking, NAMES[:2], "mail")
    needed = "required: rows of every class; data.labels can name those that have enough"
    assert missing_class(splits(train=full), classes=3) == f"mail: train: none of 20 rows is of class 'news'; {needed}"
    assert missing_class(splits()) == f"mail: train: none of 0 rows is of class 'spam'; {needed}"
    assert missing_class(splits(train=frame([0, 1, 0, 2])), classes=3) == (
        "mail: one row in all is of class 'ham'; required: at least two; data.labels can name those that have enough"
    )


def test_where_deduplication_took_a_class_the_line_says_so():
    full = frame([0, 1] * 10)
    assert missing_class(splits(train=full, test=full.head(6))) == (
        "mail: test: all 6 rows also occur in train; required: texts of its own"
    )
    own = splits(train=full, validation=frame([0, 1] * 2, "v"), test=pd.concat([full, frame([0, 1], "v")]))
    assert (
        missing_class(own) == "mail: test: all 22 rows also occur in train and validation; required: texts of its own"
    )
