"""All that makes a run start sooner, in 1.3 instead of 4.0 seconds on a CPU, and end sooner; no result depends on it.

Transformers imports TorchDynamo and its compiler, distributed tensors and SciPy's optimisers for purposes that a run
which compiles nothing does not have, on a CPU or a GPU: in its process each is an empty module whose every name is an
empty class, so that ``isinstance`` against one is false and a method called on one fails. Looking for garbage among
modules that stay takes a fifth of the imports: the collector waits until they are over. Transformers reads the source
of each of its models to know what is in it: here once, not twice. And a model that is made without data, to be filled
from a checkpoint, is made without computing (``nothing_to_compute``).
"""

import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from torch.overrides import TorchFunctionMode

SHAPES = "torch._meta_registrations"  # of what most operations would give without data; few models ask for one of these
UNUSED = (
    SHAPES,
    "scipy.optimize",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed.tensor",
    "torch.distributed.fsdp",
    "torch.distributed._composable",
)


@contextmanager
def lean_imports(settings: Path | None = None) -> Iterator[None]:
    """Import inside it what a run needs, and nothing that it does not.

    Args:
        settings: the run's settings file, which says whether it compiles; None for a process that does not.
    """
    quiet_bitsandbytes()
    gc.disable()
    if may_leave_out_unused(settings):
        leave_out_unused()
    elif is_left_out(UNUSED[-1]):  # this process was forked from one that has imported what most runs need, and no more
        start_anew()
    yield
    gc.freeze()
    gc.enable()


def quiet_bitsandbytes() -> None:
    """Before its import, in which it warns of a kernel on the hub that nothing here would fetch."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def may_leave_out_unused(settings: Path | None) -> bool:
    """Whatever build of torch this is and whatever device: what counts is what the run asks for."""
    return settings is None or not needs_compiler(settings)


def needs_compiler(settings: Path) -> bool:
    """Whether a run's settings ask for what TorchDynamo does; also if they cannot be read, which is reported later."""
    try:
        run = json.loads(settings.read_text(encoding="utf-8"))
        return run["gradient_checkpointing"] or run["train"]["compile"] != "none"
    except (OSError, ValueError, LookupError, TypeError):
        return True


def leave_out_unused() -> None:
    """From now on import each of ``UNUSED`` as an empty module."""
    sys.meta_path[:0] = [_EmptyFinder(), _OneListing()]
    import torch

    torch.compile = torch.compiler.disable = _as_it_is  # bitsandbytes decorates with the first at import
    import torch._dynamo.eval_frame  # named in full by those who ask whether a model is compiled

    torch._dynamo.disable = _as_it_is
    import numpy.random  # noqa: F401  # a run asks for it later, and its memory counts from the end of the imports


def is_left_out(name: str) -> bool:
    """Whether this process, or the one it was forked from, has imported an empty module in place of that one."""
    module = sys.modules.get(name)
    return module is not None and not hasattr(module, "__file__")


def bring_in(name: str) -> None:
    """Import what was left out."""
    package, _, own_name = name.rpartition(".")
    spec = PathFinder.find_spec(name, sys.modules[package].__path__)
    sys.modules[name] = module = module_from_spec(spec)
    setattr(sys.modules[package], own_name, module)
    spec.loader.exec_module(module)


def start_anew() -> None:
    """Begin the command again in a process that has imported nothing."""
    command = sys.modules["__main__"].__spec__.name
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", command, *sys.argv[1:]])


def leave() -> NoReturn:
    """End a process that has done its work, all of it on disk.

    Python would first take thousands of modules apart, a quarter of a second in which nothing is saved or closed that
    matters; processes of ``multiprocessing`` end in the same way.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


class _EmptyModule(ModuleType):
    """Each name is a class of its own, made when first asked for."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        empty = type(name, (), {"__init__": lambda self, *_, **__: None, "__module__": self.__name__})
        setattr(self, name, empty)  # the next time it is the same class
        return empty


class _EmptyFinder(MetaPathFinder, Loader):
    """Finds each of ``UNUSED`` and what lies below it, and leaves every other module to Python's own finders."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        unused = any(name == module or name.startswith(f"{module}.") for module in UNUSED)
        return ModuleSpec(name, self, is_package=True) if unused else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


class _OneListing(MetaPathFinder):
    """Finds the module by which Transformers lists what its models have, to change how."""

    def find_spec(self, name: str, path: list[str] | None = None, target: object = None) -> ModuleSpec | None:
        if name != "transformers.utils.import_utils":
            return None
        spec = PathFinder.find_spec(name, path)
        spec.loader = _Listing(name, spec.origin)
        return spec


class _Listing(SourceFileLoader):
    """Its cache has room for 128 of some 500 folders, and it goes through a file from the start for its last lines."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        of_folder, of_file = module.create_import_structure_from_path.__wrapped__, module.fetch__all__
        module.create_import_structure_from_path = cache(of_folder)
        module.fetch__all__ = lambda source: of_file(source[source.rfind("\n__all__") + 1 :])


def _as_it_is(function: object = None, *_: object, **__: object) -> object:
    """``torch.compile`` and ``torch.compiler.disable`` where nothing is compiled."""
    return function if function is not None else lambda decorated: decorated


def nothing_to_compute() -> "TorchFunctionMode":
    """A mode in which weights on the meta device stay as they are, and ranges and copies there have their shapes alone.

    Transformers makes a model there before it fills it from a checkpoint. Torch would compute what has no data by its
    decompositions in Python, for which it imports SymPy: a tenth of the start-up. What is called in another way than
    the shortcuts know goes to torch, with its ``SHAPES`` where it asks for them.
    """
    import torch  # not at the top: this file is imported before ``lean_imports`` is entered
    from torch.overrides import TorchFunctionMode

    shared = {"dtype", "device", "requires_grad", "layout", "pin_memory"}  # keywords that ``torch.empty`` takes too

    class NothingToCompute(TorchFunctionMode):
        def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
            kwargs = kwargs or {}
            if getattr(func, "__module__", None) == "torch.nn.init":
                tensor = args[0] if args else kwargs["tensor"]
                if tensor.is_meta:
                    return tensor
            if not kwargs.keys() <= shared:
                return by_torch(func, args, kwargs)
            if func is torch.arange and is_on_meta(kwargs) and all(type(bound) is int for bound in args):
                defaults = {"dtype": torch.int64}
                return torch.empty(len(range(*args)), **(defaults | kwargs))
            if func is torch.empty_like and args and args[0].is_meta:
                defaults = {"dtype": args[0].dtype, "device": args[0].device}
                return torch.empty(args[0].shape, **(defaults | kwargs))
            return by_torch(func, args, kwargs)

    def by_torch(func: Callable, args: tuple, kwargs: dict) -> Any:
        try:
            return func(*args, **kwargs)
        except NotImplementedError:
            if not is_left_out(SHAPES):
                raise
            bring_in(SHAPES)
            return func(*args, **kwargs)

    def is_on_meta(kwargs: dict) -> bool:
        return torch.device(kwargs.get("device") or "cpu").type == "meta"

    return NothingToCompute()
