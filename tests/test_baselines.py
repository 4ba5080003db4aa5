import warnings

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import baselines
from stages.analysis.baselines import Baselines
from stages.core.errors import InputError
from tests.helpers.preparation import make_card

WORDS = {0: "dull slow awful", 1: "bright warm superb"}


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder):
    baselines.RAW.mkdir(parents=True)
    make_card().write_to(baselines.RAW / "card.json")


def write_texts(name: str, texts: list[str], labels: list[int], **pair: list[str]) -> None:
    pd.DataFrame({"text": texts, **pair, "label": labels}).to_parquet(baselines.RAW / f"{name}.parquet")


def found(*classes: str) -> Baselines:
    if classes:
        make_card(classes=list(classes)).write_to(baselines.RAW / "card.json")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        baselines.main()
    return Baselines.read()


def write_split(name: str, labels: list[int], wrong: int = 0) -> None:
    """Texts that tell their label, but for the first ``wrong`` of them, which tell the other."""
    texts = [f"a {WORDS[1 - y if row < wrong else y]} film number{row}" for row, y in enumerate(labels)]
    pd.DataFrame({"text": texts, "label": labels}).to_parquet(baselines.RAW / f"{name}.parquet")


def test_scores_on_the_test_split():
    write_split("train", [0, 1, 1] * 10)
    write_split("validation", [0, 1] * 5)
    write_split("test", [0, 1, 1, 1, 0] * 4, wrong=3)
    scores = found()
    assert (scores.majority.label, scores.majority.test_accuracy) == (1, 0.6)
    assert scores.majority.test_f1_macro == pytest.approx(0.75 / 2)
    assert scores.tfidf_logistic_regression.unit == "words"
    assert scores.tfidf_logistic_regression.test_accuracy == 17 / 20
    assert scores.tfidf_logistic_regression.validation_accuracy == 1.0
    assert scores.ceiling_accuracy == 0.95


def test_classes_of_any_number_each_count_for_f1():
    words = ["apple pear", "iron steel", "rain snow", "never seen"]
    for name in ("train", "validation"):
        write_texts(name, [f"{words[row % 3]} number{row}" for row in range(30)], [0, 1, 2] * 10)
    write_texts("test", [words[0], words[0], words[1], words[2], words[3]], [0, 0, 1, 2, 3])
    scores = found("fruit", "metal", "weather", "other")
    assert (scores.majority.label, scores.majority.test_accuracy) == (0, 0.4)
    assert scores.majority.test_f1_macro == pytest.approx(4 / 7 / 4)
    assert scores.tfidf_logistic_regression.test_accuracy == 0.8
    assert scores.tfidf_logistic_regression.test_f1_macro == pytest.approx((0.8 + 1 + 1 + 0) / 4)


def test_pairs_have_features_of_their_own():
    for name in ("train", "validation", "test"):
        firsts = ["cat sat" if row % 2 else "dog sat" for row in range(20)]
        seconds = ["dog ran" if row % 2 else "cat ran" for row in range(20)]
        write_texts(name, firsts, [row % 2 for row in range(20)], pair=seconds)
    scores = found()
    assert scores.tfidf_logistic_regression.test_accuracy == 1.0
    assert scores.tfidf_logistic_regression.features == 5 + 5  # cat, dog, sat, cat sat, dog sat; and of the second


def test_the_second_text_of_a_pair_decides_where_the_first_does_not():
    for name in ("train", "validation", "test"):
        seconds = [f"{WORDS[row % 2]} indeed" for row in range(20)]
        write_texts(name, ["the same"] * 20, [row % 2 for row in range(20)], pair=seconds)
    assert found().tfidf_logistic_regression.test_accuracy == 1.0


UNSEGMENTED = {0: "糟糕透顶的电影", 1: "精彩绝伦的电影"}
ENDINGS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜"


@pytest.mark.parametrize(
    "texts",
    [
        [f"{UNSEGMENTED[row % 2]}{ENDINGS[row]}" for row in range(30)],
        [f"{'good' if row % 2 else 'bad'}{row}" for row in range(30)],  # one token a text, no two the same
        [f"{'!' if row % 2 else '?'}" * (row + 1) for row in range(30)],  # no word at all
        # A word in common, but not for most.
        [f"{UNSEGMENTED[row % 2]}{ENDINGS[row]}" + (" 好看" if row > 26 else "") for row in range(30)],
    ],
    ids=["Chinese", "one token", "no word", "few words in common"],
)
def test_without_words_in_common_characters_are_counted(texts, capsys):
    for name in ("train", "validation", "test"):
        write_texts(name, texts, [0, 1] * 15)
    scores = found()
    assert scores.tfidf_logistic_regression.unit == "characters"
    assert scores.tfidf_logistic_regression.test_accuracy == 1.0
    assert capsys.readouterr().out == "majority 0.5000, TF-IDF of characters and logistic regression 1.0000\n"


def test_one_text_of_the_pairs_without_words_in_common_is_enough_for_characters():
    for name in ("train", "validation", "test"):
        write_texts(name, ["the same"] * 20, [0, 1] * 10, pair=[f"{'ab'[row % 2]}{row}" for row in range(20)])
    assert found().tfidf_logistic_regression.unit == "characters"


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(2, 4), st.booleans())
def test_any_texts_with_every_class_have_scores(data, classes, has_pairs):
    """As ``prepare`` leaves them: no text is blank, and a split has each class; a second text may be blank."""
    for name in ("train", "validation", "test"):
        labels = [*range(classes), *data.draw(st.lists(st.integers(0, classes - 1), max_size=8))]
        texts = data.draw(st.lists(TEXT, min_size=len(labels), max_size=len(labels)))
        pair = {"pair": data.draw(st.lists(TEXT | st.just(" "), min_size=len(labels), max_size=len(labels)))}
        write_texts(name, texts, labels, **(pair if has_pairs else {}))
    scores = found(*(f"class {label}" for label in range(classes)))
    assert scores.tfidf_logistic_regression.features > 0


def test_regularisation_is_chosen_without_the_test_split():
    write_split("train", [0, 1] * 10)
    write_split("validation", [0, 1] * 5)
    write_split("test", [0, 1] * 10)
    baselines.main()
    first = Baselines.read().tfidf_logistic_regression.c
    write_split("test", [0, 1] * 10, wrong=20)
    baselines.main()
    assert Baselines.read().tfidf_logistic_regression.c == first == 0.1
    assert Baselines.read().tfidf_logistic_regression.test_accuracy == 0.0


def test_missing_split_is_named():
    with pytest.raises(InputError, match=r"data/raw/train\.parquet: not found; run `dvc repro prepare` first"):
        baselines.main()


def test_invalid_file_is_named():
    with pytest.raises(InputError, match=r"metrics/baselines\.json: not found; run `dvc repro baselines` first"):
        Baselines.read()
    Baselines.path().parent.mkdir()
    Baselines.path().write_text("{}")
    with pytest.raises(
        InputError, match=r"metrics/baselines\.json: \S+: Field required \(and 2 more\); run `dvc repro -f baselines`"
    ):
        Baselines.read()
