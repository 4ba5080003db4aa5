"""What every typed file of the study shares: strict models and the field's scalar types."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]

Method = Literal["full", "lora", "qlora", "ia3"]
Precision = Literal["fp32", "bf16", "fp16"]


class Strict(BaseModel):
    """Unknown keys are errors, values are not coerced, instances do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
