"""Steps of a run's widest batch, and nothing else: how near they come to the peak of a core, or of a GPU.

A process of ``speed``'s, whose last line of output is one JSON object. The peak is measured before, between and after
the steps, for a machine is some hundredths faster in one minute than in the next.
"""

import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

from stages.meters.memory import MemoryMeter
from stages.training.run import prepare_trainer, quiet
from stages.training.settings import RunSettings
from stages.training.trainer import StudyTrainer
from tools.benchmarks.common.processes import example_flops, matmul_peak
from tools.benchmarks.common.results import FullSteps

WARM_UP = 3  # steps; the first ones get memory that later ones use again
BLOCKS, STEPS = 3, 4  # of measured steps, with the peak between


def main(architecture: str, configuration: str, seed: int) -> None:
    """Take the steps and print what they took."""
    quiet()
    settings = RunSettings.read(architecture, configuration)
    torch.set_num_threads(settings.train.threads)
    with TemporaryDirectory() as unfinished:
        trainer = prepare_trainer(settings, seed, MemoryMeter(), Path(unfinished))
    print(measure(trainer, settings, Path("models/base", architecture)).model_dump_json())


def measure(trainer: StudyTrainer, settings: RunSettings, checkpoint: Path) -> FullSteps:
    batch = trainer.train_split.widest(settings.train.batch_size)
    rows, tokens = batch.input_ids.shape
    device = trainer.device.type
    trainer.model.train()

    def step() -> float:
        began = time.perf_counter()
        trainer.training_step(batch, 1)
        trainer.optimizer_step()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began

    def peak() -> float:
        return matmul_peak(device, settings.train.precision, settings.train.threads)

    for _ in range(WARM_UP):
        step()
    seconds, peaks = [], [peak()]
    for _ in range(BLOCKS):
        seconds += [step() for _ in range(STEPS)]
        peaks.append(peak())
    flops = rows * example_flops(settings, checkpoint, tokens)
    return FullSteps(
        rows=rows,
        tokens=tokens,
        seconds=median(seconds),
        peak_flops_per_second=median(peaks),
        share_of_peak=flops / median(seconds) / median(peaks),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
