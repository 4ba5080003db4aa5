"""The pickle of a checkpoint as safetensors, where an architecture says ``convert: weights_only``.

No pickle is read in this process: one that crashes or takes all memory ends the other (see ``unpickling``), and what
that one leaves behind is a safetensors file, checked as any other.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.encoders.base_report import ConvertedFrom
from stages.encoders.settings import Architecture
from stages.encoders.snapshot import CONVERTED_FROM, PICKLE, SHARDS, WEIGHTS
from stages.hub.disk import require_space

ROOT = Path(__file__).resolve().parents[2]  # where Python finds this package, from whatever folder a stage runs in
SECONDS = 960  # by the clock; the process itself counts those of the processor
# No GPU, no network, no threads: the limit on memory is one on addresses, which each thread takes many of.
WITHOUT = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
TOLD = 2000  # bytes of what the process said that are read


def is_to_convert(names: Collection[str], family: Architecture) -> bool:
    """Whether a checkpoint with these files has to be converted, and may be: no safetensors, and one whole pickle."""
    has_safetensors = WEIGHTS in names or SHARDS in names
    return family.convert is not None and not has_safetensors and PICKLE in names


def convert(source: Path, folder: Path, shown: str, revision: str | None = None) -> None:
    """Write the weights of the pickle in ``source`` into ``folder``, with a note of what they were made from.

    Args:
        source: where the pickle is.
        folder: of the copy.
        shown: what messages call the checkpoint.
        revision: its commit, where it is of a hub.

    Raises:
        InputError: it is no file of weights, or takes too long or too much.
    """
    pickle = source / PICKLE
    require_space(folder, pickle.stat().st_size, f"the conversion of {pickle}")
    was = sha256(pickle)
    _in_a_process_of_its_own(pickle, folder / WEIGHTS, shown)
    if sha256(pickle) != was:
        raise InputError(f"{shown}: {PICKLE}: changed while it was converted; run it again")
    note = ConvertedFrom(file=PICKLE, sha256=was, revision=revision)
    (folder / CONVERTED_FROM).write_text(note.model_dump_json(indent=2) + "\n", encoding="utf-8")


def converted_from(folder: Path) -> ConvertedFrom | None:
    """What the weights in a checkpoint's ``folder`` were made from; None where they are as published."""
    path = folder / CONVERTED_FROM
    return ConvertedFrom.model_validate_json(path.read_bytes()) if path.exists() else None


def _in_a_process_of_its_own(pickle: Path, weights: Path, shown: str) -> None:
    command = [sys.executable, "-m", "stages.encoders.unpickling", str(pickle.absolute()), str(weights.absolute())]
    with tempfile.TemporaryFile() as said:  # a pipe would hold in memory here whatever that process prints
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=os.environ | WITHOUT, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise InputError(f"{shown}: {PICKLE}: not converted: it took more than {SECONDS} s") from error
        if done.returncode:
            raise InputError(f"{shown}: {PICKLE}: not converted: {_why(done.returncode, said)}")


def _why(code: int, said: IO[bytes]) -> str:
    """In one line: which signal ended the process, or the last that it said."""
    if code < 0:
        return f"the process that read it was ended by {signal.Signals(-code).name}"
    said.seek(max(0, said.seek(0, os.SEEK_END) - TOLD))
    lines = said.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {code}")
