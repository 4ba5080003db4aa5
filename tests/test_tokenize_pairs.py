import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import load_from_disk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from stages import tokenize
from stages.encoders.token_report import TokenReport
from stages.encoders.tokenizers import train_tokenizer
from tests.helpers.families import FAMILIES
from tests.helpers.raw_splits import BINARY, write_raw
from tests.helpers.tiny_study import ROOT
from tests.helpers.word_tokenizer import CLS, SEGMENTS, SEP, SPECIAL, WORDS, configure, write_tokenizer

TEXTS = ["good", "a bad film", "very very very very very very very good film", "a very very very very good", "?"]
SPLITS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def _study(in_empty_folder):
    write_tokenizer("models/base/tiny")


def test_exact_rows_of_pairs():
    configure(9)
    pairs = {
        "text": ["good", "very very very very very very", "a film", "very", "?"],
        "pair": ["a bad film", "good", "very very very very very very very very", "", "good"],
        "label": [2, 0, 1, 0, 2],
    }
    for split in SPLITS:
        write_raw(split, pairs, ["entailment", "neutral", "contradiction"])
    tokenize.main("tiny")
    good, a, bad, film, very = (SPECIAL + WORDS).index("good"), 4, 5, 6, 8
    assert load_from_disk("data/tokenized/tiny")["test"].to_dict() == {
        "input_ids": [
            [CLS, good, SEP, a, bad, film, SEP],
            [CLS, *[very] * 5, SEP, good, SEP],
            [CLS, a, film, SEP, *[very] * 4, SEP],
            [CLS, very, SEP, SEP],
            [CLS, 1, SEP, good, SEP],
        ],
        "attention_mask": [[1] * length for length in (7, 9, 9, 4, 5)],
        "label": [2, 0, 1, 0, 2],
        "length": [7, 9, 9, 4, 5],
        "true_length": [7, 10, 13, 4, 5],
    }
    assert TokenReport.read("tiny").splits["test"].model_dump() == {
        "rows": 5,
        "truncated_share": 0.4,
        "tokens_median": 7.0,
        "tokens_max": 13,
    }


def test_a_model_that_embeds_segments_is_told_which_text_a_token_is_of():
    write_tokenizer("models/base/tiny", config=SEGMENTS)
    configure(9)
    pairs = {"text": ["good", "a film", "very"], "pair": ["a bad film", "very very very very very very", ""]}
    for split in SPLITS:
        write_raw(split, pairs | {"label": [1, 0, 1]}, BINARY)
    tokenize.main("tiny")
    data = load_from_disk("data/tokenized/tiny")["test"]
    assert data["token_type_ids"][:] == [[0] * 3 + [1] * 4, [0] * 4 + [1] * 5, [0] * 3 + [1]]
    assert [len(row) for row in data["token_type_ids"]] == data["length"][:]


def test_single_texts_have_no_segments_whatever_the_model():
    write_tokenizer("models/base/tiny", config=SEGMENTS)
    configure(9)
    for split in SPLITS:
        write_raw(split, {"text": ["good", "a film"], "label": [1, 0]}, BINARY)
    tokenize.main("tiny")
    assert "token_type_ids" not in load_from_disk("data/tokenized/tiny")["test"].column_names


def test_a_tokenizer_without_a_mark_between_texts_is_given_a_new_line():
    """As Qwen2's, which adds no special token."""
    FAMILIES["qwen2"].write(Path("models/base/tiny"), TEXTS)
    tokenizer = AutoTokenizer.from_pretrained("models/base/tiny")
    encoded = tokenize.encode(tokenizer, ["a bad", "good film"], ["film", "very good"], 32)
    assert [tokenizer.decode(ids) for ids in encoded["input_ids"]] == ["a bad\nfilm", "good film\nvery good"]
    assert encoded["true_length"] == [
        len(tokenizer(text)["input_ids"]) for text in ("a bad\nfilm", "good film\nvery good")
    ]


@pytest.mark.parametrize("kind", ["wordpiece", "byte-bpe", "unigram"])
@pytest.mark.parametrize("max_length", [8, 11, 32])
def test_lengths_of_pairs_are_those_of_each_family_s_tokenizer(kind, max_length):
    firsts, seconds = TEXTS, [*TEXTS[2:], *TEXTS[:2]]
    tokenizer = train_tokenizer(kind, TEXTS, 300, 32)
    encoded = tokenize.encode(tokenizer, firsts, seconds, max_length)
    special = tokenizer.num_special_tokens_to_add(pair=True)
    for row, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        apart = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in (first, second)]
        assert encoded["true_length"][row] == sum(apart) + special
        assert encoded["length"][row] == min(sum(apart) + special, max_length) == len(encoded["input_ids"][row])
        cut = tokenizer(first, second, truncation="longest_first", max_length=max_length)
        assert encoded["input_ids"][row] == cut["input_ids"]


def test_a_pair_beyond_what_the_model_takes_is_cut_without_a_word():
    configure(8)
    for split in SPLITS:
        write_raw(split, {"text": ["very " * 10_000], "pair": ["good " * 20_000], "label": [1]}, BINARY)
    command = [sys.executable, "-m", "stages.tokenize", "tiny"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert TokenReport.read("tiny").splits["train"].tokens_max == 30_003


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=4),
    max_length=st.integers(8, 17),
    side=st.sampled_from(["left", "right"]),
)
def test_pairs_are_cut_as_transformers_cuts_them(texts, max_length, side):
    tokenizer = AutoTokenizer.from_pretrained("models/base/tiny", truncation_side=side)
    words = " ".join(itertools.islice(itertools.cycle(WORDS), 14)).split()
    firsts = [" ".join(words[:first]) for first, _ in texts]
    seconds = [" ".join(words[:second]) for _, second in texts]
    wanted = AutoTokenizer.from_pretrained("models/base/tiny", truncation_side=side)(
        firsts, seconds, truncation="longest_first", max_length=max_length, return_token_type_ids=True
    )
    made = tokenize.encode(tokenizer, firsts, seconds, max_length, with_segments=True)
    assert {name: made[name] for name in wanted} == dict(wanted)
    assert made["true_length"] == [first + second + 3 for first, second in texts]
