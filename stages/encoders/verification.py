"""Whether a checkpoint folder can be trained from: everything that a run would otherwise stumble over.

Messages call the checkpoint ``shown``. No code of a checkpoint's own is run.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from stages.core.errors import InputError
from stages.encoders.settings import Architecture
from stages.encoders.snapshot import (
    CONFIG,
    TOKENIZER,
    TOKENIZER_CONFIG,
    TOKENIZERS,
    WEIGHTS,
    WORD_EMBEDDINGS,
    read_json,
    tensor_shapes,
)

SHARDS = "model.safetensors.index.json"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def verify(folder: Path, family: Architecture, shown: str) -> None:
    """Check the whole folder.

    Raises:
        InputError: a file is missing, cut short, of another architecture, or does not fit the others.
    """
    if not folder.is_dir():
        raise InputError(f"base.path: {shown}: not found; required: a folder with the checkpoint")
    require_files([path.name for path in folder.iterdir() if path.is_file()], family, shown)
    config = read_json(folder / CONFIG, shown)
    tokenizer_config = {}
    if (folder / TOKENIZER_CONFIG).exists():
        tokenizer_config = read_json(folder / TOKENIZER_CONFIG, shown)
    for name, content in ((CONFIG, config), (TOKENIZER_CONFIG, tokenizer_config)):
        if "auto_map" in content:
            raise InputError(f"{shown}: {name}: auto_map asks for remote code; allowed: what transformers itself has")
    _require_architecture(config, family, shown)
    _require_vocabulary(folder, config, shown)
    _require_kind_of_tokenizer(folder, family, shown)
    _require_fitting_tokenizer(folder, config, shown)


def require_files(names: Collection[str], family: Architecture, shown: str) -> None:
    """Check that the files of a checkpoint are there, by name.

    Raises:
        InputError: one is missing, or is there in a form that is not read.
    """
    if WEIGHTS not in names:
        _refuse_other_weights(names, shown)
    for name in (CONFIG, WEIGHTS):
        if name not in names:
            raise InputError(f"{shown}: {name}: not found; a checkpoint needs {CONFIG}, {WEIGHTS} and a tokenizer")
    _, files = TOKENIZERS[family.tokenizer]
    if TOKENIZER not in names and not set(files) <= set(names):
        raise InputError(f"{shown}: no {family.tokenizer} tokenizer; required: {TOKENIZER}, or {' and '.join(files)}")


def _refuse_other_weights(names: Collection[str], shown: str) -> None:
    if SHARDS in names:
        raise InputError(f"{shown}: {SHARDS}: weights in shards; allowed: one {WEIGHTS}")
    for pickle in PICKLES:
        if pickle in names:
            raise InputError(
                f"{shown}: {pickle} without {WEIGHTS}; a pickle can run code and is not read: set `revision` to a "
                f"commit that has {WEIGHTS} (the hub's conversion bot proposes one as a pull request), or convert "
                "the weights and give the folder (base: {source: local, path: <folder>})"
            )


def _require_architecture(config: dict[str, Any], family: Architecture, shown: str) -> None:
    import transformers

    config_class = getattr(transformers, family.model_class.replace("ForSequenceClassification", "Config"))
    if config.get("model_type") != config_class.model_type:
        raise InputError(
            f"{shown}: {CONFIG}: model_type {config.get('model_type')!r}; required by model_class "
            f"{family.model_class}: {config_class.model_type!r}"
        )


def _require_vocabulary(folder: Path, config: dict[str, Any], shown: str) -> None:
    """Weights and configuration must agree on how many tokens there are."""
    shapes = tensor_shapes(folder, shown)
    names = [name for name in shapes if name.endswith(WORD_EMBEDDINGS)]
    if not names:
        raise InputError(f"{shown}: {WEIGHTS}: no *.{WORD_EMBEDDINGS}; required: the weights of an encoder")
    rows = shapes[names[0]][0]
    if rows != config.get("vocab_size"):
        raise InputError(
            f"{shown}: {WEIGHTS} embeds {rows} tokens, {CONFIG} says vocab_size {config.get('vocab_size')}; "
            "required: the same"
        )


def _require_kind_of_tokenizer(folder: Path, family: Architecture, shown: str) -> None:
    """Loading would make a tokenizer of the family's kind out of another one in silence."""
    if not (folder / TOKENIZER).exists():
        return
    required, _ = TOKENIZERS[family.tokenizer]
    model = read_json(folder / TOKENIZER, shown).get("model")
    kind = model.get("type") if isinstance(model, dict) else None
    if kind != required:
        raise InputError(
            f"{shown}: {TOKENIZER}: model {kind!r}; required by tokenizer {family.tokenizer}: {required!r}"
        )


def _require_fitting_tokenizer(folder: Path, config: dict[str, Any], shown: str) -> None:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{shown}: tokenizer cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    token, last = max(tokenizer.get_vocab().items(), key=lambda item: item[1])
    if last >= config["vocab_size"]:
        raise InputError(
            f"{shown}: the tokenizer gives {token!r} the id {last}, beyond {CONFIG}'s vocab_size {config['vocab_size']}"
        )
    pad = config.get("pad_token_id", tokenizer.pad_token_id)
    if pad != tokenizer.pad_token_id:
        raise InputError(
            f"{shown}: the tokenizer pads with id {tokenizer.pad_token_id}, {CONFIG} says pad_token_id {pad}"
        )
