from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from tests.helpers.local_reviews import fault, load, rows, write, write_text

pytestmark = pytest.mark.usefixtures("in_empty_folder")
OTHER = "labels_other: drop leaves such rows out and counts them"
NAMED = "data.labels can name it where it is a class, and "


def write_labels(train: list, test: list | None = None, suffix: str = "jsonl", folder: str = "d") -> None:
    for split, labels in {"train": train, "test": test or train}.items():
        texts = [f"{split} {number}" for number in range(len(labels))]
        write(pd.DataFrame({"text": texts, "label": labels}), f"{folder}/{split}.{suffix}")


def read(**settings: object) -> tuple[list[str], list[int]]:
    """Classes, and the train split's ids."""
    origin, splits = load("d", **settings)
    return origin.classes, splits["train"]["label"].tolist()


@pytest.mark.parametrize(
    ("labels", "classes", "ids"),
    [
        (["pos", "neg", "pos", "mixed"], ["mixed", "neg", "pos"], [2, 1, 2, 0]),
        ([10, 9, 1, 10], ["1", "9", "10"], [2, 1, 0, 2]),
        (["10", "9", "1", " 10"], ["1", "9", "10"], [2, 1, 0, 2]),
        ([1.0, 2.0, 2.0], ["1", "2"], [0, 1, 1]),
        ([True, False, True], ["False", "True"], [1, 0, 1]),
        (["true", "FALSE"], ["False", "True"], [1, 0]),
        ([-1, 1, -1], ["-1", "1"], [0, 1, 0]),
        (["+1", "-1"], ["-1", "+1"], [1, 0]),
        (["+", "-", "+"], ["+", "-"], [0, 1, 0]),
        ([5, 1, 3, 4, 2], ["1", "2", "3", "4", "5"], [4, 0, 2, 3, 1]),
        (["一", "二"], ["一", "二"], [0, 1]),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_without_a_map_the_values_in_order_are_the_classes(labels, classes, ids, suffix):
    write_labels(labels, suffix=suffix)
    assert read() == (classes, ids)


@pytest.mark.parametrize("kind", [pa.uint8(), pa.int16(), pa.float32(), pa.float16(), pa.decimal128(25, 2), pa.bool_()])
def test_kinds_of_columns(kind):
    values = [True, False] if kind == pa.bool_() else [1, 0]
    Path("d").mkdir()
    for split in ("train", "test"):
        table = pa.table({"text": [f"{split} a", f"{split} b"], "label": pa.array(values).cast(kind)})
        pq.write_table(table, f"d/{split}.parquet")
    assert read() == (["False", "True"] if kind == pa.bool_() else ["0", "1"], [1, 0])


def test_categories_of_pandas():
    for split in ("train", "test"):
        labels = pd.Categorical(["ham", "spam", "ham"], categories=["spam", "ham"])
        write(pd.DataFrame({"text": [f"{split} {i}" for i in range(3)], "label": labels}), f"d/{split}.parquet")
    assert read() == (["ham", "spam"], [0, 1, 0])


@pytest.mark.parametrize(
    ("labels", "given", "classes", "ids"),
    [
        (["ham", "spam"], {"ham": 0, "spam": 1}, ["ham", "spam"], [0, 1]),
        (["a", "-", "b"], {"a": 0, "b": 1, "-": 2}, ["a", "b", "-"], [0, 2, 1]),
        (["ham", "spam"], {"ham": 1, "spam": 0}, ["spam", "ham"], [1, 0]),
        (["ham", "spam"], ["spam", "ham"], ["spam", "ham"], [1, 0]),
        ([0, 1], ["spam", "ham"], ["spam", "ham"], [0, 1]),
        (["0", "1.0"], ["spam", "ham"], ["spam", "ham"], [0, 1]),
        ([1, 2], ["2", "1"], ["2", "1"], [1, 0]),
        ([1, 2, 5], {1: "negative", 2: "negative", 5: "positive"}, ["negative", "positive"], [0, 0, 1]),
        ([1, 2, 5], {1: 0, 2: 0, 5: 1}, ["1 / 2", "5"], [0, 0, 1]),
        ([True, False], {True: "yes", False: "no"}, ["yes", "no"], [0, 1]),
        ([-1, 0, 1], {-1: "bad", 0: "so so", 1: "good"}, ["bad", "so so", "good"], [0, 1, 2]),
        (["0.5", "1.5", "5"], {0.5: "low", 1.5: "low", 5: "high"}, ["low", "high"], [0, 0, 1]),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_maps_and_lists(labels, given, classes, ids, suffix):
    write_labels(labels, suffix=suffix)
    assert read(labels=given) == (classes, ids)


def test_a_value_left_out_is_refused_or_dropped_and_counted():
    write_labels([1, 5, 3, 3, 4], [5, 1, 3])
    given = {1: "bad", 5: "good"}
    assert fault("d", labels=given) == f"d/train.jsonl: row 3: label '3'; data.labels has 1, 5; {OTHER}"
    origin, splits = load("d", labels=given, labels_other="drop")
    assert rows(splits["train"]) == [("train 0", 0), ("train 1", 1)]
    assert rows(splits["test"]) == [("test 0", 1), ("test 1", 0)]
    assert (origin.dropped_labels, origin.raw_labels) == ({"3": 3, "4": 1}, {"1": "bad", "5": "good"})


def classed(labels: list, names: list[str], split: str) -> None:
    features = Features(text=Value("string"), label=ClassLabel(names=names))
    texts = [f"{split} {number}" for number in range(len(labels))]
    Dataset.from_dict({"text": texts, "label": labels}, features=features).to_parquet(f"d/{split}.parquet")


@pytest.mark.parametrize(
    ("given", "classes", "ids"),
    [
        (None, ["spam", "ham"], [0, 1, 1]),
        ({"ham": 0, "spam": 1}, ["ham", "spam"], [1, 0, 0]),
        ({0: "junk", 1: "mail"}, ["junk", "mail"], [0, 1, 1]),
        (["junk", "mail"], ["junk", "mail"], [0, 1, 1]),
        (["ham", "spam"], ["ham", "spam"], [1, 0, 0]),
        ({0: "junk", 1: "mail", "spam": "junk", "ham": "mail"}, ["junk", "mail"], [0, 1, 1]),
    ],
)
def test_names_of_a_class_label_count(given, classes, ids):
    Path("d").mkdir()
    for split in ("train", "test"):
        classed([0, 1, 1], ["spam", "ham"], split)
    assert read(labels=given) == (classes, ids)


def test_class_labels_of_other_order_mean_the_same_names():
    Path("d").mkdir()
    classed([0, 1, 1], ["1", "2"], "train")
    classed([0, 1, 1], ["2", "1"], "test")
    origin, splits = load("d")
    assert origin.classes == ["1", "2"]
    assert [splits[split]["label"].tolist() for split in ("train", "test")] == [[0, 1, 1], [1, 0, 0]]
    write_labels([0, 1], suffix="csv", folder="e")  # ids, in a format that has no names
    Path("e/test.csv").rename("d/test.csv")
    Path("d/test.parquet").unlink()
    assert load("d")[1]["test"]["label"].tolist() == [0, 1]


def test_an_id_without_a_name():
    Path("d").mkdir()
    classed([0, 1], ["spam", "ham"], "train")
    table = pq.read_table("d/train.parquet").set_column(1, "label", pa.array([0, 2]))
    pq.write_table(table.replace_schema_metadata(pq.read_schema("d/train.parquet").metadata), "d/test.parquet")
    assert (
        fault("d") == "d/test.parquet: row 2: label '2'; allowed: 0 to 1, the ids of the source's own classes spam, ham"
    )


@pytest.mark.parametrize("hidden", [[-1, -1], [None, None], ["", " "], [np.nan, np.nan]])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_test_split_without_labels_is_left_out(hidden, suffix):
    if hidden == ["", " "] and suffix != "csv":
        hidden = [None, None]
    write_labels([0, 1, 1], hidden, suffix)
    assert fault("d") == (
        f"data.test: missing; d/test.{suffix}: no label in the test split: give rows or a share to carve it from "
        "train, such as data.test: 0.2"
    )
    origin, splits = load("d", test=0.2)
    assert (splits["test"].empty, origin.ignored_files) == (True, [f"test.{suffix} (no labels)"])
    assert splits["train"]["label"].tolist() == [0, 1, 1]


def test_a_test_split_without_the_column_or_in_a_single_file():
    write_labels([0, 1])
    write_text("d/test.jsonl", '{"text": "a"}\n')
    assert load("d", test=2)[0].ignored_files == ["test.jsonl (no labels)"]
    write_text("all.csv", "text,label,split\na,0,train\nb,1,train\nc,-1,test\n")
    assert load("all.csv", test=2)[0].ignored_files == ["all.csv (split test: no labels)"]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([0, 1, None], f"row 3: no label; every row of train needs one; {OTHER}"),
        ([0, 1, -1], f"row 3: no label (-1); every row of train needs one; {NAMED}{OTHER}"),
        (["a", " ", "b"], f"row 2: no label (' '); every row of train needs one; {OTHER}"),
        ([-1, 0, 1], f"row 1: no label (-1); every row of train needs one; {NAMED}{OTHER}"),
        (["a", "b", "-"], f"row 3: no label ('-'); every row of train needs one; {NAMED}{OTHER}"),
        ([0, [1, 2]], "row 2: label [1, 2]: several labels a row are not supported"),
        ([0, {"a": 1}], "row 2: label {'a': 1}; allowed: text, a whole number, true or false"),
        (
            [1, 3.7],
            "row 2: label 3.7: a number with a fraction: regression is not supported; data.labels can map such "
            "values to classes",
        ),
        (["a", "b\nc"], r"row 2: label 'b\nc' as the name of a class; allowed: at most 100 characters on one line"),
        (
            ["a", "b" * 101],
            "row 2: label 'bbbbbbbbbbbb...bbbbbbbbbbbbb' as the name of a class; allowed: at most 100 "
            "characters on one line",
        ),
    ],
)
def test_labels_that_name_no_class(train, message):
    write_labels(train, [0, 1])
    assert fault("d") == f"d/train.jsonl: {message}"


def test_some_unlabelled_rows_can_be_dropped():
    write_labels([0, 1, None, -1, "-"], [0, 1, ""])
    origin, splits = load("d", labels_other="drop")
    assert (splits["train"]["label"].tolist(), splits["test"]["label"].tolist()) == ([0, 1], [0, 1])
    assert origin.dropped_labels == {"(no label)": 4}  # the hyphen as in SNLI


def test_one_class_alone_and_too_many():
    write_labels(["a", "a"])
    assert fault("d") == "d: one class alone, a; required: at least 2 classes"
    assert fault("d", labels={"a": 0, "b": 0, "c": 1}) == "d: one class alone, a; required: at least 2 classes"
    write_labels(["x", "y"])
    assert fault("d", labels={"a": 0, "b": 1}, labels_other="drop") == (
        "d: no labelled row; required: at least 2 classes"
    )
    write_labels(list(range(201)))
    assert fault("d") == "d: column 'label': 201 different labels; allowed: at most 200"
    write_labels(list(range(200)))
    assert len(read()[0]) == 200


@pytest.mark.parametrize(
    ("train", "unsupervised", "ids"),
    [
        ([0, 1], [-1, None, 1], [-1, -1, 1]),
        ([-1, 1], [-1, -1], [-1, -1]),
        ([-1, 1], [-1, 1], [0, 1]),
        ([-1, 1], [-1, None], [-1, -1]),
        (["a", "b"], ["", "b"], [-1, 1]),
    ],
)
def test_unsupervised_rows_may_be_unlabelled(train, unsupervised, ids):
    write_labels(train)
    table = pd.DataFrame({"text": [f"u {i}" for i in range(len(ids))], "label": unsupervised})
    write(table, "d/unsupervised.jsonl")
    assert load("d")[1]["unsupervised"]["label"].tolist() == ids


def test_shards_of_an_unsupervised_split_are_judged_together():
    write_labels([-1, 1])
    for number, label in enumerate([-1, 1]):
        write(pd.DataFrame({"text": [f"u {number}"], "label": [label]}), f"d/unsup_{number}.csv")
    assert load("d")[1]["unsupervised"]["label"].tolist() == [0, 1]


def test_an_unsupervised_row_of_another_class():
    write_labels(["a", "b"])
    write_text("d/unsupervised.csv", "text,label\nu,c\n")
    assert fault("d") == f"d/unsupervised.csv: row 1: label 'c'; the labelled splits have a, b; {OTHER}"
