"""What ``prepare`` refuses, as the user meets it: the one line, and a workspace left as it was.

The process, its disk and its memory are in ``tests/test_bad_input_disk.py``, the readers' finer points in
``tests/data/``, generated data in ``tests/test_bad_input_fuzz.py``.
"""

from pathlib import Path

import pandas as pd
import pytest

from stages import prepare
from stages.data.card import Card
from stages.data.checks import LAYOUTS
from tests.helpers.prepare_workspace import TEST, TRAIN, configure, csv, jsonl, parquet, refused, write_workspace


@pytest.fixture(autouse=True)
def _workspace(in_empty_folder):
    write_workspace()


EVERY = "every row of train needs one; labels_other: drop leaves such rows out and counts them"
MARKER = EVERY.replace("; ", "; data.labels can name it where it is a class, and ")
ENCODING = "not valid UTF-8; save the file as UTF-8, or give its encoding, csv.encoding, such as"
QUOTES = (
    "quote or line break out of place; allowed: whole fields in quotes, quotes doubled, or csv.quoting: none where a "
    "quote is a character like others"
)
ROWS = {  # what one file holds instead -> the message after the file's name
    "no label": ("csv", csv(TRAIN, "text,stars"), "no column 'label' among text, stars; give data.columns.label"),
    "no text": ("jsonl", b'{"label": 1}\n', "no column 'text' among label; give data.columns.text"),
    "no header": ("csv", csv(TRAIN, "a,0"), "no column 'text' among a, 0; give data.columns.text"),
    "a pair": (
        "csv",
        csv([("a", "b", 0)], "text,text_pair,label"),
        "column 'text_pair' looks like the other text of a pair; give data.columns: {text: text, pair: text_pair}, or "
        "{unused: [text_pair]} to leave it out",
    ),
    "label -1": ("parquet", parquet([*TRAIN, ("x", -1)]), f"row 41: no label (-1); {MARKER}"),
    "label null": ("jsonl", jsonl([*TRAIN, ("x", None)]), f"row 41: no label; {EVERY}"),
    "no label in a row": ("csv", csv([*TRAIN, ("x", "")]), f"row 41: no label (''); {EVERY}"),
    "regression": (
        "jsonl",
        jsonl([*TRAIN, ("x", 0.5)]),
        "row 41: label 0.5: a number with a fraction: regression is not supported; data.labels can map such values to "
        "classes",
    ),
    "several labels": (
        "jsonl",
        jsonl([("x", ["a", "b"])]),
        "row 1: label ['a', 'b']: several labels a row are not supported",
    ),
    "labels of bytes": (
        "parquet",
        parquet([("a", b"0")]),
        "row 1: label b'0'; allowed: text, a whole number, true or false",
    ),
    "empty text": ("csv", csv([*TRAIN, ("", 1)]), "row 41: empty text; every row needs some"),
    "white space": ("csv", csv([*TRAIN, (" \t\u2003", 1)]), "row 41: empty text; every row needs some"),
    "null text": ("parquet", parquet([*TRAIN, (None, 1)]), "row 41: empty text; every row needs some"),
    "number as text": ("jsonl", jsonl([*TRAIN, (3, 1)]), "row 41: text 3; allowed: a Unicode string"),
    "half a surrogate": ("jsonl", jsonl([("\ud800", 1)]), r"row 1: text '\ud800'; allowed: a Unicode string"),
    "latin-1": ("csv", csv(TRAIN) + b"caf\xe9,1\n", f"line 42, byte 444: {ENCODING} cp1252, latin-1 or utf-16"),
    "utf-16": ("csv", csv(TRAIN).decode().encode("utf-16"), f"line 1, byte 0: {ENCODING} utf-16"),
    "NUL, CSV": ("csv", csv([*TRAIN, ("a\0b", 1)]), "row 41: NUL byte at character 2 of the text; allowed: none"),
    "NUL, JSON": ("jsonl", jsonl([("a\0b", 1)]), "row 1: NUL byte at character 2 of the text; allowed: none"),
    "NUL, Parquet": ("parquet", parquet([("\0", 1)]), "row 1: NUL byte at character 1 of the text; allowed: none"),
    "10 MB": ("csv", csv([*TRAIN, ("x" * 10**7, 1)]), "row 41: text of 10000000 characters; allowed: at most 1000000"),
    "long row": ("csv", csv([("a", 1, 0)] * 40), "line 2: fields 3; allowed: 2, as in the header"),
    "short row": ("csv", csv([*TRAIN, ("x",)]), "line 42: fields 1; allowed: 2, as in the header"),
    "open quote": (
        "csv",
        csv([("a", 1), ('"b', 0), *TRAIN]),
        f"line 3: {QUOTES}",
    ),
    "quote within": (
        "tsv",
        b'text\tlabel\n"A" film\t1\n',
        f"line 2: {QUOTES}",
    ),
    "same column twice": ("csv", csv([("a", "b", 1)], "text,text,label"), "columns 'text': 2; allowed: one"),
    "broken JSON": (
        "jsonl",
        jsonl(TRAIN) + b"{oops\n",
        "line 41: not valid JSON: Expecting property name enclosed in double quotes",
    ),
    "key twice": (
        "jsonl",
        b'\n{"text": "a", "text": "b", "label": 1}\n',
        "line 2: not valid JSON: a key occurs twice in an object",
    ),
    "null rows": ("jsonl", b"null\nnull\n", "row 1: None; allowed: an object with text and label"),
    "truncated": (
        "parquet",
        parquet(TRAIN)[:-9],
        "cannot be read as Parquet: Parquet magic bytes not found in footer. Either the file is corrupted or this is "
        "not a parquet file.",
    ),
    "random bytes": (
        "parquet",
        bytes(range(256)),
        "cannot be read as Parquet: Parquet magic bytes not found in footer. Either the file is corrupted or this is "
        "not a parquet file.",
    ),
    "no bytes, Parquet": ("parquet", b"", "cannot be read as Parquet: Parquet file size is 0 bytes"),
    "no bytes, CSV": ("csv", b"", "no rows"),
    "no bytes, JSON": ("jsonl", b"", "no rows"),
    "JSON by column": (
        "json",
        b'{"text": {"0": "a", "1": "b"}, "label": {"0": 0, "1": 1}}',
        "one object that holds text, label; allowed: an object a row, or a list of them (of pandas: to_json(..., "
        "orient='records', lines=True))",
    ),
    "JSON under a key": (
        "json",
        b'{"data": [{"text": "a", "label": 0}]}',
        "one object that holds data; allowed: an object a row, or a list of them (of pandas: to_json(..., "
        "orient='records', lines=True))",
    ),
    "UTF-16 without a mark": (
        "csv",
        csv(TRAIN).decode().encode("utf-16-le"),
        "every other byte is NUL, as in UTF-16; give csv.encoding: utf-16-le",
    ),
    "UTF-16 without a mark, big end first": (
        "csv",
        csv(TRAIN).decode().encode("utf-16-be"),
        "every other byte is NUL, as in UTF-16; give csv.encoding: utf-16-be",
    ),
    "header alone": ("csv", b"text,label\n", "no rows"),
}


