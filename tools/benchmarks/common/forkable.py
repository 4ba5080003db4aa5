"""Import this before bitsandbytes: a process that has it may then fork one that uses a GPU.

At its import bitsandbytes asks CUDA what the GPU is capable of, and CUDA cannot be used in a child of a process that
has asked it anything. NVML knows the same, and may be asked.
"""

import os

import pynvml
import torch


def capability(device: object = None) -> tuple[int, int]:
    """Of the first GPU, as ``torch.cuda.get_device_capability`` has it: all GPUs of one machine are of one kind."""
    pynvml.nvmlInit()
    return pynvml.nvmlDeviceGetCudaComputeCapability(pynvml.nvmlDeviceGetHandleByIndex(0))


def import_bitsandbytes() -> None:
    """Without a question to CUDA."""
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"  # for torch.cuda.is_available
    ask = torch.cuda.get_device_capability
    torch.cuda.get_device_capability = capability
    try:
        import bitsandbytes  # noqa: F401
    finally:
        torch.cuda.get_device_capability = ask


import_bitsandbytes()
