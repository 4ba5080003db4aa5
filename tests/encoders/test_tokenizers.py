import hashlib
import os
import random
import subprocess
import sys

import pytest
from transformers import AutoTokenizer

from stages.data.generator import generate
from stages.data.settings import GeneratedData
from stages.encoders.tokenizers import SPECIAL, alphabet_size, train_tokenizer

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


@pytest.mark.parametrize("kind", KINDS)
def test_a_script_of_many_characters_is_known_too(kind):
    draw = random.Random(1)
    texts = ["".join(chr(0x4E00 + int(600 * draw.random() ** 2)) for _ in range(20)) for _ in range(300)]
    assert 256 < alphabet_size(texts, 2400) <= 600
    ids = train_tokenizer(kind, texts, 2400, 64)(texts)["input_ids"]
    unknown = SPECIAL[kind].index("<unk>" if kind == "byte-bpe" else "[UNK]")
    assert sum(row.count(unknown) for row in ids) <= 0.002 * 20 * len(texts)


def test_an_alphabet_is_no_smaller_than_that_of_bytes_and_no_larger_than_a_quarter_of_the_vocabulary():
    assert alphabet_size(["plain words"], 500) == 256
    many = ["".join(map(chr, range(0x4E00, 0x4E00 + 2000)))]
    assert (alphabet_size(many, 2000), alphabet_size(many, 8000)) == (500, 1998)


@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
def test_a_text_without_white_space_is_no_piece(kind):
    draw = random.Random(2)
    texts = ["".join(draw.choices("\u597d\u770b\u559c\u6b22\u7cbe\u5f69", k=9)) + str(number) for number in range(120)]
    tokenizer = train_tokenizer(kind, texts, 2000, 64)
    assert min(len(tokenizer.tokenize(text)) for text in texts) >= 3
