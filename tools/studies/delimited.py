"""How the CSV and TSV files of a source are written, where trying tells."""

import re
import unicodedata
from itertools import product

from stages.core.errors import InputError
from stages.data.checks import DELIMITED, format_of, read_bytes, unmarked_utf16
from stages.data.layout import all_files, locate
from stages.data.settings import Csv, LocalData
from stages.data.survey import Survey, survey
from tools.studies.request import TAB, Request

DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
WHY = {
    "utf-16": "by the mark at its beginning",
    "utf-16-le": "every other byte is NUL",
    "utf-16-be": "every other byte is NUL",
    "cp1252": "not valid UTF-8, and letters of Western Europe if read so",
}
# In a word, a sign of these categories is no sign: it is a letter of another encoding read as this one.
SIGNS = ("So", "Sm", "Sk", "Sc", "No")
WORD = re.compile(r"\w+")
LARGEST_SHARE = 0.3  # of accented letters among letters: no language of Western Europe has so many
FOREIGN_WORDS = 0.02  # of words in which every letter is an accented one, or an accented capital follows a small one
MISPLACED_CAPITAL = re.compile(r"[a-z][À-ÖØ-ÞŠŒŽŸ]")  # as Mac OS's é is Ž in Windows' encoding
CUT = re.compile(r": line \d+: |: one column, ")  # in messages that another delimiter may be the answer to
SAMPLE = 2_000_000  # characters that are looked at


def surveyed(request: Request, path: str) -> tuple[Survey, Csv, list[str]]:
    """The source with the options of CSV that it needs, and what of them was guessed, in words.

    Raises:
        InputError: it cannot be read so, or what only its owner knows has to be given.
    """
    plain = LocalData(source="local", path=path, config=request.config or None)
    layout = locate(plain)
    files = [(file, layout.place(file)) for file in all_files(layout) if format_of(file.name) in DELIMITED]
    if not files:
        if request.delimiter or request.encoding:
            raise InputError(f"{'DELIMITER' if request.delimiter else 'ENCODING'}: {path} has no CSV or TSV file")
        return survey(plain), Csv(), []
    encoding = request.encoding or _encoding([read_bytes(*file) for file in files], files[0][1], request)
    found, csv = _first_that_reads(path, encoding, request)
    notes = []
    if csv.encoding != "utf-8" and not request.encoding:
        notes.append(f"encoding {csv.encoding}: {WHY[csv.encoding]}")
    if csv.delimiter and not request.delimiter:
        notes.append(f"delimiter {csv.delimiter!r}: with it the files have columns")
    if csv.quoting == "none":
        notes.append("quotes are characters like others: taken as quotation marks, they do not pair up")
    return found, csv, notes


def _encoding(contents: list[bytes], source: str, request: Request) -> str:
    """UTF-8 where it is that; UTF-16 by its mark or its NULs; that of Western Europe where the letters are."""
    for raw in contents:
        if encoding := BYTE_ORDER.get(raw[:2]):
            return encoding
    if likely := unmarked_utf16(contents[0]):
        return likely
    try:
        for raw in contents:
            raw.decode()
    except UnicodeDecodeError as error:
        if all(is_western(raw) for raw in contents):
            return "cp1252"
        raise InputError(
            f"{source}: neither UTF-8 nor surely of another encoding; name it: {request.again(encoding='cp1251')} "
            "(or whichever it is)"
        ) from error
    return "utf-8"


def is_western(raw: bytes) -> bool:
    """Whether bytes that are no UTF-8 are surely text in Windows' Western encoding, of which Latin-1 is a part.

    In another encoding of one byte a character, such bytes come out as signs within words, or as words of accented
    letters alone.
    """
    try:
        text = raw.decode("cp1252")[:SAMPLE]
    except UnicodeDecodeError:
        return False
    signs = {character for character in set(text) if unicodedata.category(character) in SIGNS} - set("<>=+^`$|~")
    if signs and re.search(rf"[^\W\d_][{re.escape(''.join(signs))}][^\W\d_]", text):
        return False
    letters = [character for character in text if character.isalpha()]
    accented = sum(not character.isascii() for character in letters)
    words = [word for word in WORD.findall(text) if len(word) > 1]
    foreign = sum(not any(map(str.isascii, word)) or bool(MISPLACED_CAPITAL.search(word)) for word in words)
    return accented <= LARGEST_SHARE * len(letters) and foreign <= FOREIGN_WORDS * len(words)


def _first_that_reads(path: str, encoding: str, request: Request) -> tuple[Survey, Csv]:
    """By the usual options, else by the first others that give every row the same columns, two at least."""
    delimiters = [_told(request.delimiter)] if request.delimiter else [None, *DELIMITERS]
    first_fault, single = None, None
    for quoting, delimiter in product(("standard", "none"), delimiters):
        csv = Csv(delimiter=delimiter, encoding=encoding, quoting=quoting)
        try:
            found = survey(LocalData(source="local", path=path, csv=csv, config=request.config or None))
        except InputError as error:
            first_fault = first_fault or error
            continue
        if len(found.columns) > 1 or request.delimiter:
            return found, csv
        single = single or (found, csv)
    if single is None:
        is_cut = CUT.search(str(first_fault)) and not request.delimiter
        hint = f"; or name what parts its fields: {_with_delimiter(request)}" if is_cut else ""
        raise InputError(f"{first_fault}{hint}") from first_fault
    return single


def _with_delimiter(request: Request) -> str:
    return request.again(delimiter=";")


def _told(delimiter: str) -> str:
    if delimiter.lower() == TAB or delimiter == "\\t":
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
        raise InputError(f"DELIMITER: {delimiter!r}: allowed: one character that parts fields, or {TAB}")
    return delimiter
