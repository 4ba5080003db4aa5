"""One run of the study: what it is told (``data/settings/runs/``) and where its results go.

Kept apart from the schema of ``params.yaml``, so that a new knob elsewhere leaves every run as it is.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.core.files import StageFile
from stages.core.types import Count, Method, Precision, Strict


class Train(Strict):
    """Optimisation common to every run of a profile. The linear schedule has no warm-up."""

    epochs: Count
    batch_size: Count
    gradient_accumulation: Count
    evaluation_batch_size: Count
    lr_scale: Annotated[float, Field(gt=0)]
    precision: Precision
    threads: Count
    dropout: Literal["torch", "bulk"]  # bulk: four masks a random number, for CPUs (stages/training/dropout.py)
    length_multiple: Count  # widths of batches are rounded up to this many tokens: fewer shapes for a GPU
    exclusive: bool  # nothing else runs meanwhile: costs are then comparable
    compile: Literal["none", "default", "reduce-overhead"] = "none"  # torch.compile's mode; older records lack it

    @model_validator(mode="after")
    def _graphs_hold_one_batch(self) -> "Train":
        if self.compile == "reduce-overhead" and self.gradient_accumulation > 1:
            raise ValueError(
                "compile: reduce-overhead: allowed with gradient_accumulation 1 alone; a CUDA graph's gradients are "
                "overwritten by its next batch"
            )
        return self


class RunSettings(StageFile, Strict):
    """For every seed of one (architecture, configuration): all that decides a run's result."""

    PLACE = "data/settings/runs/{}/{}.json"
    STAGE = "settings"

    architecture: str
    configuration: str
    profile: str
    protocol: str
    exp_id: str
    method: Method
    model_class: str
    learning_rate: float  # effective: the rate of params.yaml times the profile's lr_scale
    nominal_learning_rate: float
    target_modules: list[str]
    feedforward_modules: list[str]
    rank: int | None
    alpha: float | None
    dropout: float | None
    head: list[str]  # every module that the checkpoint does not bring
    modules_to_save: list[str]  # of those, what peft is told to train beside the adapter
    head_policy: Literal["new-modules", "as-published"]
    selection_split: Literal["validation", "test"]
    load_best: bool
    padding: Literal["longest", "max_length"]
    batching: Literal["by-length", "random"]
    max_length: int
    seed_before_model: bool
    gradient_checkpointing: bool
    precision: Precision
    optimizer: str
    checkpoint_revision: str | None  # commit id on the hub; None for any other source
    train: Train


class Run(Strict):
    """One run of the grid."""

    architecture: str
    configuration: str
    seed: int
    role: Literal["train", "probe"]

    @property
    def stage(self) -> str:
        """Its name in ``dvc.yaml``."""
        return f"{self.role}@{self.architecture}-{self.configuration}-{self.seed}"

    @property
    def record_path(self) -> Path:
        return Path("metrics/runs", self.architecture, self.configuration, f"{self.seed}.json")

    @property
    def model_path(self) -> Path:
        return Path("models/runs", self.architecture, self.configuration, str(self.seed))
