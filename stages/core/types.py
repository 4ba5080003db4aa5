"""What every typed file of the study shares: strict models and the field's scalar types."""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

COMMIT_ID = re.compile("[0-9a-f]{40}")


def _full_commit(value: str) -> str:
    if not COMMIT_ID.fullmatch(value):
        raise ValueError(
            f"{value!r}: a branch or tag moves, and a result must name what it came from; "
            "allowed: a full commit id (40 digits of 0-9a-f)"
        )
    return value


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]  # fit for a folder, a stage's name and a key
Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]  # of learning
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]  # a share of which something must be left
# Measured; a clock that was set or a byte that was flipped gives others.
Duration = Annotated[float, Field(ge=0, le=300_000_000, allow_inf_nan=False)]  # seconds, ten years at most
Size = Annotated[int, Field(ge=0, le=2**60)]  # bytes
Number = Annotated[int, Field(ge=0, le=10**15)]  # of parameters, of steps
Revision = Annotated[str, AfterValidator(_full_commit)]

Method = Literal["full", "subset", "peft"]  # all weights train, some of them, or what PEFT adds; the head always does
Quantization = Literal["none", "nf4", "fp4", "int8"]  # of the frozen weights, as bitsandbytes names them
Precision = Literal["fp32", "bf16", "fp16"]


class Strict(BaseModel):
    """Unknown keys are errors, values are not coerced, instances do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def texts_of(*models: type[BaseModel]) -> set[str]:
    """Names of the fields of models that may hold text, or a list or map of it."""
    fields = {name: field for model in models for name, field in model.model_fields.items()}
    return {name for name, field in fields.items() if _may_be_text(field.annotation)}


def _may_be_text(annotation: Any) -> bool:
    return annotation is str or isinstance(annotation, str) or any(map(_may_be_text, get_args(annotation)))
