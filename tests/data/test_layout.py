import json
from pathlib import Path

import datasets
import pytest

from stages.data.card import Origin
from stages.data.checks import LAYOUTS
from tests.helpers.local_reviews import TEST, TRAIN, fault, frame, load, rows, write, write_text

pytestmark = pytest.mark.usefixtures("in_empty_folder")
SPLITS = ["train", "validation", "test", "unsupervised"]
FORMATS = ["parquet", "arrow", "csv", "tsv", "jsonl", "json"]


@pytest.mark.parametrize("suffix", [*FORMATS, *(f"{suffix}.gz" for suffix in FORMATS if suffix != "arrow")])
def test_folder_of_files(suffix):
    write(TRAIN, f"d/train.{suffix}")
    write(TEST, f"d/test.{suffix}")
    origin, splits = load("d")
    assert list(splits) == SPLITS
    assert rows(splits["train"]) == TRAIN
    assert rows(splits["test"]) == TEST
    assert splits["unsupervised"].empty
    assert {str(split["label"].dtype) for split in splits.values()} == {"int64"}
    labels = {"0": "0", "1": "1"}
    assert origin == Origin(source="local", name="d", classes=["0", "1"], raw_labels=labels)


@pytest.mark.parametrize(
    "names",
    [
        ["train-00000-of-00002", "train-00001-of-00002"],
        ["train-00000-of-00002-0123456789abcdef", "train-00001-of-00002-fedcba9876543210"],
        ["train_9", "train_10"],
        ["train-0", "train-1"],
        ["Train_0", "Train_1"],
    ],
)
@pytest.mark.parametrize("folder", ["d[1]/.x", "d"])
def test_shards_follow_their_numbers_and_odd_folder_names_are_no_patterns(names, folder):
    write(TRAIN[2:], f"{folder}/{names[1]}.parquet")
    write(TRAIN[:2], f"{folder}/{names[0]}.parquet")
    write(TEST, f"{folder}/test-00000-of-00001.parquet")
    assert rows(load(folder)[1]["train"]) == TRAIN


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train", "train_0"], "one file or folder, or files numbered under one name"),
        (["train-0", "train_1"], "one file or folder, or files numbered under one name"),
        (["train-00000-of-00002", "train-1"], "one file or folder, or files numbered under one name"),
        (["TRAIN", "train"], "one file or folder, or files numbered under one name"),
        (["train-01", "train-1"], "each number once"),
    ],
)
def test_files_that_are_no_set_are_not_merged(names, message):
    for name in names:
        write(TRAIN, f"d/{name}.csv")
    assert fault("d") == f"d: train in {names[0]}.csv, {names[1]}.csv; allowed: {message}"


def test_a_missing_shard_is_noticed():
    write(TRAIN, "d/train-00000-of-00002.csv")
    assert fault("d") == "d: train in train-00000-of-00002.csv; required: all 2, each once"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *((name, "validation") for name in ("validation", "valid", "val", "dev", "VAL")),
        *((name, "unsupervised") for name in ("unsupervised", "unlabeled", "unlabelled", "Unsup")),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", "/0.csv", "/part-00000-of-00001.parquet"])
def test_names_of_splits_of_files_and_folders(name, suffix, split):
    write(TRAIN, f"d/TRAIN{suffix}")
    write(TEST, f"d/test{suffix}")
    write([("more", 1)], f"d/{name}{suffix}")
    assert rows(load("d")[1][split]) == [("more", 1)]
    assert rows(load("d")[1]["train"]) == TRAIN


@pytest.mark.parametrize("inner", ["data", "aclImdb"])
def test_the_splits_may_be_in_a_folder_of_the_source(inner):
    write(TRAIN, f"d/{inner}/train-00000-of-00001.parquet")
    write(TEST, f"d/{inner}/test-00000-of-00001.parquet")
    assert rows(load("d")[1]["train"]) == TRAIN
    assert load("d")[0].name == "d"


def test_files_of_other_names_are_ignored_and_named():
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    for name in ("train_raw.csv", "test_predictions_of_bert.csv", "my_train.csv", "old/train.jsonl", "train-v2.json"):
        write([("other", 1)], f"d/{name}")
    for name in ("notes.txt", ".train.csv", "dataset_info.json", "README.md", "train.xlsx"):
        write_text(f"d/{name}", "x")
    origin, splits = load("d")
    assert (rows(splits["train"]), rows(splits["test"])) == (TRAIN, TEST)
    assert origin.ignored_files == [
        "my_train.csv",
        "old/train.jsonl",
        "test_predictions_of_bert.csv",
        "train-v2.json",
        "train_raw.csv",
    ]


