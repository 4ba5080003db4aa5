"""The process of its own that reads a pickle of weights and writes them as safetensors; nothing else runs in it.

``weights_only`` is what keeps a pickle from running code: torch's own unpickler makes tensors and plain containers and
calls nothing else. Here are bounds on what such a file may take: processor time, memory, bytes on disk, as far as the
system has them. A refusal is the last line on stderr, with exit code 1.
"""

import pickle
import re
import sys
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import torch
from safetensors import safe_open
from safetensors.torch import save_file

SECONDS = 900  # of the whole conversion; half a gigabyte takes some five
# Bytes of memory beside those of the imported libraries, and bytes for each of the file's.
MEMORY_BESIDE, MEMORY_FOR_EACH = 2 * 2**30, 6
# Weights that two names share are written twice, as safetensors wants them: tied embeddings are most of a small model.
MOST_WRITTEN = 2
HEADERS = 100_000_000  # bytes of a safetensors file beside its numbers, at most
SOUND_FROM = (2, 10)  # before, torch's weights_only could be made to overwrite memory (CVE-2026-24747)
METADATA = "__metadata__"  # what a safetensors file calls no tensor
REQUIRED = "required: a name and a tensor each, as a model's state_dict() has them"


def main(source: Path, target: Path) -> None:
    """Write the weights in ``source`` to ``target``; every number is then read back and compared, bit by bit."""
    require_sound_torch()
    size = source.stat().st_size
    limit(size)
    weights = tensors(load(source), MOST_WRITTEN * size)
    save_file(apart(weights), target, metadata={"format": "pt"})
    require_same(weights, target)


def refuse(why: str) -> NoReturn:
    sys.exit(" ".join(why.split())[:300])


def require_sound_torch() -> None:
    if torch.__version__ < SOUND_FROM:
        refuse(
            f"torch {torch.__version__} has a fault in what keeps a pickle from running code (CVE-2026-24747); "
            f"required: {'.'.join(map(str, SOUND_FROM))} or newer"
        )


def limit(size: int) -> None:
    """Bound what this process may take for a file of ``size`` bytes; where the system has no such bound, nothing."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    bounds = {
        resource.RLIMIT_CPU: SECONDS,  # also where the stage, which looks at the clock, was killed
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: MOST_WRITTEN * size + HEADERS,
    }
    statistics = Path("/proc/self/statm")
    if statistics.exists():  # the libraries alone take some gigabytes of addresses, how many depends on the build
        taken = int(statistics.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        bounds[resource.RLIMIT_AS] = taken + MEMORY_BESIDE + MEMORY_FOR_EACH * size
    for kind, most in bounds.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def load(source: Path) -> object:
    """What the file holds. Files of before torch 1.6 are no archives, and cannot be mapped into memory."""
    try:
        return torch.load(source, weights_only=True, map_location="cpu", mmap=zipfile.is_zipfile(source))
    except MemoryError:
        refuse("takes more memory than its size allows")
    except pickle.UnpicklingError as error:
        refuse(reason(str(error)))
    except Exception as error:  # the file decides of which class
        text = str(error).replace(torch.serialization.UNSAFE_MESSAGE, "")
        refuse(f"cannot be read: {text or type(error).__name__}")


def reason(words: str) -> str:
    """Why torch's unpickler refused, without its advice to read the file in a way that runs code."""
    named = re.search(r"GLOBAL (\S+)", words)
    if named is not None:
        return f"asks for {named[1]}, which no weights need and which may run code; nothing of it was run"
    told = words.split("\n\n")  # the fault stands between a heading and the address of the documentation
    fault = told[-2] if len(told) > 2 else told[0]
    return f"holds something else than weights ({fault})"


def tensors(content: Any, most: int) -> dict[str, torch.Tensor]:
    """``content`` as names and tensors, of ``most`` bytes together."""
    if not isinstance(content, dict):
        refuse(f"holds {type(content).__name__}; {REQUIRED}")
    if not content:
        refuse(f"holds no tensor; {REQUIRED}")
    for name, value in content.items():
        if not isinstance(name, str) or name in ("", METADATA):
            refuse(f"calls a tensor {name!r}; {REQUIRED}")
        if not isinstance(value, torch.Tensor):
            refuse(f"{name!r} is of type {type(value).__name__}; {REQUIRED}")
        if not is_plain(value):
            refuse(f"{name!r} is a tensor of another form; allowed: dense ones of numbers, on no device")
    # before any is made contiguous: few bytes may stand for a tensor of any size
    size = sum(tensor.numel() * tensor.element_size() for tensor in content.values())
    if size > most:
        refuse(f"stands for {size} bytes of numbers; allowed for a file of its size: at most {most}")
    return {name: tensor.detach() for name, tensor in content.items()}


def is_plain(tensor: torch.Tensor) -> bool:
    """Whether its numbers are all that it is."""
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.is_nested:
        return False
    if tensor.layout is not torch.strided or tensor.device.type != "cpu":
        return False
    return not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())


def apart(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Each contiguous and in memory of its own, as safetensors requires it.

    Every name keeps its numbers. safetensors would drop all names but one of those that share, and which of them a
    classifier reads depends on its class.
    """
    seen: set[int] = set()
    made = {}
    for name, tensor in weights.items():
        place = tensor.untyped_storage().data_ptr()
        made[name] = tensor.clone(memory_format=torch.contiguous_format) if place in seen else tensor.contiguous()
        seen.add(place)
    return made


def require_same(weights: dict[str, torch.Tensor], target: Path) -> None:
    with safe_open(target, framework="pt") as written:
        if set(written.keys()) != set(weights):
            refuse("other names were written than were read")
        for name, tensor in weights.items():
            again = written.get_tensor(name)
            alike = (again.dtype, again.shape) == (tensor.dtype, tensor.shape)
            if not alike or not torch.equal(bits(again), bits(tensor)):
                refuse(f"{name!r}: other numbers were written than were read")


def bits(tensor: torch.Tensor) -> torch.Tensor:
    """As bytes: of numbers, NaN would differ from itself and -0 would be 0."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
