from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.data.checks import LAYOUTS
from tests.helpers.local_reviews import TEST, TRAIN, fault, frame, load, rows, write, write_text

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def tree(root: str, **texts: list[str]) -> None:
    for folder, names in texts.items():
        for name in names:
            write_text(f"{root}/{folder.replace('_', '/')}/{name}.txt", f"{folder} {name} é<br />")


ACL_IMDB = {"train_neg": ["10_1", "9_2"], "train_pos": ["0_9"], "train_unsup": ["0_0"]}
ACL_IMDB |= {"test_neg": ["0_3"], "test_pos": ["0_8"]}


@pytest.mark.parametrize("path", ["aclImdb", "."])
def test_acl_imdb_tree_in_the_order_of_file_numbers(path):
    tree("aclImdb", **ACL_IMDB)
    write_text("aclImdb/train/urls_pos.txt", "http://")
    write_text("aclImdb/train/labeledBow.feat", "9 0:9")
    origin, splits = load(path)
    assert rows(splits["train"]) == [
        ("train_neg 9_2 é<br />", 0),
        ("train_neg 10_1 é<br />", 0),
        ("train_pos 0_9 é<br />", 1),
    ]
    assert rows(splits["test"]) == [("test_neg 0_3 é<br />", 0), ("test_pos 0_8 é<br />", 1)]
    assert rows(splits["unsupervised"]) == [("train_unsup 0_0 é<br />", -1)]
    assert (origin.classes, origin.raw_labels) == (["neg", "pos"], {"neg": "neg", "pos": "pos"})
    assert origin.ignored_files == ["train/urls_pos.txt" if path == "aclImdb" else "aclImdb/train/urls_pos.txt"]
    named = {"0": "negative", "1": "positive", "neg": "negative", "pos": "positive"}
    assert load(path, labels=named)[0].classes == ["negative", "positive"]


def test_any_folders_of_classes_and_texts_without_labels():
    tree("d", train_spam=["b", "a10", "a9"], train_ham=["x"], train_work=["y"], dev_spam=["v"], dev_ham=["v"])
    tree("d", unlabelled=["u"], test=["hidden"])
    origin, splits = load("d", test=0.2)
    assert origin.classes == ["ham", "spam", "work"]
    assert [text.split()[1] for text, label in rows(splits["train"]) if label == 1] == ["a9", "a10", "b"]
    assert rows(splits["validation"]) == [("dev_ham v é<br />", 0), ("dev_spam v é<br />", 1)]
    assert rows(splits["unsupervised"]) == [("unlabelled u é<br />", -1)]
    assert (splits["test"].empty, origin.ignored_files) == (True, ["test (no labels)"])
    assert fault("d").startswith("data.test: missing; d/test: no label in the test split: give rows or a share")
    assert fault("d", labels=["ham", "spam"], test=2) == (
        "d/train/work/y.txt: label 'work'; data.labels has ham, spam; labels_other: drop leaves such rows out and "
        "counts them"
    )


def test_faults_of_the_tree():
    tree("d", **ACL_IMDB)
    assert fault("d", columns={"pair": "other"}) == (
        "data.columns: d/train/neg holds texts in files of their own; leave columns out"
    )
    Path("d/train/neg/9_2.txt").write_bytes(b"caf\xe9")
    assert fault("d") == "d/train/neg/9_2.txt: line 1, byte 3: not valid UTF-8; save the file as UTF-8"
    write_text("d/train/neg/9_2.txt", " \n")
    assert fault("d") == "d/train/neg/9_2.txt: empty text; every row needs some"
    write_text("d/train/neg/9_2.txt", "a\0b")
    assert fault("d") == "d/train/neg/9_2.txt: NUL byte at character 2 of the text; allowed: none"
    Path("d/train/neg/7_2.txt").symlink_to("nowhere")
    assert fault("d") == "d/train/neg/7_2.txt: cannot be read: No such file or directory"
    Path("d/train/neg/7_2.txt").unlink()
    write(TRAIN, "d/train/more.csv")
    assert fault("d") == "d/train: more.csv beside folders of texts; allowed: one of the two"
    Path("d/train/more.csv").unlink()
    Path("d/test/pos/0_8.txt").rename("d/test/pos/0_8.text")
    assert fault("d") == f"d/test/pos: no *.txt; expected {LAYOUTS}"


