from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict

from stages.core.errors import InputError
from stages.data import sources
from stages.data.checks import LAYOUTS
from stages.data.settings import GeneratedData, LocalData
from stages.data.sources import load_source

TRAIN = [("NA", 0), ('a "quoted", café', 1), ("two\nlines", 1), ("7", 0)]  # what type inference would spoil
TEST = [("null", 1), ("bad", 0)]


@pytest.fixture(autouse=True)
def _in_tmp_path(in_empty_folder):
    datasets.disable_progress_bars()


def frame(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label"])


def write(rows: list[tuple] | pd.DataFrame, path: str) -> None:
    data = rows if isinstance(rows, pd.DataFrame) else frame(rows)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    suffix = Path(path).suffix
    if suffix == ".parquet":
        data.to_parquet(path, index=False)
    elif suffix in (".jsonl", ".json"):
        data.to_json(path, orient="records", lines=suffix == ".jsonl", force_ascii=False)
    else:
        data.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")


def load(path: str) -> tuple[sources.Origin, sources.Splits]:
    return load_source(LocalData(source="local", path=path, validation=2, seed=1))


def rows(data: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(data["text"], data["label"].tolist(), strict=True))


def fault(path: str) -> str:
    with pytest.raises(InputError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "jsonl", "json"])
def test_folder_of_files(suffix):
    write(TRAIN, f"d/train.{suffix}")
    write(TEST, f"d/test.{suffix}")
    origin, splits = load("d")
    assert list(splits) == ["train", "validation", "test", "unsupervised"]
    assert rows(splits["train"]) == TRAIN
    assert rows(splits["test"]) == TEST
    assert splits["unsupervised"].empty
    assert {str(split["label"].dtype) for split in splits.values()} == {"int64"}
    assert origin == sources.Origin(source="local", name="d")


def test_shards_follow_their_names_and_odd_folder_names_are_no_patterns():
    write(TRAIN[2:], "d[1]/.x/train-00001-of-00002.parquet")
    write(TRAIN[:2], "d[1]/.x/train-00000-of-00002.parquet")
    write(TEST, "d[1]/.x/test-00000-of-00001.parquet")
    assert rows(load("d[1]/.x")[1]["train"]) == TRAIN


@pytest.mark.parametrize(
    ("name", "split"), [("valid", "validation"), ("dev", "validation"), ("unlabeled", "unsupervised")]
)
def test_other_names_of_splits(name, split):
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    write([("more", 1)], f"d/{name}.csv")
    assert rows(load("d")[1][split]) == [("more", 1)]


def test_extra_columns_are_dropped_and_text_labels_read():
    write(frame([("a", "0"), ("b", "1")]).assign(stars=3), "d/train.parquet")
    write(TEST, "d/test.csv")
    assert list(load("d")[1]["train"].columns) == ["text", "label"]
    assert rows(load("d")[1]["train"]) == [("a", 0), ("b", 1)]


def test_unsupervised_needs_no_labels():
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    write(frame([("x", 0)])[["text"]], "d/unsupervised.jsonl")
    assert rows(load("d")[1]["unsupervised"]) == [("x", -1)]


def test_single_file_with_split_column():
    table = frame([*TRAIN, *TEST, ("x", -1)]).assign(split=["train", "train", "test", *["test"] * 3, "unsupervised"])
    write(table, "all.csv")
    splits = load("all.csv")[1]
    assert rows(splits["train"]) == TRAIN[:2]
    assert rows(splits["test"]) == [*TRAIN[2:], *TEST]
    assert rows(splits["unsupervised"]) == [("x", -1)]


def tree(root: str) -> None:
    files = {"train/neg": ["10_1", "9_2"], "train/pos": ["0_9"], "train/unsup": ["0_0"]}
    files |= {"test/neg": ["0_3"], "test/pos": ["0_8"]}
    for folder, names in files.items():
        Path(root, folder).mkdir(parents=True)
        for name in names:
            Path(root, folder, f"{name}.txt").write_text(f"{folder} {name} é<br />", encoding="utf-8")


@pytest.mark.parametrize("path", ["aclImdb", "."])
def test_acl_imdb_tree_in_the_order_of_file_numbers(path):
    tree("aclImdb")
    splits = load(path)[1]
    assert rows(splits["train"]) == [
        ("train/neg 9_2 é<br />", 0),
        ("train/neg 10_1 é<br />", 0),
        ("train/pos 0_9 é<br />", 1),
    ]
    assert rows(splits["test"]) == [("test/neg 0_3 é<br />", 0), ("test/pos 0_8 é<br />", 1)]
    assert rows(splits["unsupervised"]) == [("train/unsup 0_0 é<br />", -1)]


