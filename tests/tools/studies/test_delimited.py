"""How CSV files are written: told for sure, or asked for."""

from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.new_study import CLASSES, TEXTS, fault, written
from tools.studies.delimited import is_western

pytestmark = pytest.mark.usefixtures("with_params")


def test_an_encoding_that_nothing_tells_is_asked_for():
    lines = ["text,label", *(f"хорошо {i},{name}" for i, name in enumerate(CLASSES))]
    Path("d.csv").write_bytes("\n".join(lines).encode("cp1251"))
    again = "make new NAME=mine DATA=d.csv ENCODING=cp1251"
    assert fault() == f"d.csv: neither UTF-8 nor surely of another encoding; name it: {again} (or whichever it is)"
    assert written("d.csv", encoding="cp1251")[1].csv.encoding == "cp1251"


@pytest.mark.parametrize(
    ("text", "encoding", "is_sure"),
    [
        ("Grüße aus Köln, naïve café", "latin-1", True),
        ("it\u2019s \u201cquoted\u201d \u2013 and more\u2026", "cp1252", True),
        ("price 5 £, 20°", "latin-1", True),
        ("zażółć gęślą jaźń", "iso8859-2", False),
        ("Ελληνικά κείμενα εδώ", "iso8859-7", False),
        ("привет мир", "koi8-r", False),
        ("日本語のテキスト", "shift-jis", False),
        ("un café, s'il vous plaît", "mac-roman", False),
    ],
)
def test_western_letters_are_told_from_others(text, encoding, is_sure):
    assert is_western(text.encode(encoding)) == is_sure


def test_utf_16_is_known_by_its_mark():
    frame = pd.DataFrame({"text": TEXTS, "label": CLASSES})
    frame.to_csv("d.csv", index=False, encoding="utf-16")
    assert written("d.csv")[1].csv.encoding == "utf-16"


@pytest.mark.parametrize(
    ("encoding", "why"),
    [
        ("utf-16", "by the mark at its beginning"),
        ("utf-16-le", "every other byte is NUL"),
        ("utf-16-be", "every other byte is NUL"),
        ("cp1252", "not valid UTF-8, and letters of Western Europe if read so"),
    ],
)
def test_a_guess_says_what_it_rests_on(encoding, why, capsys):
    texts = [f"{text} café" for text in TEXTS]
    pd.DataFrame({"text": texts, "label": CLASSES}).to_csv("d.csv", index=False, encoding=encoding)
    assert written("d.csv")[1].csv.encoding == encoding
    assert f"guessed: encoding {encoding}: {why}\n" in capsys.readouterr().out


def test_a_fault_that_no_delimiter_mends_asks_for_none():
    pd.DataFrame({"text": TEXTS, "label": CLASSES, "split": 0}).to_csv("d.csv", index=False)
    assert fault() == (
        "d.csv: row 1: split '0'; allowed: train, validation, valid, val, dev, test, unsupervised, unlabeled, "
        "unlabelled, unsup"
    )
