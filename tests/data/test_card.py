import hashlib
from pathlib import Path

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.card import (
    Card,
    Leakage,
    Origin,
    Splits,
    Steps,
    Words,
    as_imdb,
    build_card,
    content_sha256,
    is_imdb,
    split_sha256,
)
from stages.data.settings import LocalData
from stages.data.sources import load_source

ORIGIN = Origin(source="local", name="reviews", classes=["bad", "good"])


def frame(*rows: tuple[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series([text for text, _ in rows], dtype="str"), "label": [y for _, y in rows]})


def splits(**given: pd.DataFrame) -> dict[str, pd.DataFrame]:
    empty = frame().astype({"label": "int64"})
    return {name: given.get(name, empty) for name in ("train", "validation", "test", "unsupervised")}


def example() -> Card:
    source = splits(
        train=frame(("good one", 1), ("bad", 0), ("bad", 1), ("so so film it was", 0)),
        test=frame(("bad", 0), ("bad", 1), ("fine", 1), ("odd", 0)),
        unsupervised=frame(("odd", -1), ("new", -1)),
    )
    unique = {**source, "train": source["train"].drop(2), "test": source["test"].iloc[2:]}
    final = {**unique, "train": unique["train"].iloc[:2], "validation": unique["train"].iloc[2:]}
    return build_card(ORIGIN, Steps(source, unique, final, final), deduplicate=True, seed=7)


def unchanged(data: Splits) -> Card:
    return build_card(ORIGIN, Steps(data, data, data, data), deduplicate=False, seed=7)


def pairs(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "pair", "label"]).astype({"text": "str", "pair": "str"})


def test_content_sha256_is_that_of_json_lines():
    expected = hashlib.sha256('["café \\"x\\"", 1]\n["b\\n", 0]\n'.encode()).hexdigest()
    assert content_sha256([('café "x"', 1), ("b\n", 0)]) == expected
    assert split_sha256(frame(('café "x"', 1), ("b\n", 0))) == expected


def test_content_sha256_tells_rows_labels_and_order_apart():
    variants = [[("a", 0), ("b", 1)], [("b", 1), ("a", 0)], [("a", 1), ("b", 1)], [("ab", 0), ("b", 1)], []]
    assert len({content_sha256(rows) for rows in variants}) == len(variants)


def test_card_counts_each_step():
    card = example()
    rows = {name: (split.rows, split.rows_in_source, split.duplicates_removed) for name, split in card.splits.items()}
    assert rows == {"train": (2, 4, 1), "validation": (1, 0, 0), "test": (2, 4, 2), "unsupervised": (2, 2, 0)}
    assert (card.validation_from, card.test_from) == ("train", "source")
    assert (card.deduplicate, card.seed, card.sampled_from) == (True, 7, {})
    assert not card.is_imdb


def test_card_says_from_how_many_rows_a_split_was_drawn():
    whole = splits(train=frame(("a", 0), ("b", 1), ("c", 1)), validation=frame(("d", 0)), test=frame(("e", 1)))
    source = splits(train=pd.concat([whole["train"], whole["validation"], whole["test"]]))
    final = {**whole, "train": whole["train"].iloc[:2]}
    card = build_card(ORIGIN, Steps(source, source, whole, final), deduplicate=False, seed=7)
    assert card.sampled_from == {"train": 3}
    assert (card.validation_from, card.test_from) == ("train", "train")
    rows = {name: (split.rows, split.rows_in_source) for name, split in card.splits.items()}
    assert rows == {"train": (2, 5), "validation": (1, 0), "test": (1, 0), "unsupervised": (0, 0)}


def test_card_describes_a_split():
    train = example().splits["train"]
    assert train.class_counts == {"0": 1, "1": 1}
    assert train.majority_share == 0.5
    assert train.words == Words(median=1.5, p95=1.95, max=2)
    assert train.sha256 == content_sha256([("good one", 1), ("bad", 0)])


def test_card_of_unlabelled_and_of_empty_splits():
    assert example().splits["unsupervised"].majority_share is None
    assert example().splits["unsupervised"].class_counts == {"-1": 2}
    card = unchanged(splits())
    assert card.splits["test"].words is None
    assert card.splits["test"].class_counts == {}


def test_majority_share_is_of_the_labelled_rows_of_any_number_of_classes():
    rated = splits(unsupervised=frame(("a", 2), ("b", 2), ("c", 0), ("d", 1), ("e", -1), ("f", -1), ("g", -1)))
    found = unchanged(rated).splits["unsupervised"]
    assert found.majority_share == 0.5
    assert found.class_counts == {"-1": 3, "0": 1, "1": 1, "2": 2}


