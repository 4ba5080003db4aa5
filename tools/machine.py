"""What of this machine a study may use: cores, jobs at once, the device and how fast it multiplies matrices.

``python -m tools.machine --jobs=<JOBS>`` prints how many jobs that is for the tests, which see no GPU.
"""

import argparse
import re
import time
from statistics import median
from typing import NamedTuple

from stages.core.errors import InputError, run_stage
from stages.core.types import Precision
from stages.training.environment import has_bf16, processor
from stages.training.settings import Device
from tools.gpus import usable_gpus

MEASURED_SECONDS = 1.0
SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices that are multiplied


class Machine(NamedTuple):
    """``memory_bytes`` is what a run can have: the GPU's whole memory, or the RAM that is free now."""

    name: str
    is_gpu: bool
    memory_bytes: int
    flops_a_second: float
    gpus: int = 1  # such as this one, where it is a GPU


def jobs(told: str, device: Device = "auto") -> int:
    """How many at once, as ``make`` was told: a number, or by ``auto`` or nothing one a GPU, or one a core without.

    Args:
        device: where the profile computes; on the CPU GPUs do not count.

    Raises:
        InputError: neither.
    """
    if told in ("", "auto"):
        return len(usable_gpus(device)) or cores()
    if not re.fullmatch("0*[1-9][0-9]{0,3}", told):
        raise InputError(f"JOBS: {told!r}: allowed: a number from 1 to 9999, or auto (what this process may use)")
    return int(told)


def cores() -> int:
    """Those that this process may use: by its affinity, and by the CPU quota of its container, rounded up."""
    import joblib
    from dask import system

    # Of a quota Dask knows the cgroup that is not the root of its tree, joblib version 1 mounted by another name.
    return min(system.cpu_count(), joblib.cpu_count())


def measure(precision: Precision, device: Device = "auto") -> Machine:
    """Look for about a second at what a profile computes on here."""
    import psutil
    import torch  # seconds to import, and a quick check asks nothing of it

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    if device != "cpu" and torch.cuda.is_available():
        memory, count = torch.cuda.mem_get_info()[1], torch.cuda.device_count()
        return Machine(torch.cuda.get_device_name(), True, memory, matrix_rate("cuda", dtype), count)
    torch.set_num_threads(cores())
    memory = psutil.virtual_memory().available
    without = "" if device == "cpu" else "no GPU, "
    return Machine(f"{without}{cores()} CPU cores", False, memory, matrix_rate("cpu", dtype))


def bf16_fault(profile: str, gain: float | None = None) -> str:
    """Why a profile should not compute in bf16 here, empty where it should; ``gain`` as measured, where it was."""
    key = f"profiles.{profile}.train.precision: 'bf16'"
    if not has_bf16():
        return f"{key}: {processor()} has no bf16 and would emulate it, slower than fp32; set it to fp32"
    return f"{key}: slower here than fp32; set it to fp32" if gain is not None and gain <= 1 else ""


def gain_of_bf16() -> float:
    """How many times as fast as in fp32 this processor multiplies matrices in bf16, on all cores."""
    import torch

    torch.set_num_threads(cores())
    return matrix_rate("cpu", torch.bfloat16) / matrix_rate("cpu", torch.float32)


def matrix_rate(device: str, dtype: object) -> float:
    """Floating-point operations a second of square matrix products, the median of a second's worth."""
    import torch

    side = SIDE[device]
    left, right = (torch.ones(side, side, dtype=dtype, device=device) for _ in range(2))
    seconds = []
    began = time.perf_counter()
    while time.perf_counter() - began < MEASURED_SECONDS or len(seconds) < 2:
        started = time.perf_counter()
        left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / median(seconds[1:])  # the first one warms up


def main(told: str) -> None:
    print(jobs(told, "cpu"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", dest="told", default="auto", help="a number, or auto")
    run_stage(main, **vars(parser.parse_args()))
