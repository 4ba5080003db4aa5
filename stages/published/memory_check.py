"""The published study's printed memory against the memory predicted for it."""

import math
from typing import NamedTuple

import pandas as pd

from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.published import printed
from stages.study.protocol import AS_PUBLISHED

NEARLY = 0.02  # of a printed peak: suppositions whose largest errors differ by less fit equally well
METHODS = {configuration: method for (_, method), configuration in printed.CONFIGURATIONS.items()}


class PrintedPeak(NamedTuple):
    """A printed run's peak, in bytes, and what is predicted for it."""

    architecture: str
    configuration: str
    seed: int
    process: str
    fresh: bool  # nothing but this run is in the printed peak, see printed.segments
    printed_bytes: int
    predicted_bytes: int  # of the run in a process of its own
    with_residue_bytes: float  # and with what came before it; NaN where that is not known


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
    fitting: str  # the methods, by a space, of all that fit about as well
    largest_with_unprinted: float


def printed_peaks(census: Census) -> pd.DataFrame:
    """Every printed run that the census has a cell for: columns of ``PrintedPeak``.

    A run of a process prints what earlier ones left behind, too: full fine-tuning's growth of 12 bytes a weight
    (weights and two moments) also shows that a printed "GB" is 2**30 bytes.
    """
    rows = []
    counted = census.counted(AS_PUBLISHED)
    supposed = by_process(census).set_index("process")["unprinted"].to_dict()
    for process, runs in printed.segments().groupby("kernel", sort=False):
        predicted = counted.get(runs["architecture"].iloc[0], {})
        held = math.nan
        if process in supposed:
            held = _left(predicted[supposed[process]].predicted_memory) if supposed[process] else 0
        for run in runs.itertuples(index=False):
            if run.configuration not in predicted:
                continue
            memory = predicted[run.configuration].predicted_memory
            names = run.architecture, run.configuration, run.seed, process, run.fresh
            printed_bytes = round(run.peak_vram_gb * printed.GIGABYTE)
            rows.append(PrintedPeak(*names, printed_bytes, memory.peak, memory.peak + held))
            held += _left(memory)
    return pd.DataFrame(rows, columns=PrintedPeak._fields)


def by_process(census: Census) -> pd.DataFrame:
    """Was there a run before a process's first printed one? Columns of ``Process``.

    Each run left its weights and optimiser state behind, so one that was not printed raises every later peak by the
    same bytes: one supposition has to fit all runs of the process. Tried are none and one run of each published
    configuration; a process with a run that is not in the census is left out.
    """
    rows = []
    counted = census.counted(AS_PUBLISHED)
    for process, runs in printed.segments().groupby("kernel", sort=False):
        first = runs.iloc[0]
        predicted = counted.get(first["architecture"], {})
        if not set(runs["configuration"]) <= predicted.keys():
            continue
        largest = {"": _largest_error(runs, predicted, 0)}  # by what is supposed
        for configuration in METHODS.keys() & predicted.keys():
            left = _left(predicted[configuration].predicted_memory)
            largest[configuration] = _largest_error(runs, predicted, left)
        best = min(sorted(largest), key=largest.__getitem__)
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
                fitting=" ".join(_fitting(largest) if best else []),
                largest_with_unprinted=largest[best],
            )
        )
    return pd.DataFrame(rows, columns=Process._fields)


def _fitting(largest_errors: dict[str, float]) -> list[str]:
    """The methods of all suppositions that fit about as well as the best, in the order of the published grid."""
    most = min(largest_errors.values()) + NEARLY
    methods = [METHODS[name] for name in METHODS if largest_errors.get(name, math.inf) <= most]
    return list(dict.fromkeys(methods))


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
