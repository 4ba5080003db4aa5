import hashlib
import os
import re
import subprocess
import sys
from itertools import combinations

import pytest

from stages.core.errors import InputError
from stages.data import generator as corpus
from stages.data.grammar import GRAMMAR, load_grammar
from stages.data.settings import GeneratedData

SETTINGS = GeneratedData(
    source="generated", train=200, validation=51, test=100, unsupervised=400, label_noise=0.1, seed=7
)
# A review whose only clause is a plain one.
PLAIN = re.compile(r"^[^.]+\. The [\w ]+ (?:was|were) ([\w-]+)\.(?: [\w ]+\.)?$")
DIGEST = """
from stages.data.generator import generate
from tests.data.test_generator import SETTINGS, digest
print(digest(generate(SETTINGS)))
"""


def digest(splits) -> str:
    rows = [(name, *row.values()) for name, split in splits.items() for row in split]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture(scope="module")
def splits():
    return corpus.generate(SETTINGS)


def test_splits_have_the_rows_and_types_asked_for(splits):
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 200,
        "validation": 51,
        "test": 100,
        "unsupervised": 400,
    }
    for split in splits.values():
        assert {name: str(feature.dtype) for name, feature in split.features.items()} == {
            "text": "string",
            "label": "int64",
        }


def test_labels_are_balanced_and_the_unsupervised_split_is_three_quarters_rated(splits):
    counts = {name: [list(split["label"]).count(label) for label in (-1, 0, 1)] for name, split in splits.items()}
    assert counts == {
        "train": [0, 100, 100],
        "validation": [0, 26, 25],  # 25 and 26 before 2 and 3 of them were flipped
        "test": [0, 50, 50],
        "unsupervised": [100, 150, 150],
    }


def test_no_text_occurs_twice(splits):
    texts = {name: set(split["text"]) for name, split in splits.items()}
    assert [len(texts[name]) for name in texts] == [200, 51, 100, 400]
    assert not any(a & b for a, b in combinations(texts.values(), 2))


def test_every_slot_is_filled_and_every_sentence_is_one(splits):
    for split in splits.values():
        for text in split["text"]:
            assert not set("{}") & set(text)
            assert text[0].isupper()
            assert text.endswith(".")
            assert 6 <= len(text.split()) <= 80


def test_exactly_the_share_of_labels_is_flipped():
    clean = corpus.generate(SETTINGS.model_copy(update={"label_noise": 0.0}))
    noisy = corpus.generate(SETTINGS)
    for name, flipped in (("train", 20), ("validation", 5), ("test", 10)):
        truth = dict(zip(clean[name]["text"], clean[name]["label"], strict=True))
        assert truth.keys() == set(noisy[name]["text"])
        assert sum(truth[row["text"]] != row["label"] for row in noisy[name]) == flipped
    assert clean["unsupervised"].to_list() == noisy["unsupervised"].to_list()


def test_the_same_seed_gives_the_same_corpus_in_any_process(splits):
    there = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.strip()
    assert there == digest(splits)


def test_another_seed_gives_another_corpus(splits):
    assert digest(corpus.generate(SETTINGS.model_copy(update={"seed": 8}))) != digest(splits)


def test_the_smallest_corpus_has_typed_empty_columns():
    small = GeneratedData(source="generated", train=16, validation=2, test=2, unsupervised=0, label_noise=0.0, seed=1)
    splits = corpus.generate(small)
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
        "unsupervised": 0,
    }
    assert str(splits["unsupervised"].features["label"].dtype) == "int64"


def test_an_exhausted_grammar_is_an_input_error(monkeypatch):
    grammar = load_grammar()
    never = grammar.proportions.model_copy(update={"agreement": 0.0})  # no clause says what its review does
    grammar = grammar.model_copy(update={"proportions": never})
    monkeypatch.setattr(corpus, "load_grammar", lambda: grammar)
    with pytest.raises(InputError) as error:
        corpus.generate(SETTINGS)
    assert str(error.value) == "grammar.yaml: no new review of 'film' in 200 drafts; ask for fewer rows"


def test_a_fault_in_the_grammar_is_named(tmp_path):
    broken = tmp_path / "grammar.yaml"
    broken.write_text(GRAMMAR.read_text(encoding="utf-8").replace("fewest: 1", "fewest: few"), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_grammar(broken)
    assert str(error.value) == "grammar.yaml: clauses_a_review.fewest: Input should be a valid integer"


def test_no_polar_word_has_both_signs_in_one_domain():
    grammar = load_grammar()
    for domain in grammar.domains.values():
        for part in ("adjectives", "verbs", "nouns"):
            signs = [set(domain.words(sign, part)) | set(grammar.shared.words(sign, part)) for sign in (-1, 1)]
            assert not signs[0] & signs[1]


def test_some_polar_words_of_films_mean_the_opposite_elsewhere():
    film, *neighbours = load_grammar().domains.values()
    turned = {
        word
        for domain in neighbours
        for sign in (-1, 1)
        for word in set(film.words(sign, "adjectives")) & set(domain.words(-sign, "adjectives"))
    }
    assert {"predictable", "long", "dark"} <= turned


def test_a_sign_of_not_sharing_turns_the_words_round_and_the_signs_of_films_are_their_own(splits):
    grammar = load_grammar()
    film, *neighbours = grammar.domains.values()
    assert not any(domain.signs for domain in neighbours)
    common = {*grammar.signs.agree, *grammar.signs.differ}
    assert not common & {*film.signs.agree, *film.signs.differ}
    polar = {word: sign for sign in (-1, 1) for word in grammar.shared.words(sign, "adjectives")}
    kept, turned = [], []
    for row in splits["unsupervised"]:
        if row["label"] == -1 or not (found := PLAIN.search(row["text"])):
            continue
        said = polar.get(found[1])
        if said is not None:
            differs = any(row["text"].lower().endswith(f" {sign.lower()}.") for sign in grammar.signs.differ)
            (turned if differs else kept).append(said == (1 if row["label"] else -1))
    assert len(kept) > 20
    assert len(turned) > 3
    assert all(kept)
    assert not any(turned)