def test_no_train_split_says_what_is_there():
    assert fault("d") == f"data.path: d: not found; expected {LAYOUTS}"
    Path("d").mkdir()
    assert fault("d") == f"d: no train split; expected {LAYOUTS}; there: nothing"
    write(TEST, "d/test.csv")
    write(TRAIN, "d/my_train.csv")
    Path("d/training").mkdir()
    write_text("d/train.txt", "__label__1 fastText")
    assert fault("d") == (f"d: no train split; expected {LAYOUTS}; there: my_train.csv, test.csv, train.txt, training/")


def test_two_formats_of_a_split():
    write(TRAIN, "d/train.csv")
    for name in ("train.jsonl", "train.parquet", "train.csv.gz"):
        write(TRAIN, f"d/{name}")
        names = ", ".join(sorted(["train.csv", name]))
        assert fault("d") == f"d: train in {names}; allowed: one format a split"
        Path("d", name).unlink()
    write(TRAIN, "d/train/0.csv")
    assert fault("d").startswith("d: train in train, train.csv; allowed: one ")


def test_single_file_with_split_column():
    table = frame([*TRAIN, *TEST, ("x", -1)]).assign(split=["train", "Train", "test", *["TEST"] * 3, "unlabeled"])
    write(table, "all.csv")
    origin, splits = load("all.csv")
    assert rows(splits["train"]) == TRAIN[:2]
    assert rows(splits["test"]) == [*TRAIN[2:], *TEST]
    assert rows(splits["unsupervised"]) == [("x", -1)]
    assert (origin.name, origin.unused_columns) == ("all", [])


@pytest.mark.parametrize("path", ["all.csv", "all.jsonl.gz", "d"])
def test_one_part_alone_is_the_train_split_and_says_how_to_get_a_test_split(path):
    write(TRAIN, "d/train.parquet" if path == "d" else path)
    assert fault(path) == (
        f"data.test: missing; {path}: no test split: give rows or a share to carve it from train, such as "
        "data.test: 0.2"
    )
    splits = load(path, test=0.2)[1]
    assert rows(splits["train"]) == TRAIN
    assert (list(splits), splits["test"].empty) == (SPLITS, True)


@pytest.mark.parametrize("name", ["d.xlsx", "train.txt", "d.arrow.gz"])
def test_a_file_of_no_format(name):
    Path(name).touch()
    formats = ".parquet, .arrow, .csv, .tsv, .jsonl, .json"
    assert fault(name) == f"data.path: {name}: unknown format; allowed: a folder, {formats}"


def test_faults_of_a_split_column():
    write(frame(TRAIN).assign(split="held"), "d.csv")
    names = "train, validation, valid, val, dev, test, unsupervised, unlabeled, unlabelled, unsup"
    assert fault("d.csv") == f"d.csv: row 1: split 'held'; allowed: {names}"
    write(frame(TRAIN).assign(split="dev"), "d.csv")
    assert fault("d.csv") == "d.csv: no train split; column 'split' has validation"
    write(frame([*TRAIN, ("x", None)]).assign(split=["train", "test", "train", "test", "test"]), "d.parquet")
    assert fault("d.parquet") == (
        "d.parquet: row 5: no label; every row of test needs one; labels_other: drop leaves such rows out and counts "
        "them"
    )


def saved(rows: list[tuple], names: list[str] | None = None) -> datasets.Dataset:
    label = datasets.ClassLabel(names=names) if names else datasets.Value("int64")
    features = datasets.Features(text=datasets.Value("string"), label=label)
    return datasets.Dataset.from_pandas(frame(rows), features=features)


def test_folders_that_save_to_disk_wrote():
    datasets.disable_progress_bars()
    names = ["spam", "ham"]
    several = datasets.DatasetDict(train=saved(TRAIN, names), test=saved(TEST, names))
    several.save_to_disk("several", num_shards={"train": 2, "test": 1})
    origin, splits = load("several")
    assert (rows(splits["train"]), rows(splits["test"])) == (TRAIN, TEST)
    assert (origin.classes, origin.raw_labels, origin.ignored_files) == (names, {"spam": "spam", "ham": "ham"}, [])
    saved(TRAIN, names).save_to_disk("one")
    assert rows(load("one", test=2)[1]["train"]) == TRAIN
    state = json.loads(Path("one/state.json").read_text(encoding="utf-8"))
    for name, message in {
        "../several/train/data-00000-of-00002.arrow": "file '../several/train/data-00000-of-00002.arrow'; allowed: "
        "*.arrow beside it",
        "gone.arrow": None,
    }.items():
        write_text("one/state.json", json.dumps(state | {"_data_files": [{"filename": name}]}))
        expected = (
            f"one/state.json: {message}" if message else f"one/{name}: not a file; expected one in the format .arrow"
        )
        assert fault("one") == expected
    write_text("one/state.json", "{}")
    assert fault("one") == "one/state.json: not as save_to_disk of `datasets` writes it"