def test_faults_of_the_tree():
    tree("d")
    Path("d/train/neg/9_2.txt").write_bytes(b"caf\xe9")
    assert fault("d") == "d/train/neg/9_2.txt: line 1, byte 3: not valid UTF-8; save the file as UTF-8"
    Path("d/train/neg/9_2.txt").write_text(" \n")
    assert fault("d") == "d/train/neg/9_2.txt: empty text; every row needs some"
    Path("d/train/neg/9_2.txt").write_text("a\0b")
    assert fault("d") == "d/train/neg/9_2.txt: NUL byte at character 2 of the text; allowed: none"
    Path("d/train/neg/7_2.txt").symlink_to("nowhere")
    assert fault("d") == "d/train/neg/7_2.txt: cannot be read: No such file or directory"
    Path("d/train/neg/7_2.txt").unlink()
    Path("d/train/neg/9_2.txt").rename("d/train/neg/readme.txt")
    assert fault("d").startswith("d/train/neg: invalid literal for int() with base 10: 'readme'; expected names such")
    for file in Path("d/test/pos").iterdir():
        file.unlink()
    Path("d/train/neg/readme.txt").unlink()
    assert fault("d") == f"d/test/pos: no *.txt; expected {LAYOUTS}"


def test_faults_of_the_layout():
    assert fault("d") == f"data.path: d: not found; expected {LAYOUTS}"
    Path("d").mkdir()
    assert fault("d") == f"d: no train split; expected {LAYOUTS}"
    write(TRAIN, "d/train.csv")
    assert fault("d") == f"d: no test split; expected {LAYOUTS}"
    write(TRAIN, "d/train.jsonl")
    assert fault("d") == "d: train in train.csv, train.jsonl; allowed: one format a split"


def test_faults_of_a_single_file():
    Path("d.xlsx").touch()
    assert fault("d.xlsx") == (
        "data.path: d.xlsx: unknown format; allowed: a folder, .parquet, .csv, .tsv, .jsonl, .json"
    )
    write(TRAIN, "d.csv")
    assert fault("d.csv") == (
        f"d.csv: no column 'split' (train, validation, test, unsupervised); without it give a folder with {LAYOUTS}"
    )
    write(frame(TRAIN).assign(split="dev"), "d.csv")
    assert fault("d.csv") == "d.csv: row 1: split 'dev'; allowed: train, validation, test, unsupervised"
    write(frame([*TRAIN, ("x", -1)]).assign(split="test"), "d.csv")
    assert fault("d.csv") == "d.csv: row 5: label -1 in split test; allowed: 0, 1"


NO_LABEL = frame(TRAIN)[["text"]].assign(stars=1)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("train.csv", NO_LABEL, "no column 'label' among ['text', 'stars']; required: text, label"),
        ("train.csv", [("a", 0), ("b", 2)], "row 2: label '2'; allowed: 0, 1"),
        ("train.parquet", [("a", 0), ("b", 2)], "row 2: label 2; allowed: 0, 1"),
        ("train.csv", [("a", 0), ("b", "pos")], "row 2: label 'pos'; allowed: 0, 1"),
        ("train.parquet", [("a", 0), ("b", -1)], "row 2: label -1; allowed: 0, 1"),
        ("train.csv", [("a", "0"), ("b", "")], "row 2: label ''; allowed: 0, 1"),
        ("train.parquet", [("a", 0.0), ("b", 0.5)], "column 'label' holds double; allowed: 0, 1"),
        ("train.csv", [("a", 0), (" \n", 1)], "row 2: empty text; every row needs some"),
        ("train.jsonl", [("a", 0), (None, 1)], "row 2: empty text; every row needs some"),
        ("train.parquet", [(3, 0), (4, 1)], "column 'text' holds int64; allowed: string"),
        ("unsupervised.csv", [("a", 0), ("b", -2)], "row 2: label '-2'; allowed: -1, 0, 1"),
    ],
)
def test_faults_of_rows_and_columns(name, data, message):
    write(TEST, "d/test.csv")
    write(data, f"d/{name}")
    assert fault("d") == f"d/{name}: {message}"


