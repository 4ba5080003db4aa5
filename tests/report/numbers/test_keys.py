"""The forms of keys: each is of numbers that the code enters, and none lets another one's misspelling through."""

import re

import pytest

from stages.data.checks import SPLITS
from stages.report.numbers.keys import FORMS, may_be
from tests.helpers.tiny_study import ROOT

NAMES = ["distilbert", "lora-r8", "full"]


@pytest.mark.parametrize(
    "key",
    [
        "close",
        "grid.seed.12",
        "distilbert.full.accuracy",
        "distilbert.lora-r8.vs.full.p",
        "pairs.the learning rate.tested",
        "claim.deberta-memory.memory",
        "version.torch",
        "configuration.full.option.layers",
        "imdb.full.accuracy",
    ],
)
def test_of_a_form(key):
    assert may_be(key, NAMES)


@pytest.mark.parametrize(
    "key",
    ["closer", "grid.seed.x", "distilbert.fall.accuracy", "distilbert.full", "distilbert.lora-r8.vs.full", "claim", ""],
)
def test_of_none(key):
    assert not may_be(key, NAMES)


def test_every_word_of_a_form_stands_in_the_code_that_enters_numbers():
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "stages/report").rglob("*.py"))
    code = code.replace(FORMS, "")
    words = set(re.findall(r"[a-z0-9_]+", FORMS)) - set(SPLITS)  # which are entered as the card has them
    # of a key that is put together from two parts, either stands there
    parts = {word: [word, *word.rsplit("_", 1)] for word in words}
    assert [word for word, of_word in sorted(parts.items()) if not any(part in code for part in of_word)] == []
