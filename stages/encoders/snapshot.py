"""A checkpoint folder laid out as on the hub: the files that count, and what they say of themselves.

Weights are safetensors alone: a pickle can run code. One that may be converted (see ``conversion``) is never copied.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.hub.disk import require_space

CONFIG, WEIGHTS = "config.json", "model.safetensors"
SHARDS = "model.safetensors.index.json"
PICKLE, PICKLE_SHARDS = "pytorch_model.bin", "pytorch_model.bin.index.json"
CONVERTED_FROM = "converted_from.json"  # beside weights that were made from a pickle: its name and hash
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
# Kind of tokenizer -> its model in tokenizer.json, and the files that do instead of tokenizer.json.
TOKENIZERS = {
    "wordpiece": ("WordPiece", ("vocab.txt",)),
    "byte-bpe": ("BPE", ("vocab.json", "merges.txt")),
    "unigram": ("Unigram", ("spm.model",)),
}
# The same of every kind that Transformers makes a fast tokenizer of.
VOCABULARIES = (
    ("vocab.txt",),
    ("vocab.json", "merges.txt"),
    ("spm.model",),
    ("spiece.model",),
    ("sentencepiece.bpe.model",),
    ("tokenizer.model",),
)
FILES = (
    CONFIG,
    WEIGHTS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    *(name for files in VOCABULARIES for name in files),
)
# Bytes of a file; the largest tokenizers that are published have some 35 million.
LARGEST_TOKENIZER, LARGEST_OTHER = 50_000_000, 10_000_000
SETTINGS = (CONFIG, TOKENIZER_CONFIG, "special_tokens_map.json")
HEADER = 8  # bytes at the start of a safetensors file that hold the length of its JSON header
LONGEST_HEADER = 100_000_000  # what the library reads


def file_names(folder: Path) -> list[str]:
    """Of the files in a folder; none where there is no folder."""
    return [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """A JSON file that holds an object; messages call the checkpoint ``shown``.

    Raises:
        InputError: it is another thing.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown}: {path.name}: not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{shown}: {path.name}: holds {type(content).__name__}; required: an object")
    return content


def require_moderate_files(folder: Path, shown: str) -> None:
    """Every file that counts, beside the weights, can be read in seconds.

    Raises:
        InputError: one is too large, or no object of JSON though its name says so; the tokenizer is read by who calls.
    """
    for name in FILES:
        path = folder / name
        if name == WEIGHTS or not path.is_file():
            continue
        size, most = path.stat().st_size, LARGEST_OTHER if name in SETTINGS else LARGEST_TOKENIZER
        if size > most:
            raise InputError(f"{shown}: {name}: {size} bytes; allowed: at most {most}")
        if path.suffix == ".json" and name != TOKENIZER:
            read_json(path, shown)


def _refuse(constant: str) -> None:
    """Python reads and writes NaN and Infinity, which no other program does, and which no size or rate is."""
    raise ValueError(f"{constant} is no number of JSON")


def tensor_shapes(folder: Path, shown: str) -> dict[str, list[int]]:
    """Shape of every tensor of the weights, from their header alone; the file is checked to be whole on the way.

    Raises:
        InputError: the file is cut short, or no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS
    size = path.stat().st_size
    stated = _stated_bytes(path)
    if stated is not None and size < stated:
        # the hub's client would link a cut blob again, so it is the link's target that has to go
        raise InputError(
            f"{shown}: {path.name}: {size} of {stated} bytes, cut short; delete {path.resolve()} and get it again"
        )
    try:
        with safe_open(path, framework="np") as weights:
            return {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"{shown}: {path.name}: not a safetensors file: {error}") from error


def _stated_bytes(path: Path) -> int | None:
    """The length that a safetensors header gives its file, as far as it is there; None without such a header."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = HEADER + int.from_bytes(file.read(HEADER), "little")
        text = file.read(min(length, LONGEST_HEADER))
    if not text.startswith(b"{") or length > LONGEST_HEADER:
        return None
    if size < length:
        return length
    try:
        header = json.loads(text[: length - HEADER])
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        return length + max(ends)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return None


def copy(source: Path, folder: Path) -> None:
    """Copy the files that count.

    Raises:
        InputError: the disk has too little room.
    """
    names = [name for name in FILES if (source / name).is_file()]
    size = sum((source / name).stat().st_size for name in names)
    require_space(folder, size, f"a copy of {source}")
    for name in names:
        shutil.copyfile(source / name, folder / name)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by name."""
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}
