"""How large an architecture's encoder is, as far as that is known before its checkpoint is here."""

import json
from pathlib import Path
from typing import Any

from stages.core.errors import InputError
from stages.encoders.package import folder_of
from stages.encoders.settings import Architecture, Base, LocalBase, PackageBase, PretrainedBase

# What a checkpoint's configuration says beside its sizes.
NOT_SIZES = {
    "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "num_labels", "_name_or_path",
    "id2label", "label2id", "problem_type", "quantization_config",
}  # fmt: skip
MOST_BYTES = 10_000_000  # of a configuration


def encoder_sizes(family: Architecture, miniature: int | None = None) -> dict[str, Any] | None:
    """Keywords of the configuration class: the published sizes, or the miniature's with ``miniature`` tokens.

    None where ``params.yaml`` does not say them.
    """
    if miniature is None:
        return None if family.full_size is None else dict(family.full_size)
    if family.miniature is None:
        return None
    sizes = (family.full_size or {}) | family.miniature | {"vocab_size": miniature}
    if "pooler_hidden_size" in sizes:
        sizes["pooler_hidden_size"] = sizes["hidden_size"]
    return sizes


def known_sizes(name: str, family: Architecture, base: Base) -> dict[str, Any] | None:
    """Of the architecture ``name`` as the base stage makes or finds it: a folder's are in its ``config.json``."""
    if isinstance(base, PretrainedBase):
        return encoder_sizes(family, base.vocab_size)
    if isinstance(base, LocalBase):
        return sizes_in(Path(base.path, name))
    if isinstance(base, PackageBase):
        try:
            return sizes_in(folder_of(base))
        except InputError:  # the base stage will say it
            return None
    return encoder_sizes(family)


def sizes_in(folder: Path) -> dict[str, Any] | None:
    """Of a checkpoint's folder; None where it has no file of JSON that says, as the base stage will."""
    path = folder / "config.json"
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(config, dict):
        return None
    return {key: value for key, value in config.items() if key not in NOT_SIZES}
