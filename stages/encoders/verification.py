"""Whether a checkpoint folder can be trained from: everything that a run would otherwise stumble over.

Messages call the checkpoint ``shown``. No code of a checkpoint's own is run.
"""

import json
import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.core.errors import InputError
from stages.encoders.config_limits import require_plain, without_data
from stages.encoders.conversion import is_to_convert
from stages.encoders.settings import Architecture
from stages.encoders.snapshot import (
    CONFIG,
    PICKLE,
    PICKLE_SHARDS,
    SHARDS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    TOKENIZERS,
    VOCABULARIES,
    WEIGHTS,
    file_names,
    read_json,
    require_moderate_files,
    tensor_shapes,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from stages.encoders.checkpoint import Contents

# So many numbers may a model have beside its checkpoint's, and for each of them: a head of many classes, buffers.
NEW_BESIDE, NEW_FOR_EACH = 20_000_000, 4


def verify(folder: Path, family: Architecture, shown: str) -> "Contents":
    """Check the whole folder; what it brings of the architecture's class.

    Raises:
        InputError: a file is missing, cut short, of another architecture, or does not fit the others.
    """
    config = require_settings(folder, family, shown)
    shapes = tensor_shapes(folder, shown)
    from stages.encoders.checkpoint import require_encoder, require_type  # seconds of imports

    require_type(config, family.model_class, shown)
    _require_size(folder, family.model_class, shapes, shown)
    found = require_encoder(folder, family.model_class, shapes, shown)
    stated = read_json(folder / TOKENIZER, shown) if (folder / TOKENIZER).exists() else None
    if stated is not None:
        _require_kind_of_tokenizer(stated, family, shown)
        # before it is loaded, which takes a minute of a vocabulary of millions
        _require_rows(_stated_ids(stated), found, shown)
    _require_fitting_tokenizer(folder, stated, found, family, shown)
    return found


def require_settings(folder: Path, family: Architecture, shown: str) -> dict[str, Any]:
    """Check all that can be checked before weights are read, or converted; the content of config.json.

    Raises:
        InputError: a file is missing or too large, or asks for what is not done here.
    """
    if not folder.is_dir():
        raise InputError(f"base.path: {shown}: not found; required: a folder with the checkpoint")
    require_files(file_names(folder), family, shown)
    require_moderate_files(folder, shown)
    config = read_json(folder / CONFIG, shown)
    tokenizer_config = {}
    if (folder / TOKENIZER_CONFIG).exists():
        tokenizer_config = read_json(folder / TOKENIZER_CONFIG, shown)
    for name, content in ((CONFIG, config), (TOKENIZER_CONFIG, tokenizer_config)):
        if "auto_map" in content:
            raise InputError(f"{shown}: {name}: auto_map asks for remote code; allowed: what transformers itself has")
    require_plain(config, f"{shown}: {CONFIG}")
    return config


def _require_size(folder: Path, model_class: str, shapes: dict[str, list[int]], shown: str) -> None:
    """The model that the configuration makes is about as large as the weights are, before memory is taken for it."""
    from stages.encoders.checkpoint import UNLIKELY, classifier_class, quiet_library

    found = classifier_class(model_class)
    most = NEW_BESIDE + NEW_FOR_EACH * sum(math.prod(shape) for shape in shapes.values())
    try:
        with quiet_library(), without_data(most):
            found(found.config_class.from_pretrained(folder, num_labels=UNLIKELY, local_files_only=True))
    except InputError as error:
        raise InputError(f"{shown}: {CONFIG} makes a model of {error}; {WEIGHTS} has the weights of less") from error
    except Exception as error:  # of any class of Transformers
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{shown}: {CONFIG} makes no {model_class}: {words}") from error


def require_files(names: Collection[str], family: Architecture, shown: str) -> None:
    """Check that the files of a checkpoint are there, by name.

    Raises:
        InputError: one is missing, or is there in a form that is not read.
    """
    weights = PICKLE if is_to_convert(names, family) else WEIGHTS
    if weights not in names:
        _refuse_other_weights(names, family, shown)
    for name in (CONFIG, weights):
        if name not in names:
            raise InputError(f"{shown}: {name}: not found; a checkpoint needs {CONFIG}, {WEIGHTS} and a tokenizer")
    if TOKENIZER in names:
        return
    if family.tokenizer is None:
        if not any(set(files) <= set(names) for files in VOCABULARIES):
            raise InputError(f"{shown}: no tokenizer; required: {TOKENIZER}, or one of {_either(VOCABULARIES)}")
        return
    _, files = TOKENIZERS[family.tokenizer]
    if not set(files) <= set(names):
        raise InputError(f"{shown}: no {family.tokenizer} tokenizer; required: {TOKENIZER}, or {' and '.join(files)}")


def _either(alternatives: Collection[Collection[str]]) -> str:
    return ", ".join(" and ".join(files) for files in alternatives)


def _refuse_other_weights(names: Collection[str], family: Architecture, shown: str) -> None:
    if SHARDS in names:
        raise InputError(f"{shown}: {SHARDS}: weights in shards; allowed: one {WEIGHTS}")
    ways_on = (
        f"set `revision` to a commit that has {WEIGHTS} (the hub's conversion bot proposes one as a pull request), or "
        "convert the weights and give the folder (base: {source: local, path: <folder>})"
    )
    if PICKLE in names:
        raise InputError(
            f"{shown}: {PICKLE} without {WEIGHTS}; a pickle can run code and is not read: {ways_on}, or have it "
            "converted by a reader that runs none (`convert: weights_only` of the architecture)"
        )
    if PICKLE_SHARDS in names:
        but_whole = f"; {family.convert!r} converts one {PICKLE} alone" if family.convert else ""
        raise InputError(
            f"{shown}: {PICKLE_SHARDS} without {WEIGHTS}; a pickle can run code and is not read{but_whole}: {ways_on}"
        )


def _require_kind_of_tokenizer(stated: dict[str, Any], family: Architecture, shown: str) -> None:
    """Loading would make a tokenizer of the family's kind out of another one in silence."""
    if family.tokenizer is None:
        return
    required, _ = TOKENIZERS[family.tokenizer]
    kind = _kind_of(stated)
    if kind != required:
        raise InputError(
            f"{shown}: {TOKENIZER}: model {kind!r}; required by tokenizer {family.tokenizer}: {required!r}"
        )


def _kind_of(tokenizer: dict[str, Any]) -> str | None:
    model = tokenizer.get("model")
    return model.get("type") if isinstance(model, dict) else None


def _require_fitting_tokenizer(
    folder: Path, stated: dict[str, Any] | None, found: "Contents", family: Architecture, shown: str
) -> None:
    tokenizer = load_tokenizer(folder, shown)
    if not tokenizer.is_fast:
        raise InputError(f"{shown}: {type(tokenizer).__name__} is a slow tokenizer; required: a fast one")
    if stated is not None:
        kind = _kind_of(stated)
        loaded = _kind_of(json.loads(tokenizer.backend_tokenizer.to_str()))
        if loaded != kind:
            raise InputError(
                f"{shown}: {TOKENIZER}: model {kind!r}, which {type(tokenizer).__name__} reads as {loaded!r}; "
                f"required: the tokenizer of a {found.model.config.model_type} model, or `tokenizer_class` in "
                f"{TOKENIZER_CONFIG}"
            )
    _require_rows(tokenizer.get_vocab(), found, shown)
    with _named(f"{shown}: the tokenizer fails on a text"):
        tokenizer("A text.", "And another.")
    require_padding(tokenizer, found, family, shown)


def _stated_ids(tokenizer: dict[str, Any]) -> dict[str, int]:
    """Tokens of a tokenizer.json with their ids, as far as it is of a form that is known."""
    model = tokenizer.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, list):  # of pairs with scores
        tokens = [entry[0] if isinstance(entry, list) and entry else entry for entry in vocabulary]
        return {str(token): number for number, token in enumerate(tokens)}
    if not isinstance(vocabulary, dict):
        return {}
    return {token: number for token, number in vocabulary.items() if isinstance(number, int)}


