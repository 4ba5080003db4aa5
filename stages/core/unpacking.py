"""A bound on the memory that reading a file may take: a file of two kilobytes can unpack to more than there is."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stages.core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 16 * 2**30  # bytes
# Unpacked, a file may be this large, or so many times as large as it is: text is packed some ten times.
FREE, RATIO = 2**29, 100
MOST_ROWS = 50_000_000  # of a file


@contextmanager
def limited_memory(place: str) -> Iterator[None]:
    """What is done in the block fails beyond half of this machine's memory, or ``MOST``, on top of what is taken.

    The kernel keeps the limit, so that it holds for libraries too; where it has none (macOS), there is none.

    Args:
        place: what messages call the file.

    Raises:
        InputError: the limit was met.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = min(MOST, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    limit = _taken() + most
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    except MemoryError as error:  # Arrow's too
        raise InputError(f"{place}: takes more than {most / 2**30:.1f} GiB of memory to read; allowed: less") from error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _taken() -> int:
    """Bytes of address space of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def require_in_proportion(unpacked: int, packed: int, place: str) -> None:
    """Refuse what is no text or number that anybody packed, but made to fill memory.

    Args:
        unpacked: bytes so far.
        packed: bytes of the file.
        place: what messages call the file.

    Raises:
        InputError: it unpacks to too much.
    """
    most = max(FREE, RATIO * packed)
    if unpacked > most:
        raise InputError(f"{place}: unpacks to more than {most} bytes from {packed}; allowed: {RATIO} times as many")


def row_groups(file: "pa.NativeFile | str", packed: int, columns: list[str], place: str) -> "list[pa.Table]":
    """The columns of a Parquet file, a table a group of rows; its pages' checksums are verified.

    A dictionary page has a text once, however many rows do: where that could be much, the rows are counted first.

    Args:
        file: as ``pyarrow.parquet.ParquetFile`` takes it.
        packed: bytes of the file.
        columns: names.
        place: what messages call the file.

    Raises:
        InputError: it has too many rows, or unpacks to too much.
    """
    import pyarrow.parquet as pq

    with (
        pq.ParquetFile(file, page_checksum_verification=True) as parquet,
        pq.ParquetFile(file, page_checksum_verification=True, read_dictionary=columns) as by_dictionary,
    ):
        if parquet.metadata.num_rows > MOST_ROWS:
            raise InputError(f"{place}: {parquet.metadata.num_rows} rows; allowed: at most {MOST_ROWS}")
        groups, unpacked = [], 0
        for number in range(parquet.num_row_groups):
            group = parquet.metadata.row_group(number)
            unpacked += group.total_byte_size
            require_in_proportion(unpacked, packed, place)
            if group.num_rows * group.total_byte_size > FREE:
                unpacked += repeated_bytes(by_dictionary.read_row_group(number, columns=columns))
                require_in_proportion(unpacked, packed, place)
            groups.append(parquet.read_row_group(number, columns=columns))
    return groups


def stream_table(content: bytes, place: str) -> "tuple[list[str], pa.Table]":
    """Names of the columns of an Arrow file or stream, and all of it.

    Raises:
        InputError: it unpacks to too much.
    """
    import pyarrow as pa

    is_file = content.startswith(b"ARROW1")  # the other format of the two, with an index at its end
    with (pa.ipc.open_file if is_file else pa.ipc.open_stream)(pa.BufferReader(content)) as reader:
        batches, unpacked = [], 0
        for batch in map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader:
            batches.append(batch)
            unpacked += batch.nbytes
            require_in_proportion(unpacked, len(content), place)
        return reader.schema.names, pa.Table.from_batches(batches, reader.schema)


def repeated_bytes(table: "pa.Table") -> int:
    """Bytes of all texts that are stored once and stand in several rows, each as often as it does."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total = 0
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            for chunk in column.chunks:
                total += pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() or 0
    return total
