from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.local_reviews import TEST, TRAIN, fault, frame, load, rows, write

pytestmark = pytest.mark.usefixtures("in_empty_folder")


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
    Path("d", name).write_text(content, encoding="utf-8")
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
