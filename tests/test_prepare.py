import hashlib
import json
import os
import runpy
import shutil
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Value

from stages import prepare
from stages.analysis.kept_study import FOLDER, REAL
from stages.core.errors import InputError
from stages.data.card import Card, split_sha256
from stages.study.params import load_params
from tests.helpers.given_source import configure
from tests.helpers.tiny_study import ROOT

# Point IMDB_PATH at a folder with the Parquet files of the dataset to run the tests that need it.
IMDB = Path(os.environ.get("IMDB_PATH", "not-set")).resolve()
FILES = ["card.json", "test.parquet", "train.parquet", "unsupervised.parquet", "validation.parquet"]
TRAIN = [(f"train {i}", i % 2) for i in range(40)]
TEST = [(f"test {i}", i % 2) for i in range(10)]


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def reviews(**splits: list[tuple[str, int]]) -> None:
    Path("reviews").mkdir(exist_ok=True)
    for name, rows in splits.items():
        pd.DataFrame(rows, columns=["text", "label"]).to_csv(f"reviews/{name}.csv", index=False)


def raw(split: str) -> list[tuple[str, int]]:
    frame = pd.read_parquet(f"data/raw/{split}.parquet")
    return list(zip(frame["text"], frame["label"].tolist(), strict=True))


def written() -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(Path("data/raw").iterdir())}


def fault() -> str:
    with pytest.raises(InputError) as caught:
        prepare.main()
    assert not Path("data/raw").exists()
    return str(caught.value)


def test_files_columns_and_message(capsys):
    reviews(train=TRAIN, test=TEST)
    configure()
    prepare.main()
    assert sorted(written()) == FILES
    for split in ("train", "validation", "test", "unsupervised"):
        schema = pq.read_schema(f"data/raw/{split}.parquet")
        assert [(field.name, str(field.type)) for field in schema] == [("text", "string"), ("label", "int64")]
        assert schema.metadata.keys() == {b"huggingface"}  # pandas' would name its version
        features = {"text": Value("string"), "label": ClassLabel(names=["0", "1"])}
        assert Dataset(pq.read_table(f"data/raw/{split}.parquet")).features == features
    assert capsys.readouterr().out.splitlines() == [
        "columns: text 'text', label 'label'",
        "classes: 0, 1",
        "validation: 10 rows drawn from train with seed 1",
        "reviews: train 30, validation 10, test 10, unsupervised 0",
    ]
    assert [path.name for path in Path("data").iterdir() if path.name.startswith(".")] == []


def test_two_runs_write_the_same_bytes():
    reviews(train=TRAIN, test=TEST)
    configure()
    prepare.main()
    first = written()
    prepare.main()
    assert written() == first


def test_validation_is_carved_stratified_in_source_order():
    reviews(train=[(f"train {i}", int(i < 8)) for i in range(40)], test=TEST)
    configure()
    prepare.main()
    train, validation = raw("train"), raw("validation")
    assert [sum(label for _, label in split) for split in (train, validation)] == [6, 2]
    assert sorted(train + validation) == sorted((f"train {i}", int(i < 8)) for i in range(40))
    for split in (train, validation):
        numbers = [int(text.split()[1]) for text, _ in split]
        assert numbers == sorted(numbers)
    assert Card.read().validation_from == "train"


def test_seed_decides_what_is_carved():
    reviews(train=TRAIN, test=TEST)
    carved = []
    for seed in (1, 1, 2):
        configure(seed=seed)
        prepare.main()
        carved.append(raw("validation"))
    assert carved[0] == carved[1] != carved[2]


def test_validation_of_the_source_is_kept():
    reviews(train=TRAIN, test=TEST, validation=[("v", 1), ("train 3", 1), ("w", 0)])
    configure(validation=3)
    prepare.main()
    assert raw("train") == TRAIN
    assert raw("validation") == [("v", 1), ("w", 0)]
    assert Card.read().validation_from == "source"


REPEATED = {
    "train": [*TRAIN, ("train 0", 0), ("train 2", 1)],  # the second contradicts the first "train 2"
    "test": [("train 1", 1), *TEST, ("test 4", 0), ("train 1", 1)],
    "unsupervised": [("test 0", -1), ("unrated 0", -1), ("unrated 0", -1), ("train 0", -1)],
}


def test_deduplicated():
    reviews(**REPEATED)
    configure()
    prepare.main()
    card = Card.read()
    assert sorted(raw("train") + raw("validation")) == sorted(TRAIN)
    assert raw("test") == TEST
    assert raw("unsupervised") == [("unrated 0", -1)]
    assert {name: split.duplicates_removed for name, split in card.splits.items()} == {
        "train": 2,
        "validation": 0,
        "test": 3,
        "unsupervised": 3,
    }
    assert card.conflicting_duplicates == 1
    assert card.leakage.model_dump() == {
        "test_in_train_before": 2,
        "test_in_train_after": 0,
        "validation_in_train_after": 0,
        "test_in_unsupervised": 0,
    }


