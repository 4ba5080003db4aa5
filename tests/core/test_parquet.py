from pathlib import Path

import pyarrow as pa
import pytest

from stages.core.errors import InputError
from stages.core.parquet import read_parquet, write_parquet

TABLE = pa.table({"text": [f"{row} of many" for row in range(500)], "label": [row % 2 for row in range(500)]})


@pytest.mark.usefixtures("in_empty_folder")
def test_a_bit_of_a_page_is_found():
    """Nine in ten of the bytes are of pages; the rest describes them, and what it says no longer fits them."""
    path = Path("a.parquet")
    write_parquet(TABLE, path)
    assert read_parquet(path, "prepare").equals(TABLE)
    whole = path.read_bytes()
    for place in range(50, len(whole) * 3 // 4, 97):
        text = bytearray(whole)
        text[place] ^= 1
        path.write_bytes(text)
        with pytest.raises(InputError, match=r"^a\.parquet: damaged: .*; `make paper` mends it, or `dvc repro -f prep"):
            read_parquet(path, "prepare")


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("text", [b"", b"PAR1", b"PAR1" * 9])
def test_what_is_no_parquet_is_named(text):
    Path("a.parquet").write_bytes(text)
    with pytest.raises(InputError, match=r"^a\.parquet: damaged: "):
        read_parquet(Path("a.parquet"), "prepare")
    with pytest.raises(FileNotFoundError):
        read_parquet(Path("b.parquet"), "prepare")