def _require_rows(ids: dict[str, int], found: "Contents", shown: str) -> None:
    """Every token has a row of the embeddings."""
    rows = found.model.get_input_embeddings().weight.shape[0]
    token, last = max(ids.items(), key=lambda item: item[1], default=("", -1))
    if last >= rows:
        raise InputError(f"{shown}: the tokenizer gives {token!r} the id {last}, beyond {CONFIG}'s vocab_size {rows}")


def load_tokenizer(folder: Path, shown: str) -> "PreTrainedTokenizerBase":
    """A checkpoint's own.

    Raises:
        InputError: it cannot be loaded.
    """
    from transformers import AutoTokenizer

    with _named(f"{shown}: tokenizer cannot be loaded"):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


@contextmanager
def _named(fault: str) -> Iterator[None]:
    """What a library raises in the block is an InputError: of any class, and a panic in Rust is no Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{fault}: {words}") from error


def require_padding(tokenizer: "PreTrainedTokenizerBase", found: "Contents", family: Architecture, shown: str) -> None:
    """Tokenizer and model must agree on which token is padding: a decoder reads the last one that is not."""
    stated = found.model.config.get_text_config().pad_token_id
    if family.pad_token is not None:
        if tokenizer.pad_token not in (None, family.pad_token):
            raise InputError(
                f"pad_token: {family.pad_token!r}: {shown} pads with {tokenizer.pad_token!r}; leave it out"
            )
        if family.pad_token not in tokenizer.get_vocab():
            raise InputError(f"pad_token: {family.pad_token!r}: not in the vocabulary of {shown}")
        tokenizer.pad_token = family.pad_token
    if tokenizer.pad_token_id is None:
        raise InputError(
            f"{shown}: the tokenizer has no padding token; set `pad_token` of the architecture to one of its tokens, "
            f"e.g. {tokenizer.eos_token or tokenizer.unk_token or '<pad>'!r}"
        )
    if (
        stated is not None and 0 <= stated != tokenizer.pad_token_id
    ):  # below zero is how old files say that there is none
        raise InputError(
            f"{shown}: the tokenizer pads with id {tokenizer.pad_token_id}, {CONFIG} says pad_token_id {stated}"
        )
