import hashlib

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.card import (
    Card,
    Leakage,
    Origin,
    Words,
    as_imdb,
    build_card,
    content_sha256,
    is_imdb,
    split_sha256,
)

ORIGIN = Origin(source="local", name="reviews")


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
    return build_card(ORIGIN, source, unique, final, deduplicate=True)


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
    assert card.validation_from == "train"
    assert card.deduplicate


def test_card_describes_a_split():
    train = example().splits["train"]
    assert train.class_counts == {"0": 1, "1": 1}
    assert train.balance == 0.5
    assert train.words == Words(median=1.5, p95=1.95, max=2)
    assert train.sha256 == content_sha256([("good one", 1), ("bad", 0)])


def test_card_of_unlabelled_and_of_empty_splits():
    assert example().splits["unsupervised"].balance is None
    assert example().splits["unsupervised"].class_counts == {"-1": 2}
    card = build_card(ORIGIN, splits(), splits(), splits(), deduplicate=False)
    assert card.splits["test"].words is None
    assert card.splits["test"].class_counts == {}


def test_balance_leaves_unlabelled_rows_out():
    rated = splits(unsupervised=frame(("a", 1), ("b", 1), ("c", 0), ("d", 1), ("e", -1)))
    assert build_card(ORIGIN, rated, rated, rated, deduplicate=False).splits["unsupervised"].balance == 0.75


def test_leakage_counts_rows_before_and_after():
    assert example().leakage == Leakage(
        test_in_train_before=2, test_in_train_after=0, validation_in_train_after=0, test_in_unsupervised=1
    )


def test_leakage_that_is_left_without_deduplication():
    data = splits(train=frame(("a", 0), ("b", 1)), validation=frame(("a", 0)), test=frame(("b", 1), ("a", 0)))
    leakage = build_card(ORIGIN, data, data, data, deduplicate=False).leakage
    assert (leakage.test_in_train_after, leakage.validation_in_train_after) == (2, 1)


def test_conflicting_duplicates_are_distinct_texts_with_both_labels():
    assert example().conflicting_duplicates == 1


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
        InputError, match=r"^data/raw/card\.json: name: Field required \(and 5 more\); run `dvc repro -f prepare`$"
    ):
        Card.read()


def test_imdb_is_cited_and_other_data_is_not_taken_for_it():
    assert not is_imdb(splits(train=frame(("a", 0)), test=frame(("b", 1))))
    imdb = as_imdb(ORIGIN)
    assert imdb.name == "Large Movie Review Dataset v1.0 (IMDb)"
    assert "Maas" in imdb.citation
    assert imdb.source == "local"
