import hashlib
import os
import subprocess
import sys

import pytest
from transformers import AutoTokenizer

from stages.data.generator import generate
from stages.data.settings import GeneratedData
from stages.encoders.tokenizers import SPECIAL, train_tokenizer

KINDS = ("wordpiece", "byte-bpe", "unigram")
CLASSES = {"wordpiece": "DistilBertTokenizer", "byte-bpe": "RobertaTokenizer", "unigram": "DebertaV2Tokenizer"}
VOCABULARIES = """
from tests.encoders.test_tokenizers import KINDS, digest, make_texts
from stages.encoders.tokenizers import train_tokenizer
for kind in KINDS:
    print(digest(train_tokenizer(kind, make_texts(), 500, 32)))
"""


def digest(tokenizer) -> str:
    return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()


def make_texts() -> list[str]:
    data = GeneratedData(source="generated", train=200, validation=2, test=2, unsupervised=0, label_noise=0.0, seed=3)
    return list(generate(data)["train"]["text"])


@pytest.fixture(scope="module")
def texts():
    return make_texts()


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_frame_a_text_and_come_first(kind, texts):
    tokenizer = train_tokenizer(kind, texts, 500, 32)
    assert type(tokenizer).__name__ == CLASSES[kind]
    assert tokenizer.convert_ids_to_tokens(range(5)) == list(SPECIAL[kind])
    assert len(tokenizer) <= 500
    assert tokenizer.model_max_length == 32
    ids = tokenizer("the plot was good")["input_ids"]
    assert ids[0] == tokenizer.cls_token_id
    assert ids[-1] == tokenizer.sep_token_id
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "the plot was good"


@pytest.mark.parametrize("kind", KINDS)
def test_auto_tokenizer_gives_the_same_ids_back(kind, texts, tmp_path):
    tokenizer = train_tokenizer(kind, texts, 500, 32)
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    options = {"truncation": True, "max_length": 32}
    strange = ["", "Caf\u00e9 \u2603 \u65e5\u672c", "tabs\tand\n\nlines", *texts]
    assert again(strange, **options)["input_ids"] == tokenizer(strange, **options)["input_ids"]
    assert (again.pad_token, again.mask_token) == (tokenizer.pad_token, tokenizer.mask_token)
    assert again.model_max_length == 32


@pytest.mark.parametrize("kind", KINDS)
def test_common_words_are_whole_and_apart_from_their_punctuation(kind, texts):
    tokenizer = train_tokenizer(kind, texts, 1000, 64)
    pieces = [piece.strip("\u2581\u0120") for piece in tokenizer.tokenize(" the plot was very good, but the script")]
    assert pieces == ["the", "plot", "was", "very", "good", ",", "but", "the", "script"]


@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
def test_unseen_words_fall_apart_into_known_characters(kind, texts):
    tokenizer = train_tokenizer(kind, texts, 300, 64)
    assert tokenizer.unk_token_id not in tokenizer("wonderfulness plotted")["input_ids"]
    assert tokenizer.unk_token_id in tokenizer("\u65e5\u672c")["input_ids"]


def test_the_vocabulary_is_the_same_in_any_process(texts):
    there = subprocess.run(
        [sys.executable, "-c", VOCABULARIES],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.split()
    assert there == [digest(train_tokenizer(kind, texts, 500, 32)) for kind in KINDS]
