"""Where an interrupted run goes on: its checkpoints, one an epoch, kept until its record is written.

A checkpoint is used only if it is whole and was made by the same code from the same inputs, so that a resumed run
ends where an undisturbed one would. It holds what training changes: trainable weights, optimiser, random states, curve.
"""

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from stages.training.environment import CODE
from stages.training.record import Epoch
from stages.training.settings import Run

FOLDER = Path("models/.checkpoints")
ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "origin.sha256"
WHOLE = "whole"  # written last: a checkpoint without it was cut short
WEIGHTS = "weights.safetensors"  # those that train
TENSORS, STATE = "state.safetensors", "state.json"  # of optimiser and generators: tensors, and all else
CURVE = TypeAdapter(list[Epoch])


def fingerprint(*parts: str) -> str:
    """SHA-256 of the code that decides a run and of ``parts``: settings, seed and the hashes of the run's inputs."""
    digest = hashlib.sha256()
    for name in CODE:
        path = ROOT / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(file.read_bytes())
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def folder_of(run: Run) -> Path:
    return FOLDER / run.architecture / run.configuration / str(run.seed)


def open_folder(run: Run, origin: str) -> Path:
    """The run's folder, emptied if what is there has another origin or is not whole."""
    folder = folder_of(run)
    note = folder / ORIGIN
    if not note.exists() or note.read_text(encoding="utf-8") != origin:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        note.write_text(origin, encoding="utf-8")
    for checkpoint in folder.glob("checkpoint-*"):
        if not (checkpoint / WHOLE).exists():
            shutil.rmtree(checkpoint)
    return folder


def last(folder: Path) -> Path | None:
    """The checkpoint of the highest step."""
    return max(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), default=None)


def save(
    folder: Path,
    weights: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    curve: list[Epoch],
    method: dict[str, Any] | None = None,
) -> None:
    """Write one checkpoint: safetensors and JSON alone; ``method`` is what the method remembers of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: p.detach().contiguous() for name, p in weights.items()}, folder / WEIGHTS)
    tensors: dict[str, torch.Tensor] = {}
    state = {
        "optimizer": _take_tensors(optimizer.state_dict(), "optimizer", tensors),
        "scaler": scaler.state_dict(),
        "random": _take_tensors(_random_states(), "random", tensors),
        "curve": CURVE.dump_python(curve),
        "method": _take_tensors(method or {}, "method", tensors),
    }
    save_file(tensors, folder / TENSORS)
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
    (folder / WHOLE).touch()


def load(
    folder: Path,
    weights: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
) -> list[Epoch]:
    """Put everything back as ``save`` found it; the learning curve so far."""
    load_weights(folder, weights)
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    tensors = load_file(folder / TENSORS)
    optimizer.load_state_dict(_put_tensors(state["optimizer"], tensors))
    scaler.load_state_dict(state["scaler"])
    _set_random_states(_put_tensors(state["random"], tensors))
    return CURVE.validate_python(state["curve"])


def method_state(folder: Path) -> dict[str, Any]:
    """What the method remembered (``stages/methods/hooks.py``)."""
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return _put_tensors(state["method"], load_file(folder / TENSORS))


def load_weights(folder: Path, weights: dict[str, torch.nn.Parameter]) -> None:
    with torch.no_grad():
        for name, tensor in load_file(folder / WEIGHTS).items():
            weights[name].copy_(tensor)


def _random_states() -> dict[str, Any]:
    name, keys, *rest = np.random.get_state()
    version, internal, gauss = random.getstate()
    return {
        "python": [version, list(internal), gauss],
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), *rest],
        "torch": torch.get_rng_state(),
        # of the device that trains: a machine with fewer GPUs can go on, too
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def _set_random_states(states: dict[str, Any]) -> None:
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if states["cuda"] is not None:
        torch.cuda.set_rng_state(states["cuda"])


def _take_tensors(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    """``value`` for JSON: a tensor becomes its path and device, and goes to ``tensors``; dictionaries, pairs.

    Pairs, for an optimiser numbers its parameters: keys that JSON would turn into strings.
    """
    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach().cpu().contiguous().clone()
        return {"tensor": path, "device": str(value.device)}
    if isinstance(value, dict):
        pairs = [[key, _take_tensors(item, f"{path}.{key}", tensors)] for key, item in value.items()]
        return {"pairs": pairs}
    if isinstance(value, list | tuple):
        return [_take_tensors(item, f"{path}.{index}", tensors) for index, item in enumerate(value)]
    return value


def _put_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """What ``_take_tensors`` was given."""
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]].to(value["device"])  # not all that hold one move it to where it was
        return {key: _put_tensors(item, tensors) for key, item in value["pairs"]}
    if isinstance(value, list):
        return [_put_tensors(item, tensors) for item in value]
    return value
