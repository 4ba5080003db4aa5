from pathlib import Path

import pytest

from stages.data.card import Origin
from stages.data.checks import LAYOUTS
from tests.helpers.local_reviews import TEST, TRAIN, fault, frame, load, rows, write

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "jsonl", "json"])
def test_folder_of_files(suffix):
    write(TRAIN, f"d/train.{suffix}")
    write(TEST, f"d/test.{suffix}")
    origin, splits = load("d")
    assert list(splits) == ["train", "validation", "test", "unsupervised"]
    assert rows(splits["train"]) == TRAIN
    assert rows(splits["test"]) == TEST
    assert splits["unsupervised"].empty
    assert {str(split["label"].dtype) for split in splits.values()} == {"int64"}
    assert origin == Origin(source="local", name="d")


def test_shards_follow_their_names_and_odd_folder_names_are_no_patterns():
    write(TRAIN[2:], "d[1]/.x/train-00001-of-00002.parquet")
    write(TRAIN[:2], "d[1]/.x/train-00000-of-00002.parquet")
    write(TEST, "d[1]/.x/test-00000-of-00001.parquet")
    assert rows(load("d[1]/.x")[1]["train"]) == TRAIN


@pytest.mark.parametrize(
    ("name", "split"), [("valid", "validation"), ("dev", "validation"), ("unlabeled", "unsupervised")]
)
def test_other_names_of_splits(name, split):
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    write([("more", 1)], f"d/{name}.csv")
    assert rows(load("d")[1][split]) == [("more", 1)]


def test_extra_columns_are_dropped_and_text_labels_read():
    write(frame([("a", "0"), ("b", "1")]).assign(stars=3), "d/train.parquet")
    write(TEST, "d/test.csv")
    assert list(load("d")[1]["train"].columns) == ["text", "label"]
    assert rows(load("d")[1]["train"]) == [("a", 0), ("b", 1)]


def test_unsupervised_needs_no_labels():
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    write(frame([("x", 0)])[["text"]], "d/unsupervised.jsonl")
    assert rows(load("d")[1]["unsupervised"]) == [("x", -1)]


def test_single_file_with_split_column():
    table = frame([*TRAIN, *TEST, ("x", -1)]).assign(split=["train", "train", "test", *["test"] * 3, "unsupervised"])
    write(table, "all.csv")
    splits = load("all.csv")[1]
    assert rows(splits["train"]) == TRAIN[:2]
    assert rows(splits["test"]) == [*TRAIN[2:], *TEST]
    assert rows(splits["unsupervised"]) == [("x", -1)]


def test_faults_of_the_layout():
    assert fault("d") == f"data.path: d: not found; expected {LAYOUTS}"
    Path("d").mkdir()
    assert fault("d") == f"d: no train split; expected {LAYOUTS}"
    write(TRAIN, "d/train.csv")
    assert fault("d") == f"d: no test split; expected {LAYOUTS}"
    write(TRAIN, "d/train.jsonl")
    assert fault("d") == "d: train in train.csv, train.jsonl; allowed: one format a split"


def test_faults_of_a_single_file():
    Path("d.xlsx").touch()
    assert fault("d.xlsx") == (
        "data.path: d.xlsx: unknown format; allowed: a folder, .parquet, .csv, .tsv, .jsonl, .json"
    )
    write(TRAIN, "d.csv")
    assert fault("d.csv") == (
        f"d.csv: no column 'split' (train, validation, test, unsupervised); without it give a folder with {LAYOUTS}"
    )
    write(frame(TRAIN).assign(split="dev"), "d.csv")
    assert fault("d.csv") == "d.csv: row 1: split 'dev'; allowed: train, validation, test, unsupervised"
    write(frame([*TRAIN, ("x", -1)]).assign(split="test"), "d.csv")
    assert fault("d.csv") == "d.csv: row 5: label -1 in split test; allowed: 0, 1"
