"""The published study's printed memory against the memory predicted for it."""

import pandas as pd

from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.published import printed as reported

TOLERANCE = 0.15  # of a printed figure


def against_published(census: Census) -> pd.DataFrame:
    """Printed and predicted peaks of the runs that were first in their process, a row a run.

    Columns: architecture, configuration, seed, printed_bytes, predicted_bytes, relative_error. Later runs of a process
    print what earlier ones left behind: full fine-tuning's growth of 12 bytes a weight (weights and two moments) also
    shows that a printed "GB" is 2**30 bytes.
    """
    rows = []
    for run in reported.segments().query("first_training_run_in_kernel == 1").itertuples(index=False):
        memory = _memory(census, run.architecture, run.configuration)
        if memory is not None:
            printed = run.peak_vram_gb * reported.GIGABYTE
            found = round(printed), memory.peak, memory.peak / printed - 1
            rows.append((run.architecture, run.configuration, run.seed, *found))
    columns = ["architecture", "configuration", "seed", "printed_bytes", "predicted_bytes", "relative_error"]
    return pd.DataFrame(rows, columns=columns)


def by_process(census: Census) -> pd.DataFrame:
    """Was there a run before a process's first printed one? A row a process of the published study.

    Each run left its weights and optimiser state behind, so one that was not printed raises every later peak by the
    same bytes: one supposition has to fit all runs of the process. Tried are none and one run of each configuration;
    a process with a run that is not in the census is left out.

    Columns: process, architecture, configuration and seed of the first printed run, fresh (the notebook shows that it
    was the first to train), runs, largest_error (absolute, of any run, none supposed), unprinted (the configuration
    that fits best, empty for none), largest_with_unprinted.
    """
    rows = []
    for process, runs in reported.segments().groupby("kernel", sort=False):
        first = runs.iloc[0]
        predicted = census.root["as-published"].get(first["architecture"], {})
        if any(_memory(census, first["architecture"], name) is None for name in runs["configuration"]):
            continue
        tried = {"": _errors(runs, predicted, 0)} | {
            name: _errors(runs, predicted, _left(cell.predicted_memory)) for name, cell in predicted.items()
        }
        largest = {name: max(map(abs, errors)) for name, errors in tried.items()}
        best = min(largest, key=largest.__getitem__)
        rows.append(
            (
                process,
                *first[["architecture", "configuration", "seed"]],
                bool(first["first_training_run_in_kernel"]),
                len(runs),
                largest[""],
                best,
                largest[best],
            )
        )
    columns = ["process", "architecture", "configuration", "seed", "fresh", "runs", "largest_error", "unprinted",
               "largest_with_unprinted"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _memory(census: Census, architecture: str, configuration: str) -> PredictedMemory | None:
    cell = census.root["as-published"].get(architecture, {}).get(configuration)
    return None if cell is None else cell.predicted_memory


def _errors(process: pd.DataFrame, predicted: dict[str, CensusCell], left: int) -> list[float]:
    """Relative errors of a process's predicted peaks, ``left`` bytes being held before its first run."""
    errors = []
    for run in process.itertuples(index=False):
        memory = predicted[run.configuration].predicted_memory
        errors.append((memory.peak + left) / (run.peak_vram_gb * reported.GIGABYTE) - 1)
        left += _left(memory)
    return errors


def _left(memory: PredictedMemory) -> int:
    """Bytes that a run whose model and optimiser stay referenced leaves to those after it."""
    return memory.weights + memory.optimizer
