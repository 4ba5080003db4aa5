import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, load_from_disk
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from stages import tokenize
from stages.core.errors import InputError
from stages.core.files import sha256
from stages.encoders.token_report import TokenReport
from tests.helpers.raw_splits import BINARY, write_raw
from tests.helpers.word_tokenizer import CLS, SEP, SPECIAL, WORDS, configure, write_tokenizer

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ["good", "a bad film", "very very very very very very very good film", "a very very very very good", "?"]


@pytest.fixture(autouse=True)
def _study(in_empty_folder):
    write_tokenizer("models/base/tiny")
    configure(8)
    for split, repeats in (("train", 300), ("validation", 1), ("test", 2)):
        write_raw(split, {"text": TEXTS * repeats, "label": [0, 1, 0, 1, 1] * repeats}, BINARY)


def written() -> dict[str, str]:
    folder = Path("data/tokenized/tiny")
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def fault() -> str:
    with pytest.raises(InputError) as caught:
        tokenize.main("tiny")
    assert not Path("data/tokenized").exists()
    assert not Path("metrics/tokenized").exists()
    return str(caught.value)


def test_files_and_message(capsys):
    tokenize.main("tiny")
    parts = ("data-00000-of-00001.arrow", "dataset_info.json", "state.json")
    assert sorted(written()) == sorted(
        ["dataset_dict.json", *(f"{split}/{part}" for split in ("train", "validation", "test") for part in parts)]
    )
    assert [path.name for path in Path("data/tokenized").iterdir()] == ["tiny"]
    assert capsys.readouterr().out == (
        "tiny: train 1500 rows (20.0% truncated), validation 5 rows (20.0% truncated), test 10 rows (20.0% truncated)\n"
    )


def test_exact_rows():
    tokenize.main("tiny")
    good, a, bad, film, very = (SPECIAL + WORDS).index("good"), 4, 5, 6, 8
    assert load_from_disk("data/tokenized/tiny")["validation"].to_dict() == {
        "input_ids": [
            [CLS, good, SEP],
            [CLS, a, bad, film, SEP],
            [CLS, very, very, very, very, very, very, SEP],
            [CLS, a, very, very, very, very, good, SEP],
            [CLS, 1, SEP],
        ],
        "attention_mask": [[1] * length for length in (3, 5, 8, 8, 3)],
        "label": [0, 1, 0, 1, 1],
        "length": [3, 5, 8, 8, 3],
        "true_length": [3, 5, 11, 8, 3],
    }


def test_a_text_may_be_cut_at_its_beginning():
    """With the special tokens where they were, and the same lengths; a whole text is the same either way."""
    tokenize.main("tiny")
    cut_right = load_from_disk("data/tokenized/tiny")["validation"].to_dict()
    configure(8, truncation_side="left")
    tokenize.main("tiny")
    cut_left = load_from_disk("data/tokenized/tiny")["validation"].to_dict()
    good, film, very = (SPECIAL + WORDS).index("good"), 6, 8
    assert cut_left["input_ids"][2] == [CLS, very, very, very, very, good, film, SEP]
    cut_left["input_ids"][2] = cut_right["input_ids"][2]
    assert cut_left == cut_right


def test_the_report_counts_what_is_cut():
    tokenize.main("tiny")
    report = TokenReport.read("tiny")
    split = {"truncated_share": 0.2, "tokens_median": 5.0, "tokens_max": 11}
    assert report.sha256 == {split: sha256(tokenize.FOLDER / "tiny" / split) for split in report.splits}
    assert report.model_dump(exclude={"sha256"}) == {
        "architecture": "tiny",
        "max_length": 8,
        "splits": {name: {"rows": rows, **split} for name, rows in (("train", 1500), ("validation", 5), ("test", 10))},
    }


def test_arrow_data_differs_by_the_label_s_names_alone():
    """Rows that are read as before: ids, lengths and labels in the same bytes, however many classes there are."""
    tokenize.main("tiny")
    before = load_from_disk("data/tokenized/tiny")["train"]
    classes = ["ham", "spam", 'a "quoted" name', "naïve ✓ 中文"]
    for split in ("train", "validation", "test"):
        rows = pd.read_parquet(f"data/raw/{split}.parquet").to_dict("list")
        write_raw(split, rows, classes)
    tokenize.main("tiny")
    after = load_from_disk("data/tokenized/tiny")["train"]
    assert before.features["label"] == ClassLabel(names=BINARY)
    assert after.features["label"] == ClassLabel(names=classes)
    schema = before.data.table.schema.remove_metadata()
    assert [(field.name, str(field.type)) for field in schema] == [
        ("input_ids", "list<item: int32>"),
        ("attention_mask", "list<item: int8>"),
        ("label", "int64"),
        ("length", "int32"),
        ("true_length", "int32"),
    ]
    assert after.data.table.replace_schema_metadata(None).equals(before.data.table.replace_schema_metadata(None))


