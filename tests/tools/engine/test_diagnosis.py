from pathlib import Path

import pytest

from tests.helpers.pipeline import run
from tools.engine.diagnosis import diagnose
from tools.engine.messages import JOURNAL


@pytest.mark.parametrize(
    ("status", "log", "expected"),
    [
        (-9, "", ("killed", "killed by SIGKILL; the system does so when memory runs out")),
        (137, "", ("killed", "killed by SIGKILL; the system does so when memory runs out")),
        (1, "error: params.yaml: lr: no\n", ("error", "params.yaml: lr: no")),
        (1, "first\nerror: a\nof no matter\n", ("error", "a")),
        (2, "all that it said\n", ("error", "all that it said")),
        (2, "", ("error", "exit status 2")),
    ],
)
def test_diagnosis(status, log, expected):
    assert diagnose(status, log) == expected


TORCH = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.19 GiB "
    "of which 1.06 GiB is free."
)
REST = (
    " Process 7 has 78.1 GiB memory in use. Including non-PyTorch memory, this process has 78.12 GiB memory in use. Of "
    "the allocated memory 76.51 GiB is allocated by PyTorch, and 1.02 GiB is reserved by PyTorch but unallocated."
)
FULL = "torch.AcceleratorError: CUDA error: out of memory"
CUDNN = "RuntimeError: cuDNN error: CUDNN_STATUS_"
ADVICE = "\nCUDA kernel errors might be asynchronously reported at some other API call.\n"


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (f"x\n{TORCH}{REST}\n", TORCH),
        (
            f"torch.AcceleratorError: CUDA error: out of memory{ADVICE}",
            "torch.AcceleratorError: CUDA error: out of memory",
        ),
        (f"RuntimeError: CUDA error: out of memory{ADVICE}", "RuntimeError: CUDA error: out of memory"),
        ("RuntimeError: CUDA driver error: out of memory\n", "RuntimeError: CUDA driver error: out of memory"),
        (
            "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`\n",
            "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        ),
        (f"{CUDNN}ALLOC_FAILED\n", f"{CUDNN}ALLOC_FAILED"),
        (f"{CUDNN}INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED\n", f"{CUDNN}INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        (
            "Error out of memory at line 380 in file /csrc/ops.cu\n",
            "Error out of memory at line 380 in file /csrc/ops.cu",
        ),
    ],
)
def test_a_full_gpu_is_recognised_and_what_takes_less_is_said(log, cause):
    less = "fewer JOBS a GPU, a smaller evaluation_batch_size, or a smaller batch_size with more gradient_accumulation"
    assert diagnose(1, log) == ("out of memory", f"{cause}; the GPU's memory ran out: {less}")


@pytest.mark.parametrize(
    "cause",
    [
        "MemoryError",
        "RuntimeError: can't allocate memory: you tried to allocate 8 bytes.",
        f"{CUDNN}INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    ],
)
def test_so_is_a_full_machine(cause):
    less = "fewer JOBS, or a smaller evaluation_batch_size or batch_size"
    assert diagnose(1, f"x\n{cause}\n") == ("out of memory", f"{cause}; the machine's memory ran out: {less}")


@pytest.mark.parametrize(
    "cause", ["RuntimeError: CUDA error: an illegal memory access was encountered", f"{CUDNN}BAD_PARAM"]
)
def test_another_fault_of_a_gpu_is_none_of_memory(cause):
    assert diagnose(1, f"{cause}\n") == ("error", cause)


@pytest.mark.usefixtures("repository")
def test_a_failing_command_is_diagnosed_and_logged():
    run("first")
    failure = run("bad")
    assert (failure.kind, failure.cause) == ("diverged", "diverged: loss nan")
    assert (
        Path("models/.study/logs/bad.log").read_text(encoding="utf-8").splitlines()[-1] == "error: diverged: loss nan"
    )
    assert failure.inputs == run("bad").inputs
    assert not (JOURNAL / "bad.json").exists()
