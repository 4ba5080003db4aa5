"""One fine-tuning method as data: an entry of ``configuration`` in ``params.yaml``."""

from typing import Annotated, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from stages.core.types import Count, Fraction, Method, Quantization, Rate, Strict
from stages.encoders.settings import Architecture
from stages.training.settings import OF_THE_STUDY, Adapter, Epochs, Optimizer, Train

ALL_LINEAR, PEFT_DEFAULT = "all-linear", "peft"  # targets that are no placement of an architecture


class TrainChanges(Strict):
    """What a configuration trains with instead of its profile's (``Train``) and protocol's (``optimizer``) settings."""

    learning_rate: Rate | None = None
    epochs: Epochs | None = None
    batch_size: Count | None = None
    gradient_accumulation: Count | None = None
    schedule: Literal["linear", "cosine", "constant"] | None = None
    warmup: Fraction | None = None
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    optimizer: Optimizer | None = None
    loraplus_lr_ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None = None
    early_stopping: Count | None = None  # null is a value: none

    @model_validator(mode="after")
    def _values(self) -> Self:
        for key in self.model_fields_set - {"early_stopping"}:
            if getattr(self, key) is None:
                raise ValueError(f"{key}: null: a value is required; leave the key out for the profile's")
        if self.loraplus_lr_ratio is not None and self.optimizer != "loraplus":
            raise ValueError(f"loraplus_lr_ratio: {self.loraplus_lr_ratio}: allowed beside optimizer loraplus alone")
        return self

    @model_serializer(mode="wrap")
    def _as_given(self, serialize: SerializerFunctionWrapHandler) -> dict:
        """Without the keys that are the profile's, which are no nulls."""
        return {key: value for key, value in serialize(self).items() if key in self.model_fields_set}

    def applied_to(self, train: Train) -> Train:
        """The profile's settings with these in place of its own."""
        own = self.model_dump(exclude={"learning_rate", "optimizer", "loraplus_lr_ratio"})
        return Train.model_validate(train.model_dump() | own)


class Configuration(Strict):
    """One fine-tuning method as data (a row of the paper's Table II).

    ``adapter`` has peft's own field names; those that name modules may name a placement of the architecture instead.
    """

    label: str
    exp_id: Annotated[str, Field(pattern=r"^\d\d$")] | None = None
    method: Method
    lr: Literal["base", "probe"] = "base"
    target: str | None = None
    adapter: Adapter | None = None
    quantization: Quantization = "none"
    parameters: list[str] | None = None
    train: TrainChanges = TrainChanges()

    @model_validator(mode="after")
    def _fields_of_method(self) -> Self:
        needed = {"full": set(), "subset": {"parameters"}, "peft": {"adapter"}}[self.method]
        for field in ("adapter", "parameters"):
            given = getattr(self, field) is not None
            if given != (field in needed):
                raise ValueError(f"{field}: {'not allowed' if given else 'required'} for method {self.method}")
        if self.method != "peft":
            for field, unset in (("target", None), ("quantization", "none")):
                value = getattr(self, field)
                if value != unset:
                    raise ValueError(f"{field}: {value!r}: not allowed for method {self.method}")
        if self.lr != "base" and self.train.learning_rate is not None:
            raise ValueError(f"lr: {self.lr!r}: not allowed beside train.learning_rate")
        return self

    @model_validator(mode="after")
    def _adapter(self) -> Self:
        if self.adapter is None:
            return self
        if "peft_type" not in self.adapter:
            raise ValueError("adapter.peft_type: missing; a value is required")
        if not isinstance(self.adapter["peft_type"], str):
            raise ValueError(f"adapter.peft_type: {self.adapter['peft_type']!r}: input should be a valid string")
        for key, reason in OF_THE_STUDY.items():
            if key in self.adapter:
                raise ValueError(f"adapter.{key}: not allowed; {reason}")
        if "target_modules" in self.adapter and self.target is not None:
            raise ValueError("target: not allowed beside adapter.target_modules")
        return self

    @property
    def peft_type(self) -> str | None:
        """PEFT's name of the kind of adapter, in capitals."""
        return self.adapter["peft_type"].upper() if self.adapter else None

    @property
    def rank(self) -> int | None:
        return self.option("r")

    def option(self, name: str) -> object:
        """A field of the adapter's configuration; None where it has none or does not give it."""
        return (self.adapter or {}).get(name)

    def target_modules(self, family: Architecture) -> list[str] | str | None:
        """What peft is given as such: names of modules, a pattern, or None for its own default.

        Raises:
            ValueError: the architecture has no such placement.
        """
        if self.adapter is None or self.target == PEFT_DEFAULT:
            return None
        if self.target is None:
            return self.adapter.get("target_modules")
        if self.target == ALL_LINEAR:
            return ALL_LINEAR
        if self.target not in family.modules:
            allowed = ", ".join([*family.modules, ALL_LINEAR, PEFT_DEFAULT])
            raise ValueError(f"target: {self.target!r}: no such placement in modules; allowed: {allowed}")
        return family.modules[self.target]

    def adapter_for(self, family: Architecture) -> Adapter | None:
        """The adapter with the names of modules for those of placements, without its target."""
        if self.adapter is None:
            return None
        resolved = {}
        for key, value in self.adapter.items():
            if key == "target_modules":
                continue
            names_placement = key.endswith("_modules") and isinstance(value, str) and value in family.modules
            resolved[key] = family.modules[value] if names_placement else value
        return resolved
