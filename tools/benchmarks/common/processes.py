"""What the machine can do, and what a step asks of it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from stages.methods.building import build_model
from stages.methods.quantization import DTYPES
from stages.training.settings import RunSettings
from tools.gpus import visible_gpus
from tools.machine import cores

ROOT = Path(__file__).resolve().parents[3]
PEAK_SECONDS = 1.0  # of timing, after warm-up
CLASSES = ["0", "1"]  # as many as the published study has; a head's share of the operations is next to nothing
SIZE = {"cpu": 1024, "cuda": 8192}


class Finished(NamedTuple):
    """A process that ended well: wall-clock and processor seconds, its highest resident set, its last line."""

    seconds: float
    cpu_seconds: float
    resident_bytes: int
    last_line: str


def run_process(arguments: list[str], folder: Path, device: str, threads: int | None = None) -> Finished:
    """Run ``python -m ...`` in ``folder``, by default on all cores; on ``cpu`` without CUDA, else with one GPU.

    One, for ``Trainer`` takes all that it sees. What it prints as a note is printed.

    Raises:
        CalledProcessError: it failed; the end of what it printed is in ``output``, and was printed.
    """
    seen = {"CUDA_VISIBLE_DEVICES": visible_gpus()[0] if device == "cuda" else ""}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]  # packages may lie outside Python's own folders
    told = {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads or cores())}
    environment = {**os.environ, **seen, **told}
    began = time.perf_counter()
    with TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        print(text[-2000:], end="", file=sys.stderr, flush=True)
        raise subprocess.CalledProcessError(process.returncode, arguments, output=text[-2000:])
    for line in text.splitlines():
        if line.startswith("note: "):
            print(f"({line})", end=" ", flush=True)
    unit = 1 if sys.platform == "darwin" else 1024
    return Finished(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, text.strip().split("\n")[-1])


def last_json(finished: Finished) -> dict:
    return json.loads(finished.last_line)


def matmul_peak(device: str, dtype: str, threads: int, size: int | None = None) -> float:
    """Measured FLOP a second of one square matrix product, 2 n^3 a product, the best of what fits a second."""
    torch.set_num_threads(threads)
    n = size or SIZE[device]
    a, b = (torch.randn(n, n, device=device, dtype=DTYPES[dtype]) for _ in range(2))
    times, ends = [], time.perf_counter() + PEAK_SECONDS
    while len(times) < 5 or time.perf_counter() < ends:
        began = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return 2 * n**3 / min(times)


def example_flops(settings: RunSettings, checkpoint: Path, length: int) -> float:
    """Matrix-product FLOPs of training on one example of ``length`` tokens, forward and backward.

    Counted on the CPU on weights as they are before quantisation: the products are the same, and no counter knows
    those of bitsandbytes' kernels.
    """
    plain = settings.model_copy(update={"quantization": "none"})
    model = build_model(plain, checkpoint, CLASSES).model.train()
    ids = torch.full((2, length), 5)
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.sum().backward()
    return counter.get_total_flops() / len(ids)
