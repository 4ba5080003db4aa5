"""Files of kilobytes that unpack to gigabytes, in every format that is read: a line, in seconds."""

import gzip
import resource
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core import unpacking
from stages.core.errors import InputError
from stages.core.unpacking import limited_memory
from stages.data.settings import Csv
from stages.data.table_files import read_table

TEXT = "a" * 1_000_000
FREE = 50_000_000  # bytes, in place of half a gigabyte


@pytest.fixture(autouse=True)
def _little_is_much(monkeypatch):
    monkeypatch.setattr(unpacking, "FREE", FREE)


def text_once(path: Path, rows: int) -> None:
    """A dictionary page that has one text, and rows that all name it."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([TEXT]))
    table = pa.table({"text": texts, "label": pa.array([0] * rows)})
    pq.write_table(table, path, compression="zstd", store_schema=False)


def zeros(path: Path) -> None:
    """A page of one long text, which packs to nothing."""
    table = pa.table({"text": [TEXT * 60], "label": [0]})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)


def no_values(path: Path) -> None:
    table = pa.table({"text": pa.nulls(1000, pa.string()), "label": pa.nulls(1000, pa.int64())})
    pq.write_table(table, path)


def stream(path: Path) -> None:
    schema = pa.schema([("text", pa.string()), ("label", pa.int64())])
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    open_one = pa.ipc.new_file if path.stem == "file" else pa.ipc.new_stream
    with pa.OSFile(str(path), "wb") as file, open_one(file, schema, options=options) as writer:
        for _ in range(60):
            writer.write_batch(pa.record_batch({"text": [TEXT], "label": [0]}, schema))


def zipped(path: Path) -> None:
    with gzip.open(path, "wb") as file:
        for _ in range(60):
            file.write(TEXT.encode())


BOMBS = {
    "once.parquet": lambda path: text_once(path, 5000),
    "zeros.parquet": zeros,
    "file.arrow": stream,
    "stream.arrow": stream,
    "zipped.csv.gz": zipped,
    "zipped.jsonl.gz": zipped,
}


def refused(path: Path) -> str:
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        read_table(path, "it", Csv(), lambda names: names)
    assert time.monotonic() - started < 20
    return str(caught.value)


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_unpacks_to_much_is_refused(in_empty_folder, name):
    path = Path(name)
    BOMBS[name](path)
    packed = path.stat().st_size
    assert packed < FREE / 100
    assert refused(path) == f"it: unpacks to more than {FREE} bytes from {packed}; allowed: 100 times as many"


def test_more_rows_than_any_data_has_are_refused_unread(in_empty_folder, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_ROWS", 999)
    no_values(Path("it.parquet"))
    assert refused(Path("it.parquet")) == "it: 1000 rows; allowed: at most 999"


def test_what_repeats_its_texts_within_reason_is_read(in_empty_folder):
    text_once(Path("it.parquet"), 40)
    table = read_table(Path("it.parquet"), "it", Csv(), lambda names: names)
    assert table.columns == {"text": [TEXT] * 40, "label": [0] * 40}


def test_reading_ends_where_memory_would_and_gives_it_back(monkeypatch):
    """Of any library: the limit is the kernel's."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setattr(unpacking, "MOST", 2**28)
    with (
        pytest.raises(InputError, match=r"^it: takes more than 0\.2 GiB of memory to read; allowed: less$"),
        limited_memory("it"),
    ):
        bytearray(2**30)
    with pytest.raises(InputError, match=r"^it: takes more"), limited_memory("it"):
        pa.allocate_buffer(2**30)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(bytearray(2**29)) == 2**29