def test_every_row_is_there_in_order_across_batches():
    tokenize.main("tiny")
    data = load_from_disk("data/tokenized/tiny")
    assert data.num_rows == {"train": 1500, "validation": 5, "test": 10}
    assert data["train"]["label"][:] == [0, 1, 0, 1, 1] * 300
    assert data["train"]["input_ids"][:] == data["validation"]["input_ids"][:] * 300


@pytest.mark.parametrize("max_length", [8, 9, 11, 32])
def test_lengths_are_those_of_the_tokenizer(max_length):
    tokenizer = AutoTokenizer.from_pretrained("models/base/tiny")
    encoded = tokenize.encode(tokenizer, TEXTS, None, max_length)
    whole = tokenizer(TEXTS, truncation=False)["input_ids"]
    kept = tokenizer(TEXTS, truncation=True, max_length=max_length)["input_ids"]
    assert encoded["input_ids"] == kept
    assert encoded["length"].tolist() == [len(ids) for ids in kept]
    assert encoded["true_length"].tolist() == [len(ids) for ids in whole]


def test_two_runs_write_the_same_bytes_and_other_settings_do_not():
    tokenize.main("tiny")
    first = written()
    tokenize.main("tiny")
    assert written() == first
    configure(9)
    tokenize.main("tiny")
    assert written()["train/state.json"] != first["train/state.json"]


def test_fingerprint_follows_the_tokenizer():
    path = Path("data/raw/test.parquet")
    tokenizer = AutoTokenizer.from_pretrained("models/base/tiny")
    checkpoint = Path("models/base/tiny")
    first = tokenize.tokenize_split(path, tokenizer, 8, checkpoint)
    again = tokenize.tokenize_split(path, AutoTokenizer.from_pretrained(checkpoint), 8, checkpoint)
    assert again._fingerprint == first._fingerprint
    tokenizer.add_tokens(["great"])
    assert tokenize.tokenize_split(path, tokenizer, 8, checkpoint)._fingerprint != first._fingerprint


def test_texts_cut_everywhere_keep_their_true_length():
    configure(8)
    long = " ".join(["very"] * 1000)
    write_raw("test", {"text": [long, "good"], "label": [0, 1]}, BINARY)
    tokenize.main("tiny")
    test = load_from_disk("data/tokenized/tiny")["test"]
    assert np.array(test["true_length"]).tolist() == [1002, 3]
    assert np.array(test["length"]).tolist() == [8, 3]


def test_a_split_without_class_names_is_refused():
    pd.DataFrame({"text": TEXTS, "label": [0, 1, 0, 1, 1]}).to_parquet("data/raw/validation.parquet")
    assert fault() == "data/raw/validation.parquet: column 'label' has no class names; run `dvc repro -f prepare`"


def test_a_text_without_a_token_is_named():
    """A tokenizer that adds no special token, and a text of what it drops."""
    backend = Tokenizer(models.BPE({"[PAD]": 0, "g": 1, "o": 2, "d": 3}, []))  # no token for the unknown
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", model_max_length=32).save_pretrained(
        "models/base/tiny"
    )
    write_raw("validation", {"text": ["good", "?", "good"], "label": [0, 1, 0]}, BINARY)
    for split in ("train", "test"):
        write_raw(split, {"text": ["good"], "label": [0]}, BINARY)
    assert fault() == "data/raw/validation.parquet: row 1: the tokenizer makes no token of its text"


def test_faults():
    Path("data/raw/test.parquet").unlink()
    assert fault() == "data/raw/test.parquet: not found; run `dvc repro prepare` first"
    configure(33)
    assert fault() == "tokenize.max_length: 33: more than tiny takes; allowed: at most 32"
    for file in Path("models/base/tiny").iterdir():
        file.unlink()
    assert fault() == "models/base/tiny: holds no tokenizer; run `dvc repro -f base@tiny`"
    Path("models/base/tiny").rmdir()
    assert fault() == "models/base/tiny: not found; run `dvc repro base@tiny` first"
    Path("data/settings/tokenize/tiny.json").unlink()
    assert fault() == "data/settings/tokenize/tiny.json: not found; run `dvc repro settings` first"


def test_the_command_does_not_shadow_the_standard_library():
    assert Path(importlib.import_module("tokenize").__file__) != Path(tokenize.__file__)
    done = subprocess.run(
        [sys.executable, "-m", "stages.tokenize", "unknown"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert done.stderr == "error: data/settings/tokenize/unknown.json: not found; run `dvc repro settings` first\n"
