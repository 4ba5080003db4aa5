import pytest

from stages.core.errors import InputError
from stages.encoders.corpus import Corpus, Rows, pad, read_rows, read_unlabelled
from tests.helpers.raw_splits import write_raw
from tests.helpers.tiny_encoders import BASE, make

THREE = ["yes", "no", "maybe"]
PAIRS = {"text": ["good", "fine", "bad"], "pair": ["the plot", "the cast", "the score"], "label": [2, 0, 1]}


def test_pad_marks_what_is_text():
    ids, attention = pad([[5, 6, 7], [8]], pad_id=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert attention.tolist() == [[1, 1, 1], [1, 0, 0]]


@pytest.mark.usefixtures("in_empty_folder")
def test_rows_of_pairs_are_read_with_their_ratings_and_classes():
    write_raw("unsupervised", PAIRS, THREE)
    assert read_unlabelled(BASE) == Rows(PAIRS["text"], PAIRS["pair"], [2, 0, 1], classes=3)
    assert read_rows("unsupervised", 2, seed=1).texts == ["good", "bad"]
    assert read_rows("unsupervised", 2, seed=1).pairs == ["the plot", "the score"]


@pytest.mark.usefixtures("in_empty_folder")
def test_without_unsupervised_rows_those_of_train_lose_their_labels():
    write_raw("unsupervised", {"text": [], "label": []}, THREE)
    write_raw("train", {"text": ["good", "bad"], "label": [2, 0]}, THREE)
    assert read_unlabelled(BASE) == Rows(["good", "bad"], None, [-1, -1], classes=3)


@pytest.mark.usefixtures("in_empty_folder")
def test_a_missing_split_is_named():
    with pytest.raises(InputError) as error:
        read_unlabelled(BASE)
    assert str(error.value) == "data/raw/unsupervised.parquet: not found; run `dvc repro prepare` first"


def test_a_pair_is_encoded_as_one_row_and_both_texts_are_documents():
    _, tokenizer, _ = make()
    rows = Rows(PAIRS["text"], PAIRS["pair"], PAIRS["label"], 3)
    assert rows.documents() == ["good", "fine", "bad", "the plot", "the cast", "the score"]
    corpus = Corpus.of(rows, tokenizer, 16)
    assert tokenizer.decode(corpus.ids[0]) == "[CLS] good [SEP] the plot [SEP]"
    assert corpus.ratings == [2, 0, 1]
    assert Corpus.of(Rows(PAIRS["text"], None, PAIRS["label"], 3), tokenizer, 16).ids[0] == tokenizer("good").input_ids


def test_segments_of_pairs_are_kept_where_an_encoder_asks_for_them():
    _, tokenizer, _ = make()
    pairs = Rows(PAIRS["text"], PAIRS["pair"], PAIRS["label"], 3)
    corpus = Corpus.of(pairs, tokenizer, 16, with_segments=True)
    second = len(tokenizer("good").input_ids)  # with the special tokens: where the second text begins
    assert corpus.segments[0] == [0] * second + [1] * (len(corpus.ids[0]) - second)
    inputs = corpus.take([0, 2]).inputs(tokenizer.pad_token_id)
    assert inputs["token_type_ids"].shape == inputs["input_ids"].shape
    assert inputs["token_type_ids"].sum(dim=1).tolist() == [sum(corpus.segments[0]), sum(corpus.segments[2])]
    assert Corpus.of(pairs, tokenizer, 16).segments is None
    assert Corpus.of(Rows(PAIRS["text"], None, [0, 0, 0], 3), tokenizer, 16, with_segments=True).segments is None
