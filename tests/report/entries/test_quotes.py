from pathlib import Path

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.report.entries.build import build
from stages.report.entries.quotes import examples, excerpt
from tests.helpers.paper import untraced
from tests.helpers.tables import SMALL, make_results

pytestmark = pytest.mark.usefixtures("in_empty_folder")

CHINESE = "\u8fd9\u90e8\u7535\u5f71"


def quoted(texts: list[tuple[str, int]], **columns: list[str]) -> list[tuple[int, str, str | None]]:
    """Label, text and pair of each example of a training split."""
    results = make_results(**SMALL)
    frame = pd.DataFrame(texts, columns=["text", "label"]).assign(**columns)
    frame.to_parquet("data/raw/train.parquet", index=False)
    found = examples(results, build(results))
    return [(example.label, untraced(example.text), example.pair and untraced(example.pair)) for example in found]


def test_the_first_short_text_of_each_class():
    texts = [("a long text of many words", 1), ("a short one", 1), ("another", 1), ("no", 0)]
    assert quoted(texts) == [(0, "no", None), (1, "a short one", None)]


def test_a_text_that_cannot_be_shown_is_passed_over_for_a_longer_one():
    texts = [(CHINESE, 1), (f"{CHINESE} x", 1), ("one of many more words", 1), (CHINESE, 0)]
    assert quoted(texts) == [(1, "one of many more words", None)]


def test_a_pair_has_both_of_its_texts():
    texts = [("it rains", 0), ("it snows", 0), ("it hails", 1)]
    assert quoted(texts, pair=[CHINESE, "it is wet", "ice"]) == [(0, "it snows", "it is wet"), (1, "it hails", "ice")]


def test_an_empty_text_is_no_example():
    assert quoted([("", 0), ("word", 0), (" ", 1)]) == [(0, "word", None)]


def test_none_is_quoted_where_the_settings_say_so():
    results = make_results(**SMALL, **{"paper.examples": False})
    Path("data/raw/train.parquet").unlink()
    assert examples(results, build(results)) == []


def test_a_missing_split_is_named():
    results = make_results(**SMALL)
    Path("data/raw/train.parquet").unlink()
    with pytest.raises(InputError, match=r"^data/raw/train\.parquet: not found; run `dvc repro prepare` first$"):
        examples(results, build(results))


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a b", "a b"),
        (" ".join(["w"] * 31), " ".join(["w"] * 30) + " ..."),
        ("x" * 301, "x" * 299 + "\u2026"),
        ("a\n\tb", "a b"),
    ],
)
def test_an_excerpt_is_counted_in_words_and_in_characters(text, cut):
    assert excerpt(text) == cut
