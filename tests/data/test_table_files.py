import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.local_reviews import TEST, TRAIN, fault, frame, load, rows, write, write_text

pytestmark = pytest.mark.usefixtures("in_empty_folder")
QUOTES = "whole fields in quotes, quotes doubled, or csv.quoting: none where a quote is a character like others"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("train.csv", [("a", 0), (" \n", 1)], "row 2: empty text; every row needs some"),
        ("train.jsonl", [("a", 0), (None, 1)], "row 2: empty text; every row needs some"),
        ("train.parquet", [(3, 0), (4, 1)], "row 1: text 3; allowed: a Unicode string"),
        ("train.arrow", [("a", 0), ("b\0", 1)], "row 2: NUL byte at character 2 of the text; allowed: none"),
    ],
)
def test_faults_of_texts(name, data, message):
    write(TEST, "d/test.csv")
    write(data, f"d/{name}")
    assert fault("d") == f"d/{name}: {message}"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("train.csv", "save the file as UTF-8, or give its encoding, csv.encoding, such as cp1252, latin-1 or utf-16"),
        ("train.tsv", "save the file as UTF-8, or give its encoding, csv.encoding, such as cp1252, latin-1 or utf-16"),
        ("train.jsonl", "save the file as UTF-8"),
    ],
)
def test_text_files_in_another_encoding(name, advice):
    write(TRAIN, f"d/{name}")
    Path("d", name).write_bytes(Path("d", name).read_text(encoding="utf-8").encode("latin-1"))
    line, byte = (2, 50) if name == "train.jsonl" else (3, 34)
    assert fault("d") == f"d/{name}: line {line}, byte {byte}: not valid UTF-8; {advice}"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig", "utf-8", "UTF8"])
def test_encodings_of_csv(encoding):
    for split, data in {"train": TRAIN, "test": TEST}.items():
        write(data, f"d/{split}.csv")
        Path(f"d/{split}.csv").write_text(Path(f"d/{split}.csv").read_text(encoding="utf-8"), encoding=encoding)
    options = {} if encoding == "utf-8-sig" else {"encoding": encoding}
    assert rows(load("d", csv=options)[1]["train"]) == TRAIN


def test_another_encoding_than_said():
    write_text("d/train.csv", "text,label\na,0\n", "utf-16")
    assert fault("d") == (
        "d/train.csv: line 1, byte 0: not valid UTF-8; save the file as UTF-8, or give its encoding, csv.encoding, "
        "such as utf-16"
    )
    write_text("d/train.csv", "text,label\nda\xdf,0\n", "latin-1")
    assert fault("d", csv={"encoding": "ascii"}).startswith("d/train.csv: line 2, byte 13: not valid ascii; save the")


def test_parquet_with_text_in_another_encoding():
    raw = pa.array([b"ok", b"caf\xe9"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    Path("d").mkdir()
    table = pa.table({"text": text, "label": [0, 1]})
    pq.write_table(table, "d/train.parquet")
    assert fault("d") == "d/train.parquet: row 2: text is not valid UTF-8"
    Path("d/train.parquet").unlink()
    with pa.ipc.new_stream("d/train.arrow", table.schema) as writer:
        writer.write_table(table)
    assert fault("d").startswith("d/train.arrow: cannot be read as Arrow: ")
    assert "Invalid UTF8 sequence at string index 1" in fault("d")


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
        ("train.arrow", "text", "cannot be read as Arrow: "),
        ("train.arrow", "ARROW1", "cannot be read as Arrow: "),
        ("train.csv.gz", "text", "cannot be unpacked as gzip: Not a gzipped file (b'te')"),
    ],
)
def test_broken_files(name, content, reason):
    write_text(f"d/{name}", content)
    assert fault("d").startswith(f"d/{name}: {reason}")


def test_a_gzip_file_cut_short():
    Path("d").mkdir()
    content = gzip.compress(b"text,label\n" + b"a,0\nb,1\n" * 100)
    Path("d/train.csv.gz").write_bytes(content[:-9])
    assert fault("d") == (
        "d/train.csv.gz: cannot be unpacked as gzip: Compressed file ended before the end-of-stream marker was reached"
    )
    Path("d/train.csv.gz").write_bytes(content[:20] + b"\xff\xff" + content[22:])
    assert fault("d").startswith("d/train.csv.gz: cannot be unpacked as gzip: ")


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
    write_text(f"d/{name}", content)
    assert rows(load("d")[1]["train"]) == [("2020-01-01", 0), ('a "b", c', 1)]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_kinds_of_parquet_columns(kind):
    write(TEST, "d/test.csv")
    columns = {"text": pa.array(["a", "b", "a"]).cast(kind), "label": pa.array([0, 1, 0], pa.uint8())}
    columns |= {"u": pa.array([b"0" * 16] * 3, pa.uuid()), "m": pa.array([[("a", 1)]] * 3, pa.map_("string", "int8"))}
    pq.write_table(pa.table(columns), "d/train.parquet", row_group_size=2)
    assert rows(load("d")[1]["train"]) == [("a", 0), ("b", 1), ("a", 0)]


def test_a_folder_name_is_no_column():
    write(TEST, "label=1/test.csv")
    pq.write_table(pa.table({"text": ["a"]}), "label=1/train.parquet")
    assert fault("label=1") == "label=1/train.parquet: no column 'label' among text; give data.columns.label"


