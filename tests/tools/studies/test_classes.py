"""Which rows of a source a new study takes, where some have no label or their class has too few."""

import json
from pathlib import Path

import pytest

from stages.data.settings import LocalData
from stages.data.sources import load_source
from tests.helpers.new_study import CLASSES, OTHERS, TEXTS, fault, table, written

pytestmark = pytest.mark.usefixtures("with_params")


def said(capsys: pytest.CaptureFixture) -> list[str]:
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def rows_of(data: LocalData) -> tuple[list[str], int, dict[str, int]]:
    """Classes, rows and what was dropped, as prepare reads them."""
    if data.test is None and Path(data.path).is_file():
        raise AssertionError("a file has no test split")
    origin, splits = load_source(data)
    return origin.classes, sum(map(len, splits.values())), origin.dropped_labels


@pytest.mark.parametrize(
    ("values", "missing", "why"),
    [
        ([*CLASSES[:-2], None, None], 2, "labels_other: drop, for some rows have no label"),
        ([*CLASSES[:-1], "-"], 1, "labels_other: drop, for some rows have no label (-)"),
    ],
)
def test_rows_without_a_label_are_left_out_and_said(values, missing, why, capsys):
    table(text=TEXTS, label=values)
    _, data, _ = written("d.csv")
    assert (data.labels_other, data.labels) == ("drop", {"ham": "ham", "spam": "spam"})
    assert rows_of(data) == (["ham", "spam"], 40 - missing, {"(no label)": missing})
    lines = said(capsys)
    assert f"guessed: {why}" in lines
    assert f"rows not used, by label: {missing} of '(no label)'" in lines


def test_a_test_split_with_some_labels_is_the_test_split():
    Path("d").mkdir()
    table(text=TEXTS, label=CLASSES)
    Path("d.csv").rename("d/train.csv")
    table(text=OTHERS, label=[None] * 10 + CLASSES[10:])
    Path("d.csv").rename("d/test.csv")
    _, data, _ = written("d")
    assert (data.test, rows_of(data)) == (None, (["ham", "spam"], 70, {"(no label)": 10}))


def test_minus_one_beside_other_classes_of_train_is_a_class(capsys):
    table(text=TEXTS, label=[-1, 0, 1, 0] * 10)
    _, data, _ = written("d.csv")
    assert (data.labels, data.labels_other) == ({"-1": "-1", "0": "0", "1": "1"}, "refuse")
    assert rows_of(data) == (["-1", "0", "1"], 40, {})
    why = "where it marks rows without a label, take it out of labels and add labels_other: drop"
    assert f"guessed: -1 is a class: train has it; {why}" in said(capsys)


def test_minus_one_in_test_alone_is_no_class():
    Path("d").mkdir()
    for split, labels in {"train": [0, 1] * 20, "test": [-1] * 40}.items():
        rows = [{"text": f"{text} {split}", "label": label} for text, label in zip(TEXTS, labels, strict=True)]
        Path(f"d/{split}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    _, data, _ = written("d")
    assert (data.test, data.labels) == (0.2, {"0": "0", "1": "1"})


def test_classes_with_too_few_rows_for_each_split_are_left_out_and_said(capsys):
    table(text=[*TEXTS, "one alone", "two", "two more"], label=[*CLASSES, "rare", "few", "few"])
    _, data, _ = written("d.csv")
    assert rows_of(data) == (["ham", "spam"], 40, {"few": 2, "rare": 1})
    dropped = "2 of 'few' (too few texts for each split), 1 of 'rare' (too few texts for each split)"
    assert f"rows not used, by label: {dropped}" in said(capsys)


def test_where_many_rows_are_of_such_classes_it_is_refused():
    table(text=TEXTS, label=[*CLASSES[:30], *range(10)])
    assert fault() == (
        "label column 'label': 10 of 12 classes have fewer than 3 different texts in train: 0, 1, 2, 3, 4, 5, 6, 7, "
        "8, 9; merge them with others in the source, or leave their rows out"
    )
    table(text=TEXTS, label=list(range(40)))
    assert fault().endswith("or leave their rows out; predicting numbers (regression) is not supported")


@pytest.mark.parametrize(
    ("rows", "classes", "message"),
    [
        (10, 2, "10 different texts in train; required: at least 12: 8 to learn from, and 2 for each split carved"),
        (18, 6, "18 different texts in train; required: at least 20: 8 to learn from, and 6 for each split carved"),
    ],
)
def test_too_few_rows_are_counted(rows, classes, message):
    table(text=TEXTS[:rows], label=[f"c{i % classes}" for i in range(rows)])
    assert fault() == f"DATA: {message} from them (test and validation)"


def test_the_fewest_rows_that_are_enough():
    table(text=TEXTS[:12], label=CLASSES[:12])
    assert written("d.csv")[1].test == 2


def test_what_may_be_meant_otherwise_is_said(capsys):
    table(
        text=TEXTS, label=["Spam", "spam", "\u00e9", "e\u0301"] * 10, subset=["train"] * 30 + ["val"] * 5 + ["test"] * 5
    )
    written("d.csv")
    lines = said(capsys)
    assert "note: column 'subset' looks like names of splits; called split, it would be read as them" in lines
    alike = "Spam, e\u0301, spam, \u00e9"
    assert f"note: classes that differ by case or by how letters are encoded: {alike}; labels can join them" in lines
