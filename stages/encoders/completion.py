"""What is changed in the copy of a checkpoint, so that every later stage reads one form of it."""

import json
from pathlib import Path

from safetensors.torch import load_file, save_file

from stages.core.errors import InputError
from stages.encoders.checkpoint import Contents, contents, fresh_modules
from stages.encoders.settings import Architecture
from stages.encoders.snapshot import CONFIG, TOKENIZER, WEIGHTS, read_json, tensor_shapes
from stages.encoders.verification import load_tokenizer


def complete(folder: Path, family: Architecture, found: Contents) -> None:
    """Write what the published files leave open, and leave out a head of another task.

    tokenizer.json where the tokenizer has another form; the padding token where config.json or the tokenizer has none.
    """
    tokenizer = load_tokenizer(folder, str(folder))
    if family.pad_token is not None:
        tokenizer.pad_token = family.pad_token
    if family.pad_token is not None or not (folder / TOKENIZER).exists():
        tokenizer.save_pretrained(folder)
    config = found.model.config
    if config.get_text_config().pad_token_id != tokenizer.pad_token_id or config.problem_type is not None:
        _write_config(folder, tokenizer.pad_token_id)
    brought = head_brought(folder, family, found)
    if brought:
        print(f"{folder.name}: left out {', '.join(brought)}: a run starts with a head of its own")
        weights = load_file(folder / WEIGHTS)
        save_file({n: w for n, w in weights.items() if n not in brought}, folder / WEIGHTS, metadata={"format": "pt"})


def _write_config(folder: Path, pad_id: int) -> None:
    """With the padding token, and without the task of a head that is left out, which would choose another loss."""
    config = read_json(folder / CONFIG, str(folder))
    config.pop("problem_type", None)
    config["pad_token_id"] = pad_id
    if "text_config" in config:
        config["text_config"]["pad_token_id"] = pad_id
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def head_brought(folder: Path, family: Architecture, found: Contents) -> list[str]:
    """The names of weights in the file that a fresh head is in place of.

    Of a checkpoint that has an output layer they are all that lie beside its encoder; and those that ``head`` names.
    """
    modules = list(family.head or [])
    if any(not name.startswith(found.encoder) for name in found.mismatched):
        names = [name for name, _ in found.model.named_parameters() if not name.startswith(found.encoder)]
        modules += {name.split(".")[0] for name in names}
    brought = []
    for name in tensor_shapes(folder, str(folder)):
        if any(full.startswith(f"{module}.") for module in modules for full in (name, found.encoder + name)):
            brought.append(name)
    return brought


def require_head(folder: Path, family: Architecture) -> None:
    """``head``, where it is given, must name modules of the class, and all that the checkpoint does not bring.

    Raises:
        InputError: it does not.
    """
    if family.head is None:
        return
    found = contents(folder, family.model_class, tensor_shapes(folder, str(folder)), classes=2)
    modules = [name for name, _ in found.model.named_modules()]
    for name in family.head:
        if name not in modules:
            raise InputError(f"head: {name!r}: no module of {family.model_class}; required: {_listed(found)}")
    new = [name for name in found.missing if not any(name.startswith(f"{module}.") for module in family.head)]
    if new:
        raise InputError(
            f"head: {family.head}: without {new[0]}, which {folder} does not bring; required: {_listed(found)}, "
            "or no `head`, which finds them"
        )


def _listed(found: Contents) -> str:
    return ", ".join(fresh_modules(found))


def count(folder: Path, family: Architecture) -> dict[str, int]:
    """``parameters`` of the encoder that the class reads and the checkpoint brings, no head; and ``vocab_size``."""
    found = contents(folder, family.model_class, tensor_shapes(folder, str(folder)), classes=2)
    missing = set(found.missing)
    sizes = {name: weight.numel() for name, weight in found.model.named_parameters() if name not in missing}
    return {
        "parameters": sum(size for name, size in sizes.items() if name.startswith(found.encoder)),
        "vocab_size": found.model.config.get_text_config().vocab_size,
    }
