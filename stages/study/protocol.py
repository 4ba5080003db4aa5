"""A protocol: what an honest comparison fixes, an entry of ``protocols`` in ``params.yaml``."""

from typing import Literal

from stages.core.types import Precision, Strict
from stages.training.settings import Optimizer

AS_PUBLISHED = "as-published"  # the protocol of the reproduced study, by its name in ``protocols``


class Flags(Strict):
    """Whether something is done, by whether a run's frozen weights are quantised."""

    plain: bool
    quantized: bool

    def of(self, quantization: str) -> bool:
        return self.plain if quantization == "none" else self.quantized


class Precisions(Strict):
    """Of computation, by whether a run's frozen weights are quantised; ``profile``: that of the profile."""

    plain: Literal["profile"] | Precision
    quantized: Literal["profile"] | Precision

    def of(self, quantization: str) -> str:
        return self.plain if quantization == "none" else self.quantized


class Optimizers(Strict):
    """Of a run, by whether its frozen weights are quantised."""

    plain: Optimizer
    quantized: Optimizer

    def of(self, quantization: str) -> Optimizer:
        return self.plain if quantization == "none" else self.quantized


class Protocol(Strict):
    """The choices that decide whether methods are compared fairly."""

    selection_split: Literal["validation", "test"]
    deduplicate: bool
    padding: Literal["longest", "max_length"]
    batching: Literal["by-length", "random"]
    seed_before_model: bool
    head_policy: Literal["new-modules", "as-published"]
    alpha_policy: Literal["fixed", "rank-proportional"]
    load_best: Flags
    gradient_checkpointing: Flags
    precision: Precisions
    optimizer: Optimizers