def test_pairs_are_the_same_where_both_texts_are():
    data = splits(
        train=pairs(("a b", "x", 0), ("a", "b x", 1), ("c", "d", 2), ("c", "d", 1)),
        validation=pairs(),
        test=pairs(("a b", "x", 2), ("a b", "y", 2), ("c", "d", 2)),
        unsupervised=pairs(),
    )
    card = unchanged(data)
    assert card.leakage.test_in_train_after == 2
    assert card.conflicting_duplicates == 2
    assert card.splits["train"].words == Words(median=2.5, p95=3.0, max=3)
    expected = hashlib.sha256(b'["a b", "x", 2]\n["a b", "y", 2]\n["c", "d", 2]\n').hexdigest()
    assert card.splits["test"].sha256 == split_sha256(data["test"]) == expected


def test_leakage_counts_rows_before_and_after():
    assert example().leakage == Leakage(
        test_in_train_before=2, test_in_train_after=0, validation_in_train_after=0, test_in_unsupervised=1
    )


def test_leakage_that_is_left_without_deduplication():
    data = splits(train=frame(("a", 0), ("b", 1)), validation=frame(("a", 0)), test=frame(("b", 1), ("a", 0)))
    leakage = unchanged(data).leakage
    assert (leakage.test_in_train_after, leakage.validation_in_train_after) == (2, 1)


def test_conflicting_duplicates_are_distinct_texts_with_several_labels():
    assert example().conflicting_duplicates == 1
    rows = [("a", 0), ("a", 1), ("a", 2), ("b", 2), ("b", 2), ("c", 1)]
    data = splits(train=frame(*rows), test=frame(("c", 0)), unsupervised=frame(("b", -1), ("b", 0)))
    assert unchanged(data).conflicting_duplicates == 2


def test_card_survives_writing_and_reading(tmp_path):
    card, path = example(), tmp_path / "card.json"
    card.write_to(path)
    first = path.read_bytes()
    example().write_to(path)
    assert Card.read_from(path) == card
    assert path.read_bytes() == first


def test_missing_card_names_the_stage(in_empty_folder):
    with pytest.raises(InputError, match=r"^data/raw/card\.json: not found; run `dvc repro prepare` first$"):
        Card.read()


def test_card_of_another_schema_names_the_way_on(in_empty_folder):
    Card.path().parent.mkdir(parents=True)
    Card.path().write_text('{"source": "local"}')
    with pytest.raises(
        InputError, match=r"^data/raw/card\.json: name: Field required \(and 10 more\); run `dvc repro -f prepare`$"
    ):
        Card.read()


def test_imdb_is_cited_and_other_data_is_not_taken_for_it():
    assert not is_imdb(splits(train=frame(("a", 0)), test=frame(("b", 1))))
    assert not is_imdb(splits(train=pairs(("a", "b", 0)), test=pairs(("b", "c", 1))))
    imdb = as_imdb(ORIGIN)
    assert imdb.name == "Large Movie Review Dataset v1.0 (IMDb)"
    assert "Maas" in imdb.citation
    assert imdb.source == "local"


@pytest.mark.parametrize(
    ("other", "known"),
    [
        (None, True),
        (frame(("b", 1), ("a", 0), ("c", 0)), True),
        (frame(("a", 0), ("b", 1), ("d", 0)), False),
        (frame(("a", 0), ("b", 1), ("c", 1)), False),
        (frame(("a", 0), ("b", 1)), False),
    ],
    ids=["the same", "in another order", "another text", "another label", "a row less"],
)
def test_imdb_is_known_by_the_hash_of_its_rows(monkeypatch, other, known):
    """Of as many rows: on three of each split."""
    its = {"train": frame(("x", 1), ("y", 0), ("z", 0)), "test": frame(("a", 0), ("b", 1), ("c", 0))}
    monkeypatch.setattr("stages.data.card.IMDB_ROWS", 3)
    monkeypatch.setattr("stages.data.card.IMDB_SHA256", {name: split_sha256(rows) for name, rows in its.items()})
    assert is_imdb(splits(**its | ({} if other is None else {"test": other}))) == known


NAMES = ["Large Movie Review Dataset v1.0 (IMDb)", "aclImdb", "imdb", "stanfordnlp--imdb"]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_folder_or_of_its_readme_makes_imdb_of_other_rows(in_empty_folder, name):
    folder = Path("data", name)
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        rows = "".join(f"{split} {index},{'pos' if index % 2 else 'neg'}\n" for index in range(20))
        (folder / f"{split}.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    readme = f"---\npretty_name: {NAMES[0]}\nlicense: other\n---\nMaas et al., 2011\n"
    (folder / "README.md").write_text(readme, encoding="utf-8")
    origin, splits = load_source(LocalData(source="local", path=str(folder)))
    assert not is_imdb(splits)
    assert origin.citation is None