def test_arrow_files_of_both_kinds():
    table = pa.Table.from_pandas(frame(TRAIN), preserve_index=False)
    for name, new in {"train": pa.ipc.new_file, "test": pa.ipc.new_stream}.items():
        Path("d").mkdir(exist_ok=True)
        with new(f"d/{name}.arrow", table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    splits = load("d")[1]
    assert rows(splits["train"]) == rows(splits["test"]) == TRAIN


# How CSV files are written.


@pytest.mark.parametrize("delimiter", [";", "|", "\t", ",", "^"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "csv.gz"])
def test_delimiters(delimiter, suffix):
    for split, data in {"train": TRAIN, "test": TEST}.items():
        Path("d").mkdir(exist_ok=True)
        frame(data).to_csv(f"d/{split}.{suffix}", index=False, sep=delimiter)
    assert rows(load("d", csv={"delimiter": delimiter})[1]["train"]) == TRAIN


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text;label\na;0\nb;1\n", "one column, 'text;label'"),
        ("text;label\na, b;0\nb;1\n", "line 2: fields 2; allowed: 1, as in the header"),
        ('"text";"label"\n"a";0\n', "line 1: quote or line break out of place"),
        ("id;text, raw;label\n1;a;0\n", "line 2: fields 1; allowed: 2, as in the header"),
        ("id;text, raw;label\n1;a, b;0\n", "no column 'text' among id;text, ' raw;label'; give data.columns.text"),
    ],
)
def test_a_delimiter_that_shows_is_named(content, message):
    write_text("d/train.csv", content)
    assert fault("d") == f"d/train.csv: {message}; ';' looks like the delimiter: give csv.delimiter: \";\""
    write_text("d/train.csv", content.replace(";", "\t"))
    hint = r"; '\t' looks like the delimiter: give csv.delimiter: " + r'"\t"'
    assert fault("d").endswith(hint)
    Path("d/train.csv").unlink()
    write_text("d/train.tsv", "text,label\na,0\n")
    assert fault("d") == (
        "d/train.tsv: one column, 'text,label'; ',' looks like the delimiter: give csv.delimiter: \",\""
    )


STRAY = 'text\tlabel\n"A" film\t1\n5" of snow\t0\n"open\t1\nclosed"\t0\n"whole"\t1\n'


def test_quotes_as_characters():
    write_text("d/train.tsv", STRAY)
    write(TEST, "d/test.csv")
    assert fault("d") == f"d/train.tsv: line 2: quote or line break out of place; allowed: {QUOTES}"
    write_text("e/train.tsv", STRAY)
    write_text("e/test.tsv", "text\tlabel\na\t0\nb\t1\n")
    assert rows(load("e", csv={"quoting": "none"})[1]["train"]) == [
        ('"A" film', 1),
        ('5" of snow', 0),
        ('"open', 1),
        ('closed"', 0),
        ('"whole"', 1),
    ]


def test_quotes_that_would_join_rows_of_a_file_with_tabs():
    write_text("d/train.tsv", 'text\tlabel\na\t0\n"open\t1\nmore\t0\nclosed"\t0\n')
    assert fault("d") == f"d/train.tsv: line 3: quotes join 3 lines that each look like a row; allowed: {QUOTES}"
    write_text("d/train.tsv", 'text\tlabel\na\t0\n"several\nlines, and a\ttab"\t1\n')
    assert rows(load("d", test=2)[1]["train"])[1] == ("several\nlines, and a\ttab", 1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("text", ["a\rb", "\ra", "a\r\rb", "\r\r.", "a\ue000\rb"])
def test_a_carriage_return_alone_is_text(text, quote, end):
    write_text("train.csv", f"label,text,x\r\n0,{quote}{text}{quote},1{end}1,b,2{end}".replace("x\r\n", f"x{end}"))
    assert rows(load("train.csv", test=2)[1]["train"]) == [(text, 0), ("b", 1)]


def test_a_carriage_return_as_pandas_writes_it():
    data = [("a\rb", 0), ("\rstart", 1), ("c\r\nd", 0)]
    write(data, "train.csv")
    assert rows(load("train.csv", test=2)[1]["train"]) == data


def test_carriage_returns_alone_end_the_rows_of_a_file_without_line_feeds():
    write_text("train.csv", 'text,label\ra,0\r"b, c",1\r')
    assert rows(load("train.csv", test=2)[1]["train"]) == [("a", 0), ("b, c", 1)]


def test_options_of_csv_for_a_source_without():
    write(TRAIN, "d/train.parquet")
    assert fault("d", csv={"delimiter": ";"}) == (
        "data.csv: {'delimiter': ';'}: no file is CSV or TSV; allowed: none of these options for train.parquet"
    )
    write(TEST, "d/test.csv")
    Path("d/test.csv").write_text("text;label\nnull;1\nbad;0\n", encoding="utf-8")
    assert rows(load("d", csv={"delimiter": ";"})[1]["test"]) == TEST


def test_parquet_columns_with_dots_in_their_names():
    data = pd.DataFrame({"text": ["a", "b"], "text.x": ["c", "d"], "label": [0, 1]})
    write(data, "d/train.parquet")
    write(data, "d/test.parquet")
    origin, splits = load("d")
    assert (rows(splits["train"]), origin.unused_columns) == ([("a", 0), ("b", 1)], ["text.x"])
    assert rows(load("d", columns={"text": "text.x"})[1]["train"]) == [("c", 0), ("d", 1)]
