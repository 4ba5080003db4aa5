"""What a configuration of Transformers may say: nothing that changes what a model returns, and no absurd size.

A ``config.json`` comes with a checkpoint, from anywhere; ``miniature`` and ``full_size`` are of ``params.yaml``.
"""

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from stages.core.errors import InputError

# Keys that change what a model returns or computes with -> the values that leave it as the study has it. They are the
# run's own settings: precision, quantisation, and outputs that are read by name.
SWITCHES: dict[str, tuple[object, ...]] = {
    "return_dict": (True, None),
    "use_return_dict": (None,),
    "output_attentions": (False, None),
    "output_hidden_states": (False, None),
    "torchscript": (False, None),
    "quantization_config": (None,),
    "is_decoder": (False, None),  # the first token, which a classifier reads, would see itself alone
    "add_cross_attention": (False, None),
    "chunk_size_feed_forward": (0, None),  # rows whose length is no multiple of it are refused, in a run
    # any other is code of a package that is not pinned, or of a repository on the hub
    "attn_implementation": ("eager", "sdpa", None),
    "experts_implementation": ("eager", None),
}
SUFFIX = "_internal"  # and a leading underscore: how Transformers itself keeps the last two
NAMED_BY_DATA = {"id2label", "label2id", "task_specific_params"}  # whose keys are no settings
# Numbers that modules, layers above all, or lists are made by, one by one, before their sizes can be counted.
REPEATED = re.compile("layer|block|group|stage|depth|expert|num_labels")
LAYERS = re.compile("(num_hidden|n|num)_layers?")
MOST_REPEATED = 100_000
MOST_LAYERS = 1_000
LARGEST = 2**53  # beyond it, a number of JSON is another one in half of all programs
MOST_MODULES = 100_000  # two seconds to make
MOST_PARAMETERS = 10**13  # some times those of the largest model that is published
MOST_SHOWN = 60


def require_plain(config: dict[str, Any], place: str) -> None:
    """No switch of a checkpoint's ``config.json`` is set that a run sets, or that changes what a model returns.

    Args:
        config: as read.
        place: what messages call the file.

    Raises:
        InputError: one is.
    """
    for path, key, value in _settings(config):
        allowed = SWITCHES.get(key.removeprefix("_").removesuffix(SUFFIX))
        if allowed is not None and not _is_among(value, allowed):
            names = ", ".join("nothing" if each is None else repr(each).lower().strip("'") for each in allowed)
            raise InputError(f"{place}: {path}: {_shown(value)}; allowed: {names}")
    require_moderate(config, place)


def _is_among(value: object, allowed: tuple[object, ...]) -> bool:
    """Whether it is one of them; of the same type, for True is 1."""
    return any(type(value) is type(each) and value == each for each in allowed)


def require_moderate(sizes: dict[str, Any], place: str) -> None:
    """No number that could not be a size of any model, told before anything is made of it.

    Raises:
        InputError: one is.
    """
    for path, key, value in _settings(sizes):
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{place}: {path}: {value}; allowed: a finite number")
        if abs(value) > LARGEST:
            raise InputError(f"{place}: {path}: {_shown(value)}; allowed: at most {LARGEST}")
        if LAYERS.fullmatch(key) and not 1 <= value <= MOST_LAYERS:
            raise InputError(f"{place}: {path}: {_shown(value)}; allowed: 1 to {MOST_LAYERS}")
        if REPEATED.search(key) and value > MOST_REPEATED:
            raise InputError(f"{place}: {path}: {_shown(value)}; allowed: at most {MOST_REPEATED}")


def _settings(config: dict[str, Any], parent: str = "") -> Iterator[tuple[str, str, Any]]:
    """Path, key and value of each setting, those of nested configurations after their parent's."""
    for key, value in config.items():
        path = f"{parent}{key}"
        for part in value if isinstance(value, list) else [value]:
            yield path, str(key), part
            if isinstance(part, dict) and key not in NAMED_BY_DATA and key not in SWITCHES:
                yield from _settings(part, f"{path}.")


def _shown(value: object) -> str:
    """On one short line; a number of thousands of digits cannot even be written."""
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"a number of {value.bit_length()} bits"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


@contextmanager
def without_data(most: int = MOST_PARAMETERS) -> Iterator[None]:
    """Models made in the block take no memory, and no longer than ``MOST_MODULES`` modules do.

    Args:
        most: parameters and numbers of buffers that they may have.

    Raises:
        InputError: a model has more of either.
    """
    import torch

    modules = torch.nn.modules.module
    hooks = [
        modules.register_module_module_registration_hook(_counter(lambda _: 1, MOST_MODULES, "modules")),
        modules.register_module_parameter_registration_hook(_counter(_numbers, most, "parameters")),
        modules.register_module_buffer_registration_hook(_counter(_numbers, most, "numbers in buffers")),
    ]
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            yield
    finally:
        for hook in hooks:
            hook.remove()


def _numbers(tensor: Any) -> int:
    return 0 if tensor is None else tensor.numel()


def _counter(size: Callable[[Any], int], most: int, what: str) -> Callable[..., None]:
    """A hook that adds up what is registered."""
    total = 0

    def count(_module: object, _name: str, registered: Any) -> None:
        nonlocal total
        total += size(registered)
        if total > most:
            raise InputError(f"more than {most} {what}")

    return count