@pytest.mark.parametrize("name", ["train.csv", "train.tsv", "train.jsonl"])
def test_text_files_in_another_encoding(name):
    write(TRAIN, f"d/{name}")
    Path("d", name).write_bytes(Path("d", name).read_text(encoding="utf-8").encode("latin-1"))
    line, byte = (2, 50) if name == "train.jsonl" else (3, 34)
    assert fault("d") == f"d/{name}: line {line}, byte {byte}: not valid UTF-8; save the file as UTF-8"


def test_parquet_with_text_in_another_encoding():
    raw = pa.array([b"ok", b"caf\xe9"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    Path("d").mkdir()
    pq.write_table(pa.table({"text": text, "label": [0, 1]}), "d/train.parquet")
    assert fault("d") == "d/train.parquet: row 2: text is not valid UTF-8"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("train.csv", "text,label\na,1\nb,0,3\n", "line 3: fields 3; allowed: 2, as in the header"),
        ("train.csv", "", "no rows"),
        ("train.csv", "text,label\n", "no rows"),
        (
            "train.jsonl",
            '{"text": "a", "label": 1}\n{oops\n',
            "line 2: not valid JSON: Expecting property name enclosed in",
        ),
        ("train.jsonl", "[" * 100_000, "line 1: not valid JSON: maximum recursion depth exceeded"),
        ("train.jsonl", "9" * 5000, "line 1: not valid JSON: Exceeds the limit (4300 digits) for integer string"),
        ("train.jsonl", "", "no rows"),
        ("train.json", "[]", "no rows"),
        ("train.parquet", "text", "cannot be read as Parquet: Parquet file size is 4 bytes, smaller than the minimum"),
    ],
)
def test_broken_files(name, content, reason):
    Path("d").mkdir()
    Path("d", name).write_text(content)
    assert fault("d").startswith(f"d/{name}: {reason}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.csv", '\ufeff"x",label,text\n\n3,0,"2020-01-01"\n,1,"a ""b"", c"\n'),
        ("train.tsv", 'text\tlabel\r\n2020-01-01\t0\r\n  \r\n"a ""b"", c"\t1'),
        ("train.jsonl", '{"text": "2020-01-01", "label": 0}\n\n{"x": [1], "text": "a \\"b\\", c", "label": "1"}'),
        ("train.json", '[{"text": "2020-01-01", "label": 0, "x": 1},\n{"text": "a \\"b\\", c", "label": 1, "x": "y"}]'),
    ],
)
def test_texts_stay_as_they_are_whatever_stands_beside_them(name, content):
    write(TEST, "d/test.csv")
    Path("d", name).write_text(content, encoding="utf-8", newline="")
    assert rows(load("d")[1]["train"]) == [("2020-01-01", 0), ('a "b", c', 1)]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_kinds_of_parquet_columns(kind):
    write(TEST, "d/test.csv")
    columns = {"text": pa.array(["a", "b", "a"]).cast(kind), "label": pa.array([0, 1, 0], pa.uint8())}
    columns |= {"u": pa.array([b"0" * 16] * 3, pa.uuid()), "m": pa.array([[("a", 1)]] * 3, pa.map_("string", "int8"))}
    pq.write_table(pa.table(columns), "d/train.parquet", row_group_size=2)
    assert rows(load("d")[1]["train"]) == [("a", 0), ("b", 1), ("a", 0)]


def test_a_folder_name_is_no_column():
    write(TEST, "label=1/test.csv")
    pq.write_table(pa.table({"text": ["a"]}), "label=1/train.parquet")
    assert fault("label=1") == "label=1/train.parquet: no column 'label' among ['text']; required: text, label"


def test_generated(monkeypatch):
    monkeypatch.setattr(sources, "generate", lambda settings: with_features(train=[("a", 1)], test=[("b", 0)]))
    settings = {"train": 16, "validation": 2, "test": 2, "unsupervised": 0, "label_noise": 0.05, "seed": 3}
    origin, splits = load_source(GeneratedData(source="generated", **settings))
    assert (rows(splits["train"]), rows(splits["test"])) == ([("a", 1)], [("b", 0)])
    assert (origin.licence, origin.ceiling_accuracy, origin.revision) == ("MIT", 0.95, None)
    assert origin.citation == "Generated by this project (stages/data/generator.py, seed 3)."


def with_features(**splits: list[tuple]) -> DatasetDict:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["neg", "pos"]))
    return DatasetDict({name: Dataset.from_pandas(frame(data), features=features) for name, data in splits.items()})
