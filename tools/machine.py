"""The device that would train, and how fast it multiplies matrices."""

import os
import time
from statistics import median
from typing import NamedTuple

from stages.core.types import Precision

MEASURED_SECONDS = 1.0
SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices that are multiplied


class Machine(NamedTuple):
    """``memory_bytes`` is what a run can have: the GPU's whole memory, or the RAM that is free now."""

    name: str
    is_gpu: bool
    memory_bytes: int
    flops_a_second: float


def measure(precision: Precision) -> Machine:
    """Look at this machine for about a second."""
    import psutil
    import torch  # seconds to import, and a quick check asks nothing of it

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    if torch.cuda.is_available():
        memory = torch.cuda.mem_get_info()[1]
        return Machine(torch.cuda.get_device_name(), True, memory, matrix_rate("cuda", dtype))
    memory = psutil.virtual_memory().available
    return Machine(f"no GPU, {os.cpu_count()} CPU cores", False, memory, matrix_rate("cpu", dtype))


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