def test_not_deduplicated():
    reviews(**REPEATED)
    configure(deduplicate=False)
    prepare.main()
    card = Card.read()
    assert sorted(raw("train") + raw("validation")) == sorted(REPEATED["train"])
    assert raw("test") == REPEATED["test"]
    assert {split.duplicates_removed for split in card.splits.values()} == {0}
    assert (card.leakage.test_in_train_before, card.leakage.test_in_train_after) == (2, 2)
    assert not card.deduplicate


def test_card_describes_the_written_files():
    reviews(train=TRAIN, test=TEST)
    configure()
    prepare.main()
    for name, split in Card.read().splits.items():
        frame = pd.read_parquet(f"data/raw/{name}.parquet")
        assert (split.rows, split.sha256) == (len(frame), split_sha256(frame))


def test_generated_corpus():
    configure(source="generated", train=40, validation=8, test=20, unsupervised=30, label_noise=0.05, path=None)
    settings = json.loads(Path("data/settings/data.json").read_text(encoding="utf-8"))
    del settings["data"]["path"]
    Path("data/settings/data.json").write_text(json.dumps(settings), encoding="utf-8")
    prepare.main()
    card = Card.read()
    assert {name: split.rows_in_source for name, split in card.splits.items()} == {
        "train": 40,
        "validation": 8,
        "test": 20,
        "unsupervised": 30,
    }
    assert (card.source, card.licence, card.ceiling_accuracy) == ("generated", "MIT", 0.95)


def test_faults_name_the_data_and_whether_it_was_deduplicated():
    reviews(train=[(f"all {row}", 1) for row in range(30)], test=TEST)
    configure(deduplicate=False)
    assert fault() == (
        "reviews: train: none of 30 rows is of class '0'; required: rows of every class; "
        "data.labels can name those that have enough"
    )
    reviews(train=TRAIN, test=TRAIN[:6])
    configure()
    assert fault() == "reviews (de-duplicated): test: all 6 rows also occur in train; required: texts of its own"
    reviews(train=TRAIN, test=TEST)
    configure(validation=33)
    assert fault() == "data.validation: 33: leaves 7 of 40 train rows; allowed: at least 8 left"


def test_a_fault_leaves_earlier_data_alone():
    reviews(train=TRAIN, test=TEST)
    configure()
    prepare.main()
    first = written()
    reviews(test=TRAIN)
    with pytest.raises(InputError, match=r"^reviews \(de-duplicated\): test: all 40 rows also occur in train; "):
        prepare.main()
    assert written() == first


def test_a_file_that_cannot_be_replaced_leaves_the_others_as_they_were():
    reviews(train=TRAIN, test=TEST)
    configure()
    prepare.main()
    first = written()
    Path("data/raw/test.parquet").unlink()
    Path("data/raw/test.parquet").mkdir()
    Path("data/raw/test.parquet/kept").touch()
    configure(seed=2)
    with pytest.raises(InputError, match=r"^data/raw: cannot be written: Is a directory; nothing was changed$"):
        prepare.main()
    assert list(Path("data/raw/test.parquet").iterdir()) == [Path("data/raw/test.parquet/kept")]
    Path("data/raw/test.parquet/kept").unlink()
    Path("data/raw/test.parquet").rmdir()
    assert written() == {name: digest for name, digest in first.items() if name != "test.parquet"}
    assert [path.name for path in Path("data").iterdir() if path.name.startswith(".")] == []


def test_command_line_ends_with_one_line(monkeypatch):
    configure(path="nowhere")
    monkeypatch.setattr(sys, "argv", ["prepare"])
    monkeypatch.delitem(sys.modules, "stages.prepare")
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("stages.prepare", run_name="__main__")
    assert str(caught.value).startswith("error: data.path: nowhere: not found; expected train.* and test.*")


@pytest.mark.slow
@pytest.mark.skipif(not IMDB.is_dir(), reason="IMDB_PATH names no folder")
@pytest.mark.parametrize(("name", "taken"), [("imdb-mini", (24904, 24678)), (REAL, (3000, 5000))])
def test_imdb_is_prepared_as_it_was_for_the_records_that_are_kept(name, taken):
    folder = ROOT / FOLDER / name
    shutil.copy(next(filter(Path.exists, (folder / "params.yaml", ROOT / "params.yaml"))), "params.yaml")
    configure(**load_params().profiles[name].data.model_dump() | {"path": str(IMDB)})
    prepare.main()
    card, kept = Card.read(), Card.read_from(folder / "card.json")
    hashes, hashes_kept = ({key: part.sha256 for key, part in of.splits.items()} for of in (card, kept))
    assert hashes == hashes_kept
    rows = {key: split.rows for key, split in card.splits.items()}
    assert (rows["train"] + rows["validation"], rows["test"]) == taken
    if name == "imdb-mini":  # the whole of it
        assert (card.leakage.test_in_train_before, card.conflicting_duplicates) == (123, 0)
    assert (card.is_imdb, card.name) == (True, "Large Movie Review Dataset v1.0 (IMDb)")
