"""A checkpoint folder laid out as on the hub: the files that count, and whether they can be trained from.

Weights are safetensors alone: a pickle can run code. No code of a checkpoint's own is run either.
"""

import hashlib
import json
import shutil
from collections.abc import Collection
from math import prod
from pathlib import Path
from typing import Any

from stages.core.errors import InputError
from stages.encoders.settings import Architecture
from stages.hub.disk import require_space

CONFIG, WEIGHTS, SHARDS = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
# Kind of tokenizer -> its model in tokenizer.json, and the files that do instead of tokenizer.json.
TOKENIZERS = {
    "wordpiece": ("WordPiece", ("vocab.txt",)),
    "byte-bpe": ("BPE", ("vocab.json", "merges.txt")),
    "unigram": ("Unigram", ("spm.model",)),
}
FILES = (
    CONFIG,
    WEIGHTS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    *(name for _, names in TOKENIZERS.values() for name in names),
)
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
HEADER = 8  # bytes at the start of a safetensors file that hold the length of its JSON header
LONGEST_HEADER = 100_000_000  # what the library reads


def verify(folder: Path, family: Architecture, shown: str) -> None:
    """Check everything that a run would otherwise stumble over; messages call the checkpoint ``shown``.

    Raises:
        InputError: a file is missing, cut short, of another architecture, or does not fit the others.
    """
    if not folder.is_dir():
        raise InputError(f"base.path: {shown}: not found; required: a folder with the checkpoint")
    require_files([path.name for path in folder.iterdir() if path.is_file()], family, shown)
    config = _read_json(folder / CONFIG, shown)
    tokenizer_config = _read_json(folder / TOKENIZER_CONFIG, shown) if (folder / TOKENIZER_CONFIG).exists() else {}
    for name, content in ((CONFIG, config), (TOKENIZER_CONFIG, tokenizer_config)):
        if "auto_map" in content:
            raise InputError(f"{shown}: {name}: auto_map asks for remote code; allowed: what transformers itself has")
    _require_architecture(config, family, shown)
    rows = embedding_rows(folder, shown)
    if rows != config.get("vocab_size"):
        raise InputError(
            f"{shown}: {WEIGHTS} embeds {rows} tokens, {CONFIG} says vocab_size {config.get('vocab_size')}; "
            "required: the same"
        )
    _require_tokenizer(folder, family, config, shown)


def require_files(names: Collection[str], family: Architecture, shown: str) -> None:
    """Check that the files of a checkpoint are there, by name.

    Raises:
        InputError: one is missing, or is there in a form that is not read.
    """
    if WEIGHTS not in names:
        if SHARDS in names:
            raise InputError(f"{shown}: {SHARDS}: weights in shards; allowed: one {WEIGHTS}")
        if pickle := next((name for name in PICKLES if name in names), None):
            raise InputError(
                f"{shown}: {pickle} without {WEIGHTS}; a pickle can run code and is not read: set `revision` to a "
                f"commit that has {WEIGHTS} (the hub's conversion bot proposes one as a pull request), or convert "
                "the weights and give the folder (base: {source: local, path: <folder>})"
            )
    for name in (CONFIG, WEIGHTS):
        if name not in names:
            raise InputError(f"{shown}: {name}: not found; a checkpoint needs {CONFIG}, {WEIGHTS} and a tokenizer")
    _, files = TOKENIZERS[family.tokenizer]
    if TOKENIZER not in names and not set(files) <= set(names):
        raise InputError(f"{shown}: no {family.tokenizer} tokenizer; required: {TOKENIZER}, or {' and '.join(files)}")


def _read_json(path: Path, shown: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{shown}: {path.name}: not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{shown}: {path.name}: holds {type(content).__name__}; required: an object")
    return content


def _require_architecture(config: dict[str, Any], family: Architecture, shown: str) -> None:
    import transformers

    wanted = getattr(transformers, family.model_class.replace("ForSequenceClassification", "Config")).model_type
    if config.get("model_type") != wanted:
        raise InputError(
            f"{shown}: {CONFIG}: model_type {config.get('model_type')!r}; required by model_class "
            f"{family.model_class}: {wanted!r}"
        )


def embedding_rows(folder: Path, shown: str) -> int:
    """How many tokens the weights embed; the file is checked to be whole on the way.

    Raises:
        InputError: the file is cut short, is no safetensors file, or holds no word embeddings.
    """
    shapes = _shapes(folder / WEIGHTS, shown)
    names = [name for name in shapes if name.endswith(WORD_EMBEDDINGS)]
    if not names:
        raise InputError(f"{shown}: {WEIGHTS}: no *.{WORD_EMBEDDINGS}; required: the weights of an encoder")
    return shapes[names[0]][0]


def _shapes(path: Path, shown: str) -> dict[str, list[int]]:
    """Shape of every tensor, from the header alone."""
    from safetensors import SafetensorError, safe_open

    found, stated = path.stat().st_size, _stated_bytes(path)
    if stated is not None and found < stated:
        # the hub's client would link a cut blob again, so it is the link's target that has to go
        raise InputError(
            f"{shown}: {path.name}: {found} of {stated} bytes, cut short; delete {path.resolve()} and get it again"
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
        return length + max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def _require_tokenizer(folder: Path, family: Architecture, config: dict[str, Any], shown: str) -> None:
    model, _ = TOKENIZERS[family.tokenizer]
    if (folder / TOKENIZER).exists():
        content = _read_json(folder / TOKENIZER, shown).get("model")
        found = content.get("type") if isinstance(content, dict) else None
        if found != model:  # loading would make one of the family's kind of it in silence
            raise InputError(
                f"{shown}: {TOKENIZER}: model {found!r}; required by tokenizer {family.tokenizer}: {model!r}"
            )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{shown}: tokenizer cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    vocabulary = tokenizer.get_vocab()
    token, last = max(vocabulary.items(), key=lambda item: item[1])
    if last >= config["vocab_size"]:
        raise InputError(
            f"{shown}: the tokenizer gives {token!r} the id {last}, beyond {CONFIG}'s vocab_size {config['vocab_size']}"
        )
    pad = config.get("pad_token_id", tokenizer.pad_token_id)
    if pad != tokenizer.pad_token_id:
        raise InputError(
            f"{shown}: the tokenizer pads with id {tokenizer.pad_token_id}, {CONFIG} says pad_token_id {pad}"
        )


def copy(source: Path, folder: Path) -> None:
    """Copy the files that count.

    Raises:
        InputError: the disk has too little room.
    """
    names = [name for name in FILES if (source / name).is_file()]
    require_space(folder, sum((source / name).stat().st_size for name in names), f"a copy of {source}")
    for name in names:
        shutil.copyfile(source / name, folder / name)


def complete(folder: Path) -> None:
    """Write tokenizer.json where a checkpoint has its tokenizer in another form: later stages read that alone."""
    if not (folder / TOKENIZER).exists():
        from transformers import AutoTokenizer

        AutoTokenizer.from_pretrained(folder, local_files_only=True).save_pretrained(folder)


def count(folder: Path) -> dict[str, int]:
    """``parameters`` of the encoder (what lies beside its embeddings, no head) and ``vocab_size``."""
    shapes = _shapes(folder / WEIGHTS, str(folder))
    prefix = next(name for name in shapes if name.endswith(WORD_EMBEDDINGS)).removesuffix(WORD_EMBEDDINGS)
    config = _read_json(folder / CONFIG, str(folder))
    return {
        "parameters": sum(prod(shape) for name, shape in shapes.items() if name.startswith(prefix)),
        "vocab_size": config["vocab_size"],
    }


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
