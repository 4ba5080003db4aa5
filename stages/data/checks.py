"""What holds of every source: names of splits, formats and halves of pairs, what a text must be, what messages say.

``source`` is what a message calls the file that is read.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from reprlib import repr as shown
from textwrap import shorten

from stages.core.errors import InputError
from stages.core.unpacking import require_in_proportion
from stages.data.settings import is_line

# Split -> its names, in any letter case: of files, of folders and in a column `split`.
SPLITS = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
    "unsupervised": ("unsupervised", "unlabeled", "unlabelled", "unsup"),
}
SPLIT_NAMES = ", ".join(", ".join(names) for names in SPLITS.values())
FORMATS = (".parquet", ".arrow", ".csv", ".tsv", ".jsonl", ".json")  # each but .arrow also with .gz after it
DELIMITED = (".csv", ".tsv")
TEXTS = "*.txt"
LAYOUTS = (
    "train.* and test.* (.parquet, .arrow, .csv, .tsv, .jsonl, .json, all but .arrow also .gz), such files or "
    "a folder a class in train/ and test/ (train/spam/1.txt), or what save_to_disk of `datasets` wrote"
)
# Columns that hold one text of a pair where another column holds the other (GLUE, SNLI, sentence-transformers).
HALVES = {"premise", "hypothesis", "question", "textpair"}
HALVES |= {f"{kind}{which}" for kind in ("text", "sentence", "question") for which in ("1", "2", "a", "b")}
HALVES |= {"1string", "2string"}  # MRPC's "#1 String"
# More than a long novel holds is no review but a fault, such as a whole file in one cell, and cutting it to
# `max_length` would hide that.
LONGEST = 1_000_000  # characters
LONGEST_LISTED = 80  # of a name in a message
BLOCK = 2**20  # bytes that are unpacked at once
SAMPLE = 10_000  # bytes of a file by which its encoding is told


def split_called(name: str) -> str | None:
    """The split that a file, a folder or a row's ``split`` names."""
    for split, names in SPLITS.items():
        if name.strip().lower() in names:
            return split
    return None


def format_of(name: str) -> str | None:
    """The format that a file's name ends with, None where it is none that is read."""
    plain = name.lower().removesuffix(".gz")
    suffix = next((suffix for suffix in FORMATS if plain.endswith(suffix)), None)
    return None if suffix == ".arrow" and name.lower().endswith(".gz") else suffix


def natural(name: str) -> tuple[list[str | int], str]:
    """A key to sort by that counts: text and numbers in turn, and the name, for 01 and 1 have an order, too."""
    pieces: list[str | int] = re.split(r"([0-9]+)", name)
    pieces[1::2] = [int(digits) for digits in pieces[1::2]]
    return pieces, name


def holds_texts(folder: Path) -> bool:
    """Whether ``text_files`` would find any."""
    return any(not file.name.startswith(".") for file in folder.glob(TEXTS))


def text_files(folder: Path) -> list[Path]:
    """The folder's texts, hidden files left out, in the order of their numbers: 9_8.txt before 10_7.txt."""
    files = [file for file in folder.glob(TEXTS) if not file.name.startswith(".")]
    return sorted(files, key=lambda file: natural(file.name))


def is_half(name: str) -> bool:
    """Whether a column's name says that it holds one text of a pair."""
    plain = "".join(character for character in name.lower() if character.isalnum())
    return plain in HALVES


def line_of(name: str) -> str:
    """A column's or a file's name, which may be anything, as it can be written and printed."""
    return name if is_line(name) else ascii(name)


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names in a message, the first of them where there are many."""
    lines = []
    for name in names:
        line = line_of(name) if name == name.strip() else repr(name)  # a space at its end would not show
        lines.append(line if len(line) <= LONGEST_LISTED else f"{line[: LONGEST_LISTED - 3]}...")
    rest = f" and {len(lines) - most} more" if len(lines) > most else ""
    return ", ".join(lines[:most]) + rest


def require_texts(values: list, role: str, place: Callable[[int], str]) -> None:
    """Check every text; ``role`` is what it is, text or pair, and ``place`` names a row by its index.

    Raises:
        InputError: names the first row that cannot be used.
    """
    for index, value in enumerate(values):
        fault = text_fault(value, role)
        if fault:
            raise InputError(f"{place(index)}: {fault}")


def text_fault(text: object, role: str = "text") -> str | None:
    """What makes a text unusable, None where nothing does."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return f"empty {role}; every row needs some"
    if not isinstance(text, str) or not is_unicode(text):
        return f"{role} {shown(text)}; allowed: a Unicode string"
    if "\0" in text:
        position = text.index("\0") + 1
        return f"NUL byte at character {position} of the {role}; allowed: none"
    if len(text) > LONGEST:
        return f"{role} of {len(text)} characters; allowed: at most {LONGEST}"
    return None


def is_unicode(text: str) -> bool:
    """Whether it is without half of a surrogate pair, which JSON can write and UTF-8 cannot."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def decoded(raw: bytes, source: str, encoding: str = "utf-8", advice: str = "save the file as UTF-8") -> str:
    """A text file's content without its byte order mark."""
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        byte = getattr(error, "start", 0)
        line = raw.count(b"\n", 0, byte) + 1
        name = "UTF-8" if encoding.lower() in ("utf-8", "utf8") else encoding
        raise InputError(f"{source}: line {line}, byte {byte}: not valid {name}; {advice}") from error


def unmarked_utf16(raw: bytes) -> str | None:
    """Which UTF-16 text without a byte order mark is in, if it is: half of each Latin letter is NUL."""
    halves = {"utf-16-be": raw[:SAMPLE:2], "utf-16-le": raw[1:SAMPLE:2]}
    return next((name for name, half in halves.items() if 2 * half.count(0) > len(half)), None)


def read_bytes(file: Path, source: str) -> bytes:
    """A file's content, unpacked where its name ends with ``.gz``."""
    import gzip
    import zlib

    if file.suffix.lower() != ".gz":
        return file.read_bytes()
    packed, pieces, unpacked = file.stat().st_size, [], 0
    try:
        with gzip.open(file) as stream:
            while piece := stream.read(BLOCK):
                pieces.append(piece)
                unpacked += len(piece)
                require_in_proportion(unpacked, packed, source)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{source}: cannot be unpacked as gzip: {reason(error)}") from error
    return b"".join(pieces)


def reason(error: BaseException) -> str:
    """What a library says, on one short line."""
    printable = "".join(character if character.isprintable() else " " for character in str(error))
    return shorten(printable, 300) or type(error).__name__