@pytest.mark.parametrize(("suffix", "content", "message"), ROWS.values(), ids=ROWS)
def test_a_file_that_cannot_be_used(suffix, content, message, monkeypatch):
    Path("reviews/train.csv").unlink()
    Path("reviews", f"train.{suffix}").write_bytes(content)
    assert refused(monkeypatch) == f"reviews/train.{suffix}: {message}"


@pytest.mark.parametrize("split", ["validation", "test"])
def test_every_labelled_split_is_checked(split, monkeypatch):
    Path(f"reviews/{split}.csv").write_bytes(csv([("a", 0), ("b", 1), ("c", -1)]))
    every = MARKER.replace("train", split)
    assert refused(monkeypatch) == f"reviews/{split}.csv: row 3: no label ('-1'); {every}"


def test_a_flipped_bit_of_a_parquet_file_with_checksums(monkeypatch):
    content = bytearray(parquet(TRAIN, write_page_checksum=True, compression="none", use_dictionary=False))
    content[content.index(b"train 7")] ^= 1
    Path("reviews/train.csv").unlink()
    Path("reviews/train.parquet").write_bytes(content)
    fault = "could not verify page integrity, CRC checksum verification failed for page_ordinal 0"
    assert refused(monkeypatch) == f"reviews/train.parquet: cannot be read as Parquet: {fault}"


