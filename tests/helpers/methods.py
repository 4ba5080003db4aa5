"""The tiny study with one configuration more, and runs of it."""

import re
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.training.record import Record
from tests.helpers.tiny_runs import run
from tests.helpers.tiny_study import CONFIGS, write_study

NAME = "mine"


def write_method(
    adapter: dict | None, architecture: str = "roberta", changes: dict | None = None, **entry: object
) -> None:
    """The tiny study, of three epochs, whose only configuration has this adapter; ``entry`` is the rest of it."""
    method = {"label": "Mine", "method": "full" if adapter is None else "peft", **entry}
    if adapter is not None:
        method = {"target": "attention", **method, "adapter": adapter}
    grid = {"architectures": [architecture], "configurations": [NAME], "probes": [], "seeds": [42]}
    write_study(
        architecture,
        **{f"configuration.{NAME}": method, "profiles.mini.train.epochs": 3, **grid, **(changes or {})},
    )


def train(architecture: str = "roberta") -> Record:
    return run(architecture, NAME)


def positions(architecture: str, more: int, monkeypatch) -> None:
    """Bases written from now on have so many more positions."""
    config = CONFIGS[architecture].to_dict() | {"max_position_embeddings": 34 + more}
    monkeypatch.setitem(CONFIGS, architecture, type(CONFIGS[architecture])(**config))


def weights(architecture: str = "roberta") -> bytes:
    return next(Path("models/runs", architecture, NAME, "42").glob("*.safetensors")).read_bytes()


def refusal(adapter: dict | None, **entry: object) -> str:
    """The line by which a method is refused, at settings or when its run is built, without where it stands."""

    def attempt() -> None:
        write_method(adapter, **entry)
        train()

    with pytest.raises(InputError) as caught:
        attempt()
    line = str(caught.value).removeprefix(f"configuration.{NAME}.")
    return re.sub(r" \(architecture\.\w+\)$", "", line)
