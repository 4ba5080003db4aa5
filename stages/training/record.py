"""The record of one run: a typed JSON file, validated on write and on read.

``quality`` is deterministic on the CPU for a given commit and seed; ``cost`` and ``environment`` say
where and how it was measured. Keys carry their units.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Duration, Number, Size, Strict
from stages.training.settings import RunSettings


class RunIdentity(Strict):
    """What was run, by which process."""

    architecture: str
    configuration: str
    seed: int
    exp_id: str | None
    method: str
    learning_rate: float
    adapted_modules: list[str] = Field(
        default_factory=list
    )  # by PEFT; of a subset, the parameters that train beside the head
    settings: RunSettings
    process_id: int
    started_at: str  # ISO 8601, UTC


Finite = Annotated[float, Field(allow_inf_nan=False)]


class Epoch(Strict):
    """One row of the learning curve; the loss is the mean cross-entropy in nats."""

    epoch: int
    train_loss: Finite
    selection_loss: Finite
    selection_accuracy: Annotated[float, Field(ge=0, le=1)]


def accuracy(confusion: list[list[int]]) -> float:
    """The share of the rows that lie on the diagonal."""
    return sum(row[label] for label, row in enumerate(confusion)) / sum(map(sum, confusion))


def f1_by_class(confusion: list[list[int]]) -> list[float | None]:
    """The F1 score of each class: twice its hits over its rows, those that have it and those that are said to.

    None for a class without rows, of which nothing can be said; zero for one that is never predicted.
    """
    scores: list[float | None] = []
    for label, row in enumerate(confusion):
        predicted = sum(other[label] for other in confusion)
        scores.append(2 * row[label] / (sum(row) + predicted) if any(row) else None)
    return scores


def f1_macro(confusion: list[list[int]]) -> float:
    """The mean over the classes that have rows."""
    scores = [score for score in f1_by_class(confusion) if score is not None]
    return float(np.mean(scores))


class Quality(Strict):
    """Scores as fractions. ``confusion`` counts the test split's rows: a row an actual class, a column a predicted."""

    test_accuracy: float = Field(ge=0, le=1)
    test_f1_macro: float = Field(ge=0, le=1)
    test_loss: float = Field(ge=0)
    validation_accuracy: float | None = Field(ge=0, le=1)  # None when selection used another split
    selected_epoch: int = Field(ge=1)
    confusion: list[list[int]]
    history: list[Epoch] = Field(min_length=1)
    weights_sha256: str  # of the saved weights or adapter

    @property
    def contradiction(self) -> str | None:
        """Which score is not what the rest says, and what that would be; None where all agree.

        Nobody but a disk that errs, or a hand, makes one.
        """
        selected = [epoch.selection_accuracy for epoch in self.history if epoch.epoch == self.selected_epoch]
        follows = {"test_accuracy": accuracy(self.confusion), "test_f1_macro": f1_macro(self.confusion)}
        if self.validation_accuracy is not None:
            follows["validation_accuracy"] = selected[0] if selected else None
        for key, value in follows.items():
            if getattr(self, key) != value:
                return f"{key}: {getattr(self, key)!r}; the rest of the record says {value!r}"
        return None

    @property
    def f1_by_class(self) -> list[float | None]:
        """The F1 score of each class, by id; None for one that the test split lacks."""
        return f1_by_class(self.confusion)


class Parameters(Strict):
    """Counts of scalar parameters; 4-bit weights count one a weight, not one a stored byte."""

    trainable: Number
    total: Number
    adapter: Number
    head: Number
    new_but_frozen: Number
    trainable_but_dead: Number


class Cost(Strict):
    """Seconds and bytes. Device memory is None where there is no CUDA device.

    Seconds are of the wall clock, on a GPU until the device has done its work, unless they say processor: those are of
    all threads of the process (``stages/meters/clock.py``), and None in older records.

    Peaks are of training (optimisation steps) unless they say evaluation, or loading (until the first step; None in
    older records too); host memory is anonymous resident memory
    above the process's baseline after imports (``stages/meters/host_memory.py``), of the first step with the widest
    batch, and of evaluation on the widest batch before training. A run resumed after an interruption counts what its
    last process did.
    """

    startup_seconds: Duration  # from the start of the process to the first step
    train_seconds: Duration  # optimisation steps only, evaluation and saving left out
    train_processor_seconds: Duration | None = None
    evaluation_seconds: Duration
    evaluation_processor_seconds: Duration | None = None
    saving_seconds: Duration
    step_seconds_median: Duration
    step_seconds_p95: Duration
    step_processor_seconds_median: Duration | None = None
    step_processor_seconds_p95: Duration | None = None
    steps: Number
    resumed_at_step: Number  # 0: not interrupted
    tokens_per_second: Annotated[float, Field(ge=0, allow_inf_nan=False)]  # without padding
    loading_peak_memory_allocated_bytes: Size | None = None
    loading_peak_memory_reserved_bytes: Size | None = None
    peak_memory_allocated_bytes: Size | None
    peak_memory_reserved_bytes: Size | None
    peak_memory_host_bytes: Size
    evaluation_peak_memory_allocated_bytes: Size | None
    evaluation_peak_memory_reserved_bytes: Size | None
    evaluation_peak_memory_host_bytes: Size
    baseline_memory_host_bytes: Size
    checkpoint_bytes: Size
    energy_joules: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None  # of the whole device, where it reports it


class Environment(Strict):
    """Enough to say whether two records are comparable."""

    python: str
    platform: str
    processor: str
    packages: dict[str, str]
    commit: str | None
    commit_subject: str | None
    commit_unknown: str | None = None  # why there is no commit; records of before have it neither way
    dirty: bool | None
    device: str
    threads: int
    runs_at_once: int  # that shared the device, or without a GPU the machine; the cost section depends on it
    dataset_sha256: dict[str, str]
    checkpoint_sha256: str
    checkpoint_revision: str | None
    # of the pickle that the checkpoint was converted from; written where there was one
    checkpoint_pickle_sha256: str | None = Field(default=None, exclude_if=lambda value: value is None)


RELOAD_TOLERANCE = 1e-5  # largest difference of probabilities between a run and what has been saved of it


class Reload(Strict):
    """What the saved folder predicts when it is loaded anew, beside ``predictions.parquet``, on some of its rows."""

    rows: int
    largest_difference: float | None  # of a probability; None: it could not be loaded
    loaded: str  # how, in a few words
    fault: str | None  # None: the same within RELOAD_TOLERANCE
    seconds: float  # after all else has been measured


class Record(StageFile, Strict):
    """``metrics/runs/<architecture>/<configuration>/<seed>.json``."""

    PLACE = "metrics/runs/{}/{}/{}.json"
    STAGE = "train"

    run: RunIdentity
    quality: Quality
    parameters: Parameters
    cost: Cost
    environment: Environment
    reload: Reload | None = None  # older records lack it, and the next
    predictions_sha256: str | None = None  # of predictions.parquet beside the saved weights
