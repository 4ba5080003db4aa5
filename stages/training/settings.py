"""One run of the study: what it is told (``data/settings/runs/``) and where its results go.

Kept apart from the schema of ``params.yaml``, so that a new knob elsewhere leaves every run as it is.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from stages.core.files import StageFile
from stages.core.types import Count, Fraction, Method, Precision, Quantization, Strict

Epochs = Annotated[int, Field(ge=1, le=10_000)]
Device = Literal["cpu", "cuda", "auto"]


class Train(Strict):
    """Optimisation common to every run of a profile, as far as a configuration says nothing else."""

    epochs: Epochs
    batch_size: Count
    gradient_accumulation: Count
    evaluation_batch_size: Count
    lr_scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    precision: Precision
    threads: Count
    dropout: Literal["torch", "bulk"]  # bulk: four masks a random number, for CPUs (stages/training/dropout.py)
    length_multiple: Count  # widths of batches are rounded up to this many tokens: fewer shapes for a GPU
    exclusive: bool  # nothing else runs meanwhile: costs are then comparable
    # graphs: CUDA graphs of steps as they are; the others are torch.compile's modes; older records lack it.
    compile: Literal["none", "graphs", "default", "reduce-overhead"] = "none"
    device: Device = "auto"  # that computes; auto: a GPU where torch sees one; older records lack it
    schedule: Literal["linear", "cosine", "constant"] = "linear"  # of the rate after warm-up; the first two end at zero
    warmup: Fraction = 0.0  # share of the steps in which the rate rises to its height
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    early_stopping: Count | None = None  # epochs without a better selection score after which training ends

    @model_validator(mode="after")
    def _graphs_hold_one_batch(self) -> "Train":
        if self.compile == "reduce-overhead" and self.gradient_accumulation > 1:
            raise ValueError(
                "compile: reduce-overhead: allowed with gradient_accumulation 1 alone; a CUDA graph's gradients are "
                "overwritten by its next batch"
            )
        return self


def _finite(value: JsonValue) -> JsonValue:
    """JSON has no other numbers; one that a file of settings cannot hold would come back as null."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for part in parts:
        _finite(part)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r}: input should be a finite number")
    return value


# The last two are peft's own, for LoRA alone (stages/training/optimisation.py).
Optimizer = Literal["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "loraplus", "lorafa"]
# A configuration of PEFT, by its own field names.
Adapter = dict[str, Annotated[JsonValue, AfterValidator(_finite)]]
# Fields of peft's configurations that say what the study says elsewhere.
OF_THE_STUDY = {
    "task_type": "it is SEQ_CLS",
    "inference_mode": "a run trains",
    "modules_to_save": "the head always trains",
    "base_model_name_or_path": "it is the architecture's",
    "revision": "it is the architecture's",
    "auto_mapping": "it is the architecture's",
    "peft_version": "it is the installed one's",
}


class RunSettings(StageFile, Strict):
    """For every seed of one (architecture, configuration): all that decides a run's result."""

    PLACE = "data/settings/runs/{}/{}.json"
    STAGE = "settings"

    architecture: str
    configuration: str
    profile: str
    protocol: str
    exp_id: str | None
    method: Method
    model_class: str
    learning_rate: float  # effective: the rate of params.yaml times the profile's lr_scale
    nominal_learning_rate: float
    adapter: Adapter | None  # with peft_type; modules by name, not by placement; for the method peft alone
    target: str | None  # what the configuration calls the adapted modules: a placement, all-linear, or peft
    target_modules: list[str] | str | None  # of the adapter; a text is all-linear or a pattern, None is peft's default
    parameters: list[str]  # patterns of names of parameters that train; for the method subset alone
    quantization: Quantization
    head: list[str] | None  # every module that the checkpoint does not bring; None: found when it is loaded
    # Of the head, what peft is told to train; an empty list is its own default, None the whole head.
    modules_to_save: list[str] | None
    head_policy: Literal["new-modules", "as-published"]
    selection_split: Literal["validation", "test"]
    load_best: bool
    padding: Literal["longest", "max_length"]
    batching: Literal["by-length", "random"]
    max_length: int
    seed_before_model: bool
    gradient_checkpointing: bool
    precision: Precision
    optimizer: Optimizer
    loraplus_lr_ratio: float | None = None  # of the rate of LoRA's second matrix to the first's, for loraplus alone
    checkpoint_revision: str | None  # commit id on the hub; None for any other source
    checkpoint_hub_id: str | None = None  # the same; older records lack it, and the three that follow
    checkpoint_package: str | None = None  # the Python package that brought it, with its version
    data_hub_id: str | None = None
    data_revision: str | None = None
    truncation_side: Literal["left", "right"] = "right"  # where longer texts are cut; older records lack it
    train: Train

    @property
    def is_quantized(self) -> bool:
        return self.quantization != "none"

    @property
    def kind(self) -> str:
        """What the report names a method by: full, subset, or PEFT's kind and the quantisation: ``lora-nf4``."""
        if self.adapter is None:
            return self.method
        kind = self.adapter["peft_type"].lower()
        return f"{kind}-{self.quantization}" if self.is_quantized else kind

    def option(self, name: str) -> Any:
        """A field of the adapter's configuration; None where it has none or does not give it."""
        return (self.adapter or {}).get(name)


OWN_RATE = "1"  # the factor of a configuration's own rate
AT_FACTOR = "-x"  # between a configuration and the factor of its rate: full-x0.3


class Run(Strict):
    """One run of the grid, or of the sweep over rates: there ``configuration`` ends in the factor of its rate."""

    architecture: str
    configuration: str
    seed: int
    role: Literal["train", "probe", "sweep"]

    def at(self, factor: str) -> "Run":
        """The same at a multiple of its rate."""
        if factor == OWN_RATE:
            return self
        swept = {"configuration": f"{self.configuration}{AT_FACTOR}{factor}", "role": "sweep"}
        return self.model_copy(update=swept)

    @property
    def configured(self) -> str:
        """The configuration in ``params.yaml``, whatever the rate."""
        return self.configuration.rpartition(AT_FACTOR)[0] if self.role == "sweep" else self.configuration

    @property
    def factor(self) -> str:
        """By what its configuration's own rate is multiplied, as ``params.yaml`` has it."""
        return self.configuration.rpartition(AT_FACTOR)[2] if self.role == "sweep" else OWN_RATE

    @property
    def stage(self) -> str:
        """Its name in ``dvc.yaml``."""
        name = f"{self.configured}-{self.factor}" if self.role == "sweep" else self.configuration
        return f"{self.role}@{self.architecture}-{name}-{self.seed}"

    @property
    def record_path(self) -> Path:
        return Path("metrics/runs", self.architecture, self.configuration, f"{self.seed}.json")

    @property
    def model_path(self) -> Path:
        return Path("models/runs", self.architecture, self.configuration, str(self.seed))
