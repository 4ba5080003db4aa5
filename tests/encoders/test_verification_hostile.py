"""Files of a checkpoint that are made to fill memory, to take for ever, or to fail in a library."""

import json

import pytest

from stages.encoders import verification
from tests.encoders.test_verification import copied, edit, fault

DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"]
)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f'{{"a": {DEEP}}}', "not valid JSON: maximum recursion depth exceeded"),
        (DEEP, "not valid JSON: maximum recursion depth exceeded"),
        ("", "not valid JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "holds list; required: an object"),
    ],
    ids=["deep map", "deep list", "empty", "list"],
)
def test_any_json_that_is_deep_empty_or_no_object_is_named(published, tmp_path, name, text, reason):
    folder = copied(published, tmp_path, "roberta")
    (folder / name).write_text(text, encoding="utf-8")
    assert fault(folder, "roberta").startswith(f"here: {name}: {reason}")


@pytest.mark.parametrize(
    ("name", "most"), [("config.json", 10_000_000), ("tokenizer.json", 50_000_000), ("merges.txt", 50_000_000)]
)
def test_a_file_of_absurd_size_is_named_unread(published, tmp_path, name, most):
    folder = copied(published, tmp_path, "roberta")
    with (folder / name).open("r+b") as stream:
        stream.truncate(most + 1)
    assert fault(folder, "roberta") == f"here: {name}: {most + 1} bytes; allowed: at most {most}"


@pytest.mark.parametrize("stated", ["vocab", "Unigram"])
def test_a_vocabulary_of_millions_is_named_before_it_is_loaded(published, tmp_path, stated, monkeypatch):
    folder = copied(published, tmp_path, "roberta")
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokens = [f"t{number}" for number in range(100_000)]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    content["model"]["vocab"] = vocabulary if stated == "vocab" else [[token, 0.0] for token in tokens]
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(verification, "load_tokenizer", None)
    rows = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    line = f"here: the tokenizer gives 't99999' the id 99999, beyond config.json's vocab_size {rows}"
    assert fault(folder, "roberta") == line


HOSTILE_TOKENIZERS = {  # what is changed of tokenizer.json -> what the library says
    "unknown kind": ({"normalizer": {"type": "Nope"}}, "data did not match any variant of untagged enum"),
    "regular expression": (
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}},
        "Oniguruma error: end pattern with unmatched parenthesis",
    ),
    "panic": ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}, "Precompiled: Error("),
}


@pytest.mark.parametrize(("change", "reason"), HOSTILE_TOKENIZERS.values(), ids=HOSTILE_TOKENIZERS)
def test_a_tokenizer_that_its_library_refuses_is_one_line(published, tmp_path, change, reason):
    """By errors of kinds of its own, or by a panic, which is no Exception."""
    folder = copied(published, tmp_path, "distilbert")
    edit(folder / "tokenizer.json", **change)
    assert fault(folder, "distilbert").startswith(f"here: tokenizer cannot be loaded: {reason}")


def test_a_tokenizer_that_fails_on_a_text_alone_is_named(published, tmp_path):
    folder = copied(published, tmp_path, "distilbert")
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    edit(folder / "tokenizer.json", model=content["model"] | {"vocab": {}})
    assert fault(folder, "distilbert") == (
        "here: the tokenizer fails on a text: WordPiece error: Missing [UNK] token from the vocabulary"
    )
