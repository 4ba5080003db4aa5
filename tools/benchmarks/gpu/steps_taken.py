"""A run's steps and nothing else: what they take by the clock, what of it the host, and what the device."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from stages.meters.memory import MemoryMeter
from stages.training.batching import Batch, epoch_order
from stages.training.run import prepare_trainer, quiet
from stages.training.settings import Run
from stages.training.trainer import StudyTrainer
from tools.benchmarks.gpu.bench import Sizes, changed

WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
LAUNCHES = ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx", "cudaGraphLaunch")


class Taken(NamedTuple):
    """Of an optimiser's step, means over those that were timed; what the profiler says is None without a GPU."""

    first_seconds: float  # of all the steps before, in which kernels are chosen, graphs recorded, layers compiled
    seconds: float
    host_seconds: float  # until the host had asked for it all
    examples_per_second: float
    device_seconds: float | None = None  # of kernels
    launches: float | None = None
    waits: float | None = None


def steps_taken(
    workspace: Path,
    run: Run,
    sizes: Sizes,
    changes: Mapping[str, Any],
    prepare: Callable[[StudyTrainer], None] | None = None,
    start: Callable[[], Any] | None = None,
) -> Taken:
    """Take a run's first steps.

    Args:
        changes: of the run's settings.
        prepare: called with the trainer before its first step.
        start: called between the steps before and those that are timed, to wait for other processes.
    """
    quiet()
    with changed(workspace, run, changes) as settings, chdir(workspace), TemporaryDirectory() as folder:
        torch.set_num_threads(settings.train.threads)
        torch.backends.cuda.enable_cudnn_sdp(False)  # as in a run
        trainer = prepare_trainer(settings, run.seed, MemoryMeter(), Path(folder))
        if prepare is not None:
            prepare(trainer)
        trainer.model.train()
        batches = endless(trainer)
        began = time.perf_counter()
        for _ in range(sizes.warm_up):
            step(trainer, batches)
        wait(trainer)
        first_seconds = time.perf_counter() - began
        if start is not None:
            start()
        began = time.perf_counter()
        examples = sum(step(trainer, batches) for _ in range(sizes.steps))
        asked = time.perf_counter() - began
        wait(trainer)
        seconds = time.perf_counter() - began
        taken = Taken(first_seconds, seconds / sizes.steps, asked / sizes.steps, examples / seconds)
        return taken if trainer.device.type == "cpu" else taken._replace(**profiled(trainer, batches, sizes.profiled))


def endless(trainer: StudyTrainer) -> Iterator[Batch]:
    """The batches of one epoch after another; the short ones at their ends left out."""
    train, split = trainer.settings.train, trainer.train_split

    def epoch(number: int) -> Iterator[Batch]:
        by_length = trainer.settings.batching == "by-length"
        order = epoch_order(split.lengths, train.batch_size, trainer.seed, number, by_length)
        return split.batches(order[: len(order) // train.batch_size * train.batch_size], train.batch_size)

    return chain.from_iterable(map(epoch, range(1000)))


def step(trainer: StudyTrainer, batches: Iterator[Batch]) -> int:
    """One optimiser's step; its examples."""
    share = trainer.settings.train.gradient_accumulation
    for _ in range(share):
        trainer.training_step(next(batches), share)
    trainer.optimizer_step()
    return share * trainer.settings.train.batch_size


def wait(trainer: StudyTrainer) -> None:
    if trainer.device.type == "cuda":
        torch.cuda.synchronize()


def profiled(trainer: StudyTrainer, batches: Iterator[Batch], steps: int) -> dict[str, float]:
    """Seconds of kernels, launches and waits a step, as the profiler counts them."""
    with profile(activities=[ProfilerActivity.CUDA]) as found:  # and of the CPU its calls of CUDA
        for _ in range(steps):
            step(trainer, batches)
        wait(trainer)
    events = found.key_averages()
    return {
        "device_seconds": sum(e.self_device_time_total for e in events if e.device_type == DeviceType.CUDA)
        / 1e6
        / steps,
        "launches": sum(event.count for event in events if event.key in LAUNCHES) / steps,
        "waits": (sum(event.count for event in events if event.key in WAITS) - 1) / steps,  # less the last one, ours
    }
