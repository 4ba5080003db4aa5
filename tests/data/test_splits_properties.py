import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import InputError
from stages.data.card import content
from stages.data.splits import MINIMUM_TRAIN_ROWS, carve, deduplicate, sample
from tests.helpers.labelled import NAMES, carved, counts, data, frame, splits

LABELS = st.integers(2, 5).flatmap(lambda k: st.lists(st.integers(0, k - 1), min_size=20, max_size=120))
PART = st.one_of(st.integers(2, 60), st.floats(0.01, 0.6).map(lambda share: round(share, 3)))


def can_be_had(labels: list[int], test: float, validation: float | None, train_rows: int | None) -> bool:
    """Whether the rows suffice, a class at a time where that matters."""
    sizes, left = np.bincount(labels), len(labels)
    if validation is None:
        validation = 0.1 if train_rows is None else math.ceil(train_rows / 10)
    for part, still in ((test, 2), (validation, 1)):
        rows = part if isinstance(part, int) else max(math.ceil(round(part * left, 6)), len(sizes))
        left -= rows
        if rows < len(sizes) or left < max(MINIMUM_TRAIN_ROWS, still * len(sizes)):
            return False
    return sizes.min() >= 3 and (train_rows is None or len(sizes) <= train_rows <= left)


@settings(deadline=None)
@given(LABELS, PART, st.none() | PART, st.none() | st.integers(16, 60), st.integers(0, 5))
def test_splits_are_a_partition_with_every_class_or_one_line(labels, test, validation, train_rows, seed):
    labels = [sorted(set(labels)).index(label) for label in labels]
    classes = NAMES[: max(labels) + 1]
    told = data(test=test, validation=validation, sample={"train": train_rows}, seed=seed)
    source = splits(train=frame(labels))
    if not can_be_had(labels, test, validation, train_rows):
        with pytest.raises(InputError, match=r"^[^\n]*data\.[^\n]*$"):
            sample(carve(source, told, classes, "mail"), told, classes)
        return
    whole = carve(source, told, classes, "mail")
    final = sample(whole, told, classes)
    assert sorted(text for split in whole.values() for text in split["text"]) == sorted(source["train"]["text"])
    label_of = dict(zip(source["train"]["text"], source["train"]["label"], strict=True))
    for name in ("train", "validation", "test"):
        numbers = [int(text.split()[1]) for text in final[name]["text"]]
        assert numbers == sorted(numbers)
        assert [label_of[text] for text in final[name]["text"]] == final[name]["label"].tolist()
        assert set(final[name]["label"]) == set(range(len(classes)))
    assert set(final["train"]["text"]) <= set(whole["train"]["text"])
    assert len(whole["train"]) >= MINIMUM_TRAIN_ROWS
    if isinstance(test, int):
        assert len(whole["test"]) == test
    if train_rows is not None:
        assert len(final["train"]) == train_rows


@settings(deadline=None)
@given(st.lists(st.integers(30, 300), min_size=2, max_size=6), st.floats(0.2, 0.5), st.integers(0, 99))
def test_large_classes_keep_their_shares(sizes, share, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.random.default_rng(seed).permutation(labels).tolist()
    found = carved(labels, test=share, validation=0.2, seed=seed)
    rows = len(found["test"])
    assert rows == math.ceil(share * len(labels))
    for size, drawn in zip(sizes, counts(found["test"]), strict=True):
        assert abs(drawn - size * rows / len(labels)) <= 1


@settings(deadline=None)
@given(LABELS, st.integers(0, 3))
def test_the_same_seed_draws_the_same_rows(labels, seed):
    labels = [0, 0, 0, 1, 1, 1] + [min(label, 1) for label in labels]
    first, second = (carved(labels, test=0.2, seed=seed)["test"]["text"].tolist() for _ in range(2))
    assert first == second
    others = [carved(labels, test=0.2, seed=other)["test"]["text"].tolist() for other in range(10, 16)]
    assert any(other != first for other in others)


ROW = st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 1))
SPLIT = st.lists(ROW, max_size=8)


@settings(deadline=None)
@given(st.fixed_dictionaries({name: SPLIT for name in ("train", "validation", "test", "unsupervised")}), st.booleans())
def test_what_is_left_occurs_once_and_first(rows_by_split, has_pairs):
    given = {}
    for name, found in rows_by_split.items():
        given[name] = pd.DataFrame(found, columns=["text", "pair", "label"]).astype({"text": "str", "pair": "str"})
        if not has_pairs:
            del given[name]["pair"]
    unique = deduplicate(given)
    order = ("train", "validation", "test", "unsupervised")
    flat = [(name, *row) for name in order for row in given[name].itertuples(index=False)]
    expected, seen = {name: [] for name in order}, set()
    for name, *texts, label in flat:
        if tuple(texts) not in seen:
            seen.add(tuple(texts))
            expected[name].append((*texts, label))
    assert {name: list(split.itertuples(index=False, name=None)) for name, split in unique.items()} == expected
    assert content(pd.concat(unique.values())).is_unique
