"""The published study's printed memory against the memory predicted for it."""

from typing import NamedTuple

import pandas as pd

from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.published import printed
from stages.study.protocol import AS_PUBLISHED

TOLERANCE = 0.15  # of a printed figure


class FreshRun(NamedTuple):
    """A printed run that was the first to train in its process."""

    architecture: str
    configuration: str
    seed: int
    printed_bytes: int
    predicted_bytes: int
    relative_error: float


class Process(NamedTuple):
    """A process of the published study, its errors absolute and the largest of any of its runs."""

    process: str
    architecture: str  # of the first printed run, as the next two
    configuration: str
    seed: int
    fresh: bool  # the notebook shows that the first printed run was the first to train
    runs: int
    largest_error: float  # no run supposed before the printed ones
    unprinted: str  # the configuration that fits best as a run before them, empty for none
    largest_with_unprinted: float


def against_published(census: Census) -> pd.DataFrame:
    """Printed and predicted peaks of the runs that were first in their process: columns of ``FreshRun``.

    Later runs of a process print what earlier ones left behind: full fine-tuning's growth of 12 bytes a weight (weights
    and two moments) also shows that a printed "GB" is 2**30 bytes.
    """
    rows = []
    counted = census.counted(AS_PUBLISHED)
    for run in printed.segments().query("first_training_run_in_kernel == 1").itertuples(index=False):
        cell = counted.get(run.architecture, {}).get(run.configuration)
        if cell is None:
            continue
        printed_bytes = run.peak_vram_gb * printed.GIGABYTE
        predicted_bytes = cell.predicted_memory.peak
        error = predicted_bytes / printed_bytes - 1
        names = run.architecture, run.configuration, run.seed
        rows.append(FreshRun(*names, round(printed_bytes), predicted_bytes, error))
    return pd.DataFrame(rows, columns=FreshRun._fields)


def by_process(census: Census) -> pd.DataFrame:
    """Was there a run before a process's first printed one? Columns of ``Process``.

    Each run left its weights and optimiser state behind, so one that was not printed raises every later peak by the
    same bytes: one supposition has to fit all runs of the process. Tried are none and one run of each configuration;
    a process with a run that is not in the census is left out.
    """
    rows = []
    counted = census.counted(AS_PUBLISHED)
    for process, runs in printed.segments().groupby("kernel", sort=False):
        first = runs.iloc[0]
        predicted = counted.get(first["architecture"], {})
        if not set(runs["configuration"]) <= predicted.keys():
            continue
        largest = {"": _largest_error(runs, predicted, 0)}  # by what is supposed
        for configuration, cell in predicted.items():
            largest[configuration] = _largest_error(runs, predicted, _left(cell.predicted_memory))
        best = min(largest, key=largest.__getitem__)
        rows.append(
            Process(
                process=process,
                architecture=first["architecture"],
                configuration=first["configuration"],
                seed=first["seed"],
                fresh=bool(first["first_training_run_in_kernel"]),
                runs=len(runs),
                largest_error=largest[""],
                unprinted=best,
                largest_with_unprinted=largest[best],
            )
        )
    return pd.DataFrame(rows, columns=Process._fields)


def _largest_error(process: pd.DataFrame, predicted: dict[str, CensusCell], held: int) -> float:
    """Of a process's predicted peaks, relative and absolute, ``held`` bytes being left there before its first run."""
    errors = []
    for run in process.itertuples(index=False):
        memory = predicted[run.configuration].predicted_memory
        error = (memory.peak + held) / (run.peak_vram_gb * printed.GIGABYTE) - 1
        errors.append(abs(error))
        held += _left(memory)
    return max(errors)


def _left(memory: PredictedMemory) -> int:
    """Bytes that a run whose model and optimiser stay referenced leaves to those after it."""
    return memory.weights + memory.optimizer
