"""Parquet files that a stage wrote: with checksums, which are verified when they are read."""

from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def write_parquet(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq  # here, as in all of `core`: who reads other files does not wait for it

    pq.write_table(table, path, write_page_checksum=True)


def read_parquet(path: Path, stage: str) -> "pa.Table":
    """The table in ``path``, which ``stage`` makes.

    Raises:
        InputError: it is damaged.
        FileNotFoundError: it is not there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: damaged: {reason}; `make paper` mends it, or `dvc repro -f {stage}`") from error
