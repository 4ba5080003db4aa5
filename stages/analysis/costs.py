"""Costs by which configurations are compared: whose run was disturbed, what the rest cost, and how far that scatters.

Runs do the same work whose settings differ in nothing but their rate: the seeds of a configuration, and its twin at
another rate. They share one cost, and how far they lie apart is the error of the measurement.
"""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from stages.training.settings import RunSettings, Train


class CostColumn(NamedTuple):
    """Which of a record's measures the study compares, and how to name it in a sentence."""

    column: str
    label: str  # on an axis or above a column
    phrase: str  # in prose


DEVICE_MEMORY = CostColumn("peak_memory_allocated_bytes", "peak GPU memory", "peak allocated GPU memory")
HOST_MEMORY = CostColumn(
    "peak_memory_host_bytes",
    "peak resident memory",
    "peak anonymous resident memory of the process above its import baseline",
)
PROCESSOR_TIME = CostColumn("train_processor_seconds", "training time", "processor time of the optimisation steps")
WALL_TIME = CostColumn("train_seconds", "training time", "wall clock of the optimisation steps")

Cost = Literal["peak_memory", "train_seconds"]
COMPARED: dict[Cost, str] = {"peak_memory": "compared_bytes", "train_seconds": "compared_seconds"}
# A run that takes longer than the fastest of the same work by a greater share was disturbed.
TWIN_TOLERANCE = 0.15
# Likewise one that has more seconds of the wall clock than this to a second of the processor, a thread.
STRETCH = 1.5
# The least standard deviation that the logarithm of a work's cost is taken to have. From one build of the default study
# to the next, that of a time is 0.02 to 0.035, which the few runs of one build estimate badly. With 0.04, what costs a
# tenth less does so in 97 of 100 pairs of measurements. Peaks of memory scatter by 0.002; there it stands for savings
# too small to matter.
LEAST_SCATTER = 0.04

# What runs of the same work may differ in; the rate decides no cost.
OF_ONE_RUN = {"configuration", "exp_id", "learning_rate", "nominal_learning_rate", "train", "threads", "dropout"}
OF_THE_WORK = [*RunSettings.model_fields, *Train.model_fields, "dropout_kernel"]


def compared_memory(runs: pd.DataFrame) -> CostColumn:
    """Device memory where every run has it, else the host's: the two are never mixed."""
    return DEVICE_MEMORY if runs[DEVICE_MEMORY.column].notna().all() else HOST_MEMORY


def compared_time(runs: pd.DataFrame) -> CostColumn:
    """The processor's where all runs were on a CPU and have it, else the wall clock's: the two are never mixed."""
    measured = PROCESSOR_TIME.column in runs and runs[PROCESSOR_TIME.column].notna().all()
    return PROCESSOR_TIME if measured and (runs["device"] == "cpu").all() else WALL_TIME


def evaluation_time(runs: pd.DataFrame) -> str:
    """The column of evaluation's seconds, by the clock that training's are compared by."""
    by_processor = compared_time(runs) is PROCESSOR_TIME
    return "evaluation_processor_seconds" if by_processor else "evaluation_seconds"


def same_work(runs: pd.DataFrame) -> pd.Series:
    """A number a run, equal for runs of the same work."""
    deciding = [name for name in OF_THE_WORK if name in runs and name not in OF_ONE_RUN]
    return runs.groupby(deciding, sort=False, dropna=False).ngroup()


def compared_costs(runs: pd.DataFrame) -> pd.DataFrame:
    """What each run's work costs, a row a run of the tidy table.

    Columns: ``work`` (its number), ``disturbed`` (whether the run was), ``work_runs`` (how many of the work were not),
    ``compared_seconds`` (the work's least a step, as what else a machine does adds to times and takes from none, times
    the run's own steps: early stopping or an interruption may have left it fewer than its twin) and ``compared_bytes``
    (mean over the work's runs).
    """
    work = same_work(runs)
    a_step = _seconds_a_step(runs)
    least = a_step.groupby(work).transform("min")
    disturbed = (a_step > (1 + TWIN_TOLERANCE) * least) | _stretched(runs, work)
    return pd.DataFrame(
        {
            "work": work,
            "disturbed": disturbed,
            "work_runs": (~disturbed).groupby(work).transform("sum").clip(lower=1),
            "compared_seconds": least * (runs["steps"] + runs["resumed_at_step"]),
            "compared_bytes": runs[compared_memory(runs).column].groupby(work).transform("mean"),
        }
    )


def _seconds_a_step(runs: pd.DataFrame) -> pd.Series:
    """On average over the run, by the clock that is compared."""
    return runs[compared_time(runs).column] / runs["steps"].clip(lower=1)


def _stretched(runs: pd.DataFrame, work: pd.Series) -> pd.Series:
    """Whether the wall clock ran far ahead of the processor: others were given the processor meanwhile.

    A single thread takes a second of both; several take what the least disturbed run of the same work takes. Where the
    processor does not decide, nothing is known.
    """
    if compared_time(runs) is not PROCESSOR_TIME:
        return pd.Series(False, index=runs.index)
    stretch = runs[WALL_TIME.column] / runs[PROCESSOR_TIME.column].clip(lower=np.finfo(float).tiny)
    usual = stretch.groupby(work).transform("min").where(runs["threads"] > 1, 1.0)
    return stretch > STRETCH * usual


def scatter(runs: pd.DataFrame) -> dict[Cost, float | None]:
    """By cost, the standard deviation of its logarithm over runs of the same work, pooled; None without such runs.

    Of times, that over runs that were not disturbed; over all, if that leaves no two of any work.
    """
    costs = compared_costs(runs)
    work, undisturbed = costs["work"], ~costs["disturbed"]
    seconds = _seconds_a_step(runs)
    of_times = _pooled_deviation(seconds[undisturbed], work[undisturbed])
    return {
        "peak_memory": _pooled_deviation(runs[compared_memory(runs).column], work),
        "train_seconds": _pooled_deviation(seconds, work) if of_times is None else of_times,
    }


def deviations(runs_of_work: np.ndarray, scatter: float | None) -> np.ndarray:
    """Standard deviations of logarithms of costs, each of a work of so many undisturbed runs."""
    return np.maximum(LEAST_SCATTER, (scatter or 0.0) / np.sqrt(runs_of_work))


def _pooled_deviation(values: pd.Series, work: pd.Series) -> float | None:
    """Of natural logarithms about the mean of their group."""
    positive = values[values > 0]
    logs, groups = np.log(positive), work[positive.index]
    degrees = len(logs) - groups.nunique()
    if degrees == 0:
        return None
    residuals = logs - logs.groupby(groups).transform("mean")
    return float(np.sqrt((residuals**2).sum() / degrees))