def test_one_class_only_in_train(monkeypatch):
    Path("reviews/train.csv").write_bytes(csv([(f"only {i}", 1) for i in range(30)]))
    assert refused(monkeypatch) == (
        "reviews (de-duplicated): train: none of 30 rows is of class '0'; required: rows of every class; "
        "data.labels can name those that have enough"
    )


def test_a_class_by_mistake(monkeypatch):
    Path("reviews/train.csv").write_bytes(csv([*TRAIN, ("x", 2)]))
    assert refused(monkeypatch) == (
        "reviews (de-duplicated): one row in all is of class '2'; required: at least two; "
        "data.labels can name those that have enough"
    )
    configure(labels={"0": 0, "1": 1})
    assert refused(monkeypatch) == (
        "reviews/train.csv: row 41: label '2'; data.labels has 0, 1; labels_other: drop leaves such rows out and "
        "counts them"
    )


def test_paths_and_folders(monkeypatch):
    configure("nowhere")
    assert refused(monkeypatch) == f"data.path: nowhere: not found; expected {LAYOUTS}"
    configure("~no-such-user/reviews")
    assert refused(monkeypatch) == "~no-such-user/reviews: cannot be read: Could not determine home directory."
    Path("empty").mkdir()
    configure("empty")
    assert refused(monkeypatch) == f"empty: no train split; expected {LAYOUTS}; there: nothing"
    Path("empty/notes.txt").touch()
    Path("empty/reviews.csv").write_bytes(csv(TRAIN))
    assert refused(monkeypatch) == f"empty: no train split; expected {LAYOUTS}; there: notes.txt, reviews.csv"
    Path("empty/reviews.csv").rename("empty/test.csv")
    Path("empty/train.csv").mkdir()
    assert refused(monkeypatch) == "empty/train.csv: not a file; expected one in the format .csv"


def test_unexpected_files(monkeypatch):
    Path("reviews/README.md").write_text("not data", encoding="utf-8")
    Path("reviews/dataset_info.json").write_text("{}", encoding="utf-8")
    Path("reviews/.train.csv").write_text("an editor's", encoding="utf-8")
    for name in ("train_raw_unclean.csv", "test_predictions_of_bert.csv"):
        Path("reviews", name).write_bytes(csv(TEST))
    Path("reviews/val.csv").write_bytes(csv(TEST))
    assert refused(monkeypatch) == (
        "reviews: validation in val.csv, validation.csv; allowed: one file or folder, or files numbered under one name"
    )
    Path("reviews/val.csv").unlink()
    prepare.main()
    assert Card.read().splits["train"].rows == 40
    assert Card.read().ignored_files == ["test_predictions_of_bert.csv", "train_raw_unclean.csv"]


def test_duplicates_and_leaks_are_reported_and_no_fault():
    Path("reviews/train.csv").write_bytes(csv([*TRAIN, TRAIN[3], ("train 4", 1)]))
    Path("reviews/test.csv").write_bytes(csv([*TEST, TRAIN[5]]))
    prepare.main()
    card = Card.read()
    assert (card.splits["train"].duplicates_removed, card.splits["test"].duplicates_removed) == (2, 1)
    assert (card.conflicting_duplicates, card.leakage.test_in_train_before, card.leakage.test_in_train_after) == (
        1,
        1,
        0,
    )


def test_a_text_at_the_limit_is_taken():
    Path("reviews/train.csv").write_bytes(csv([*TRAIN, ("x" * 10**6, 1)]))
    prepare.main()
    assert pd.read_parquet("data/raw/train.parquet")["text"].str.len().max() == 10**6
