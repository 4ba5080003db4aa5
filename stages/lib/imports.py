"""Importing Transformers without what it imports for other purposes: compilation, sharding, object detection.

Of the seconds before a run's first step, a third goes to importing TorchDynamo and its compiler, distributed tensors
and SciPy's optimisers. A run on a CPU that compiles nothing uses none of them, so in its process each is an empty
module whose every name is an empty class: ``isinstance`` against one is false, and a method called on one fails.
"""

import json
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

UNUSED = (
    "scipy.optimize",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed.tensor",
    "torch.distributed.fsdp",
    "torch.distributed._composable",
)


class _Empty(ModuleType):
    """Each name is a class of its own, made when first asked for."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__init__": lambda self, *_, **__: None, "__module__": self.__name__})
        setattr(self, name, made)
        return made


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        unused = any(name == module or name.startswith(f"{module}.") for module in UNUSED)
        return ModuleSpec(name, self, is_package=True) if unused else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def needed(settings: Path) -> bool:
    """Whether a run's settings ask for what TorchDynamo does; also if they cannot be read, which is reported later."""
    try:
        run = json.loads(settings.read_text(encoding="utf-8"))
        return run["gradient_checkpointing"] or run["train"]["compile"] != "none"
    except (OSError, ValueError, LookupError, TypeError):
        return True


def leave_out_unused() -> None:
    """From now on import each of ``UNUSED`` as an empty module; not with a GPU, where that was never tried."""
    import torch

    if torch.cuda.is_available():
        return
    sys.meta_path.insert(0, _Finder())
    torch.compile = torch.compiler.disable = _as_it_is  # bitsandbytes decorates with the first at import
    import torch._dynamo.eval_frame  # named in full by those who ask whether a model is compiled

    torch._dynamo.disable = _as_it_is
    import numpy.random  # noqa: F401  # a run asks for it later, and its memory counts from the end of the imports


def _as_it_is(function: object = None, *_: object, **__: object) -> object:
    """``torch.compile`` and ``torch.compiler.disable`` where nothing is compiled."""
    return function if function is not None else lambda decorated: decorated
