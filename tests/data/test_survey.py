from pathlib import Path

import datasets
import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.settings import LocalData
from stages.data.survey import ColumnSurvey, Survey, survey
from tests.helpers.local_reviews import frame, load, write, write_text

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def look(path: str, **settings: object) -> Survey:
    return survey(LocalData.model_validate({"source": "local", "path": path} | settings))


def test_a_folder_of_files():
    table = pd.DataFrame({"id": [7, 8, 9], "Review": ["one two three", "a", "b c"], "y": ["spam", "ham", "spam"]})
    write(table, "d/train.csv")
    write(table[["id", "Review"]], "d/test.csv")
    write(table[:1], "d/unlabeled.csv")
    write(table, "d/train_raw.csv")
    assert look("d") == Survey(
        name="d",
        licence=None,
        language=None,
        files={"train": ["train.csv"], "test": ["test.csv"], "unsupervised": ["unlabeled.csv"]},
        rows={"train": 3, "test": 3, "unsupervised": 1},
        columns=[
            ColumnSurvey(
                name="id",
                kind="whole numbers",
                rows={"train": 3, "test": 3, "unsupervised": 1},
                distinct=3,
                values={"7": 2, "8": 2, "9": 2},
                train_values={"7": 1, "8": 1, "9": 1},
                class_names=[],
                sample=["7", "8", "9"],
                words_median=0,
            ),
            ColumnSurvey(
                name="Review",
                kind="text",
                rows={"train": 3, "test": 3, "unsupervised": 1},
                distinct=3,
                values={"one two three": 2, "a": 2, "b c": 2},
                train_values={"one two three": 1, "a": 1, "b c": 1},
                class_names=[],
                sample=["one two three", "a", "b c"],
                words_median=2,
            ),
            ColumnSurvey(
                name="y",
                kind="text",
                rows={"train": 3, "unsupervised": 1},
                distinct=2,
                values={"spam": 2, "ham": 1},
                train_values={"spam": 2, "ham": 1},
                class_names=[],
                sample=["spam", "ham", "spam"],
                words_median=1,
            ),
        ],
        repeated_columns=[],
        ignored_files=["train_raw.csv"],
        has_csv=True,
        texts_are_files=False,
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", " 2", "-1"], "whole numbers"),
        (["1", "2.5"], "fractions"),
        (["true", "False"], "true or false"),
        ([None, None], "empty"),
        (["", "nan"], "empty"),
        ([[1], [2]], "lists"),
        ([{"a": 1}, {"a": 2}], "other"),
        (["a", "1"], "text"),
        (["a", 1], "other"),
        ([1.0, 2.0], "whole numbers"),
        ([True, False], "true or false"),
    ],
)
def test_kinds_of_columns(values, kind):
    write(pd.DataFrame({"text": "a", "x": pd.Series(values, dtype=object)}), "d.jsonl")
    column = look("d.jsonl").columns[1]
    assert (column.name, column.kind) == ("x", kind)
    assert column.rows == {"train": 0 if kind == "empty" else len(values)}
    assert bool(column.values) == (kind in ("whole numbers", "true or false", "text"))


def test_a_hidden_test_split_and_too_many_values():
    write([(f"text {i}", i % 3) for i in range(201)], "d/train.parquet")
    write([("a", -1), ("b", -1)], "d/test.parquet")
    text, label = look("d").columns
    assert (text.distinct, text.values) == (203, {})
    assert label.values == {"0": 67, "1": 67, "2": 67, "-1": 2}


def test_a_single_file_with_and_without_split():
    table = frame([("a", 0), ("b", 1), ("c", 0)])
    write(table, "all.csv")
    assert (look("all.csv").rows, look("all.csv").files) == ({"train": 3}, {"train": ["all.csv"]})
    write(table.assign(split=["test", "train", "val"]), "all.csv")
    found = look("all.csv")
    assert found.rows == {"train": 1, "validation": 1, "test": 1}
    assert [column.name for column in found.columns] == ["text", "label"]


def test_class_folders_and_class_labels():
    for name in ("train/spam/1", "train/ham/1", "train/ham/2", "test/1", "unsup/1"):
        write_text(f"d/{name}.txt", "one two")
    found = look("d")
    assert (found.rows, found.texts_are_files) == ({"train": 3, "test": 1, "unsupervised": 1}, True)
    assert found.columns[1].values == {"ham": 2, "spam": 1}
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["x", "y"]))
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]}, features=features).save_to_disk("saved")
    assert look("saved").columns[1].class_names == ["x", "y"]
    assert not look("saved").has_csv


def test_it_refuses_what_cannot_be_read_in_the_same_words():
    write_text("d/train.csv", "text;label\na;0\n")
    with pytest.raises(InputError) as caught:
        look("d")
    assert (
        str(caught.value)
        == "d/train.csv: one column, 'text;label'; ';' looks like the delimiter: give csv.delimiter: \";\""
    )
    assert look("d", csv={"delimiter": ";"}).rows == {"train": 1}
    with pytest.raises(InputError, match="no train split"):
        look(str(Path()))


def test_rows_are_those_that_are_loaded():
    write([("a", "x"), ("b\n", "y"), ("c", "x")], "d/train.csv")
    write([("d", "x"), ("e", "y")], "d/dev/0.jsonl")
    splits = load("d", test=2)[1]
    assert look("d").rows == {split: len(rows) for split, rows in splits.items() if len(rows)}
