"""A protocol: what an honest comparison fixes, an entry of ``protocols`` in ``params.yaml``."""

from typing import Generic, Literal, TypeVar

from stages.core.types import Precision, Strict
from stages.training.settings import Optimizer

Choice = TypeVar("Choice")
AS_PUBLISHED = "as-published"  # the protocol of the reproduced study, by its name in ``protocols``


class ByBase(Strict, Generic[Choice]):
    """One choice for runs whose frozen weights are quantised, one for all others."""

    plain: Choice
    quantized: Choice

    def of(self, quantization: str) -> Choice:
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
    load_best: ByBase[bool]
    gradient_checkpointing: ByBase[bool]
    precision: ByBase[Literal["profile"] | Precision]  # ``profile``: that of the profile
    optimizer: ByBase[Optimizer]
