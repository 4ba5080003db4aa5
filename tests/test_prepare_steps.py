"""From a source of any kind to the splits, with what was drawn and left out said; reading it is ``stages.data``'s."""

import pandas as pd
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Value

from stages import prepare
from stages.data.card import Card
from tests.helpers.given_source import configure, given_by

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_test_and_validation_carved_and_sampled(monkeypatch, capsys):
    labels = [int(i % 4 == 0) for i in range(100)]
    configure(test=0.2, validation=None, sample={"train": 40, "test": 10})
    given_by(monkeypatch, {"train": pd.DataFrame({"text": [f"train {i}" for i in range(100)], "label": labels})})
    prepare.main()
    card = Card.read()
    assert {name: split.rows for name, split in card.splits.items()} == {
        "train": 40,
        "validation": 4,
        "test": 10,
        "unsupervised": 0,
    }
    assert (card.test_from, card.validation_from, card.seed) == ("train", "train", 1)
    assert card.sampled_from == {"train": 76, "test": 20}
    assert [card.splits[name].class_counts for name in ("train", "test")] == [{"0": 30, "1": 10}, {"0": 7, "1": 3}]
    assert capsys.readouterr().out.splitlines()[2:] == [
        "test: 10 rows drawn from train with seed 1",
        "validation: 4 rows drawn from train with seed 1",
        "train: 40 rows drawn from 76 with seed 1",
        "test: 10 rows drawn from 20 with seed 1",
        "mail: train 40, validation 4, test 10, unsupervised 0",
    ]


def test_pairs_of_three_classes(monkeypatch, capsys):
    train = pd.DataFrame({"text": ["a"] * 30, "pair": [f"b {i}" for i in range(30)], "label": [0, 1, 2] * 10})
    configure(test=0.2, validation=None)
    given_by(monkeypatch, {"train": train}, ["no", "yes", "maybe"], columns={"text": "a", "pair": "b", "label": "c"})
    prepare.main()
    assert capsys.readouterr().out.splitlines()[0] == "columns: text 'a', pair 'b', label 'c'"
    features = {"text": Value("string"), "pair": Value("string"), "label": ClassLabel(names=["no", "yes", "maybe"])}
    for split, rows in {"train": 21, "validation": 3, "test": 6, "unsupervised": 0}.items():
        table = Dataset(pq.read_table(f"data/raw/{split}.parquet"))
        assert (table.features, len(table)) == (features, rows)
    assert Card.read().splits["train"].duplicates_removed == 0


def test_nothing_left_out_is_silent(monkeypatch, capsys):
    notes = {
        "columns": {"text": "body", "label": "kind"},
        "raw_labels": {"1": "ham", "2": "ham", "spam": "spam"},
        "dropped_labels": {"3": 12, "x\ny": 1},
        "ignored_files": [f"train_{i}.csv" for i in range(6)] + ["\n.csv"],
        "unused_columns": ["id", "date"],
    }
    configure(validation=2)
    train = pd.DataFrame({"text": [*"abcdefghijklmnopq", "a", "b", "b"], "label": [0, 1] * 10})
    given_by(monkeypatch, {"train": train, "test": train.head(3).assign(text=list("axy"))}, ["ham", "spam"], **notes)
    prepare.main()
    assert capsys.readouterr().out.splitlines() == [
        "columns: text 'body', label 'kind'",
        "classes: ham, spam",
        "labels: '1' is 'ham', '2' is 'ham'",
        "files not read: train_0.csv, train_1.csv, train_2.csv, train_3.csv, train_4.csv and 2 more",
        "columns not used: id, date",
        "rows left out by label: 12 of '3', 1 of 'x\\ny'",
        "duplicates removed: train 3, test 1",
        "texts with several labels: 2; the first of each is kept",
        "validation: 2 rows drawn from train with seed 1",
        "mail: train 15, validation 2, test 2, unsupervised 0",
    ]
    card = Card.read()
    assert {key: getattr(card, key) for key in notes if key != "columns"} == {
        key: value for key, value in notes.items() if key != "columns"
    }
    assert (card.columns.text, card.columns.label) == ("body", "kind")


def test_a_class_that_a_split_lacks_is_said(monkeypatch, capsys):
    train = pd.DataFrame({"text": [f"train {i}" for i in range(30)], "label": [0, 1] * 15})
    configure(validation=None, sample=None)
    given_by(monkeypatch, {"train": train, "test": pd.DataFrame({"text": ["a", "b"], "label": [1, 1]})})
    prepare.main()
    card = Card.read()
    assert f"test: no row of {card.classes[0]}" in capsys.readouterr().out.splitlines()
    assert (card.missing_classes("test"), card.missing_classes("train")) == ([0], [])
