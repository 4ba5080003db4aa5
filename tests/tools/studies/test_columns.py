"""Which columns are text, pair and label: told by names and values, asked for where they do not tell."""

import json
import shutil
from pathlib import Path

import pytest

from tests.helpers.new_study import CLASSES, OTHERS, TEXTS, fault, table, written

pytestmark = pytest.mark.usefixtures("with_params")


def test_two_columns_of_text_are_asked_about():
    table(Title=TEXTS, Description=OTHERS, label=CLASSES)
    again = "make new NAME=mine DATA=d.csv TEXT=Title"
    message = (
        f"TEXT: Title, Description could each be it; name one: {again}, or two of a pair: {again} PAIR=Description"
    )
    assert fault() == message
    assert written("d.csv", text="Title")[1].columns.text == "Title"
    shutil.rmtree("studies")
    columns = written("d.csv", text="Title", pair="Description")[1].columns
    assert (columns.text, columns.pair) == ("Title", "Description")


def test_half_of_a_pair_is_left_out_only_where_it_is_said():
    table(question1=TEXTS, question2=OTHERS, is_duplicate=["yes", "no"] * 20)
    columns = written("d.csv")[1].columns
    assert (columns.text, columns.pair, columns.unused) == ("question1", "question2", [])
    shutil.rmtree("studies")
    columns = written("d.csv", text="question2")[1].columns
    assert (columns.text, columns.pair, columns.unused) == ("question2", None, ["question1"])


def test_two_columns_of_classes_are_asked_about():
    table(text=TEXTS, coarse=CLASSES, fine=["a", "b", "c", "d"] * 10)
    assert fault() == "LABEL: coarse, fine could each be it; name one: make new NAME=mine DATA=d.csv LABEL=coarse"
    assert written("d.csv", label="fine")[1].columns.label == "fine"


def test_the_names_of_classes_are_taken_rather_than_their_ids():
    table(text=TEXTS, label=[0, 1] * 20, label_text=CLASSES)
    assert written("d.csv")[1].labels == {"ham": "ham", "spam": "spam"}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([f"name {i}" for i in range(40)], "LABEL: none of text, about looks like classes (2 to 200 values, each in"),
        (["x"] * 40, "LABEL: none of text, about looks like classes"),
    ],
)
def test_no_column_of_classes_is_asked_about(labels, message):
    table(text=TEXTS, about=labels)
    assert fault().startswith(message)
    assert fault().endswith("name the column: make new NAME=mine DATA=d.csv LABEL=about")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [i + 0.5 for i in range(40)],
            "label column 'label': numbers with fractions; regression is not supported, only classes are",
        ),
        (["ham"] * 40, "label column 'label': one class, ham, in all rows; required: two at least"),
        ([None] * 40, "label column 'label': no value in the train split; required: a label for every row"),
    ],
)
def test_what_is_no_class_is_refused(labels, message):
    table(text=TEXTS, label=labels)
    assert fault() == message


def test_lists_and_more_values_than_classes_are_refused():
    rows = [{"text": text, "label": ["a", "b"]} for text in TEXTS]
    Path("d.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    message = "label column 'label': lists; several labels a row (multi-label) are not supported, one class a row is"
    assert fault("d.jsonl") == message
    table(text=[f"text {i} of many" for i in range(300)], label=list(range(300)))
    message = "label column 'label': 300 different values; allowed: at most 200 classes "
    assert fault() == f"{message}(numbers and free text are no classes)"


def test_a_first_line_that_looks_like_a_row_is_not_taken_for_names():
    lines = [f"{text},{name}" for text, name in zip(TEXTS, CLASSES, strict=True)]
    Path("d.csv").write_text("\n".join(lines), encoding="utf-8")
    assert fault() == (
        "d.csv: its first line looks like a row: 'ham' is a value of the column that it names; put a line of names "
        "before it, such as text,label; or, if it is a name: make new NAME=mine DATA=d.csv LABEL=ham"
    )
    table(text=TEXTS, ham=CLASSES)
    assert written("d.csv", label="ham")[1].columns.label == "ham"


def test_two_columns_of_one_name_are_named():
    lines = [f"{text},{other},{name}" for text, other, name in zip(TEXTS, OTHERS, CLASSES, strict=True)]
    Path("d.csv").write_text("\n".join(["text,text,label", *lines]), encoding="utf-8")
    assert fault() == "TEXT: no column of texts; there: none but the label; more than once: text: rename one"


def test_the_strings_of_mrpc_are_a_pair():
    rows = [f"{i % 2}\t{i}\t{i + 1}\t{TEXTS[i]}\t{OTHERS[i]}" for i in range(40)]
    header = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"
    Path("d.tsv").write_text("\n".join([header, *rows]), encoding="utf-8")
    columns = written("d.tsv")[1].columns
    assert (columns.text, columns.pair, columns.label) == ("#1 String", "#2 String", "Quality")
