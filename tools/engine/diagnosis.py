"""Why a stage failed: a word and a line, from its exit status and the end of its log."""

import re
import signal
from pathlib import Path

from stages.core.free_text import visible
from tools.engine.messages import Failure, FailureNote, Kind, failure_path

TAIL_BYTES = 20_000
SHELL_SIGNAL = 128  # what a shell adds to the number of the signal that killed its command
# What torch, CUDA's driver, its libraries and bitsandbytes say of the GPU's memory, and what is said of the machine's.
GPU_IS_FULL = re.compile(
    r"OutOfMemoryError|CUDA out of memory|CUDA (driver )?error: out of memory|cudaErrorMemoryAllocation"
    r"|CU(BLAS|DNN|SOLVER|SPARSE)_STATUS_(?!\w*HOST)\w*ALLOC\w*FAILED|Error out of memory at line"
)
OUT_OF_MEMORY = re.compile(
    r"MemoryError|[Cc]annot allocate memory|can't allocate memory|bad_alloc|CUDNN_STATUS_\w*HOST_ALLOCATION_FAILED"
)
OF_TORCH = re.compile(r" (Process \d|Including non-PyTorch|Of the allocated).*")  # who has how much of it, and advice
FOR_GPU = "fewer JOBS a GPU, a smaller evaluation_batch_size, or a smaller batch_size with more gradient_accumulation"
FOR_RAM = "fewer JOBS, or a smaller evaluation_batch_size or batch_size"
ERROR_LINE = re.compile(r"[\w.]*(error|Error|Exception)\b")


def failure(stage: str, status: int, log: Path, folder: Path) -> Failure:
    """Of a stage whose process ended in ``folder`` with ``status``."""
    inputs = None
    note_path = folder / failure_path(stage)
    if note_path.exists():  # the stage's command failed, not DVC
        note = FailureNote.model_validate_json(note_path.read_text(encoding="utf-8"))
        status, inputs = note.status, note.inputs
    tail = log.read_bytes()[-TAIL_BYTES:].decode("utf-8", errors="replace")
    kind, cause = diagnose(status, tail)
    return Failure(stage=stage, kind=kind, cause=cause, log=tail, inputs=inputs)


def diagnose(status: int, log: str) -> tuple[Kind, str]:
    """A word and a line: the signal, or the last line that speaks of an error."""
    number = -status if status < 0 else status - SHELL_SIGNAL
    if number in set(signal.Signals):
        hint = "; the system does so when memory runs out" if number == signal.SIGKILL else ""
        return "killed", f"killed by {signal.Signals(number).name}{hint}"
    cause = last_words(log) or f"exit status {status}"
    if GPU_IS_FULL.search(log):
        return "out of memory", f"{OF_TORCH.sub('', cause)}; the GPU's memory ran out: {FOR_GPU}"
    if OUT_OF_MEMORY.search(log):
        return "out of memory", f"{cause}; the machine's memory ran out: {FOR_RAM}"
    cause = cause.removeprefix("error: ")
    return ("diverged" if cause.startswith("diverged") else "error"), cause


def last_words(log: str) -> str | None:
    """The last line that begins with an error, else the last line; None of an empty log."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in reversed(lines):
        if ERROR_LINE.match(line):
            return visible(line)
    return visible(lines[-1]) if lines else None