def test_columns_by_name_and_the_others_named():
    table = frame(TRAIN).rename(columns={"text": "Review body", "label": "Class Index"}).assign(stars=3)
    write(table, "d/train.parquet")
    write(table.assign(id=1).drop(columns="stars"), "d/test.csv")
    columns = {"text": "Review body", "label": "Class Index"}
    origin, splits = load("d", columns=columns)
    assert (rows(splits["train"]), rows(splits["test"])) == (TRAIN, TRAIN)
    assert list(splits["train"].columns) == ["text", "label"]
    assert (origin.unused_columns, origin.columns.text) == (["stars", "id"], "Review body")
    assert fault("d") == (
        "d/train.parquet: no column 'text' among Review body, Class Index, stars; give data.columns.text"
    )
    assert fault("d", columns=columns | {"label": "stars"}) == (
        "data.test: missing; d/test.csv: no label in the test split: give rows or a share to carve it from train, such "
        "as data.test: 0.2"
    )
    assert fault("d", columns=columns | {"label": "rating"}) == (
        "d/train.parquet: no column 'rating' among Review body, Class Index, stars; give data.columns.label"
    )


def test_columns_without_a_name_and_with_an_odd_one():
    write(frame(TRAIN).assign(**{"a\nb": 1}), "d/train.csv")
    frame(TEST).to_csv("d/test.csv")  # with the index, whose column has no name
    assert load("d")[0].unused_columns == [r"'a\nb'", "(no name)"]


def test_columns_given_twice():
    write_text("d/train.csv", "text,text,x,x,label\na,b,1,1,0\n")
    assert fault("d") == "d/train.csv: columns 'text': 2; allowed: one"
    write_text("d/train.csv", "text,x,x,label\na,1,1,0\nb,1,1,1\n")
    assert load("d", test=2)[0].unused_columns == ["x"]
    values = [pa.array(["a", "b"])] * 3
    for names in (["text", "text", "y"], ["text", "y", "y"]):
        pq.write_table(pa.Table.from_arrays([*values, pa.array([0, 1])], names=[*names, "label"]), "twice.parquet")
        if names.count("text") > 1:
            assert fault("twice.parquet") == "twice.parquet: columns 'text': 2; allowed: one"
    assert load("twice.parquet", test=2)[1]["train"]["text"].tolist() == ["a", "b"]


PAIRS = pd.DataFrame(
    {"premise": ["a", "b"], "hypothesis": ["c", "d"], "label": ["neutral", "entailment"], "genre": ["x", "x"]}
)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_pairs(suffix):
    for split in ("train", "test"):
        write(PAIRS, f"d/{split}.{suffix}")
    origin, splits = load("d", columns={"text": "premise", "pair": "hypothesis"})
    assert list(splits["train"].columns) == ["text", "pair", "label"]
    assert rows(splits["train"]) == [("a", "c", 1), ("b", "d", 0)]
    assert list(splits["unsupervised"].columns) == ["text", "pair", "label"]
    assert (origin.columns.pair, origin.unused_columns) == ("hypothesis", ["genre"])
    assert fault("d") == (
        f"d/train.{suffix}: no column 'text' among premise, hypothesis, label, genre; give data.columns.text, or for "
        "pairs data.columns: {text: premise, pair: hypothesis}"
    )
    write(PAIRS.assign(hypothesis=["c", " "]), f"d/test.{suffix}")
    assert fault("d", columns={"text": "premise", "pair": "hypothesis"}) == (
        f"d/test.{suffix}: row 2: empty pair; every row needs some"
    )


@pytest.mark.parametrize("name", ["text_pair", "sentence2", "Question", "hypothesis", "text 2", "TEXT-B"])
def test_half_of_a_pair_is_not_left_out_in_silence(name):
    write(frame(TRAIN).assign(**{name: "other"}), "d/train.csv")
    write(frame(TEST).assign(**{name: "other"}), "d/test.csv")
    assert fault("d") == (
        f"d/train.csv: column {name!r} looks like the other text of a pair; give data.columns: {{text: text, pair: "
        f"{name}}}, or {{unused: [{name}]}} to leave it out"
    )
    assert rows(load("d", columns={"pair": name})[1]["test"])[1] == ("bad", "other", 0)
    origin, splits = load("d", columns={"unused": [name]})
    assert (rows(splits["test"]), origin.unused_columns) == (TEST, [name])


def test_names_of_unused_columns_are_checked():
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    assert fault("d", columns={"unused": ["sentence2"]}) == (
        "data.columns.unused: 'sentence2': no such column; there: text, label"
    )


def test_a_question_alone_is_no_half():
    write(frame(TRAIN).rename(columns={"text": "question"}), "train.csv")
    assert rows(load("train.csv", columns={"text": "question"}, test=2)[1]["train"]) == TRAIN
