"""``claims.yaml``, the claims of the published study as data, and ``metrics/claims.json``, their verdicts."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from stages.core.errors import InputError
from stages.core.files import StageFile
from stages.core.types import Name, Strict
from stages.core.yaml_files import read_map

SOURCE = Path("stages/published/claims.yaml")
Quantity = Literal["accuracy", "memory", "seconds", "parameters"]
Form = Literal["ratio", "reduction", "difference", "contrast", "value", "spread"]
UnitName = Literal["share", "accuracy", "points", "ratio", "bytes", "seconds", "parameters"]
Verdict = Literal["holds", "does not hold", "cannot be decided here"]
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "cannot be decided here"
Pair = Annotated[list[Name], Field(min_length=2, max_length=2)]


class Stated(Strict):
    """A figure of a claim, in base units."""

    value: float
    unit: UnitName


class Test(Strict):
    """One assertion; bounds are names of the claim's figures."""

    form: Form
    quantity: Quantity
    architectures: list[Name] | None = None  # None: all
    pairs: list[Pair] = Field(default=[])
    cells: list[Name] = Field(default=[])
    over: Pair | None = None  # the difference that a contrast takes off
    low: str | None = None
    high: str | None = None
    about: str | None = None
    rounding: str | None = None  # half-width for the published figures
    margin: str | None = None  # half-width for a reproduction

    @model_validator(mode="after")
    def _fields_of_form(self) -> "Test":
        around = self.about and self.rounding and self.margin
        between = self.low or self.high
        bounded = around if self.form == "value" else between
        cells = self.cells if self.form in ("value", "spread") else self.pairs
        if not bounded or not cells or (self.over is not None) != (self.form == "contrast"):
            raise ValueError(f"{self.form}: a bound, or the cells it applies to, is missing or does not belong")
        return self


class Claim(Strict):
    """A published sentence with its figures, and what decides it; ``topic`` stands for it in a list."""

    topic: str
    sentence: str
    source: str
    figures: dict[str, Stated]
    tests: list[Test] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_figures(self) -> "Claim":
        named = set(re.findall(r"\{(\w+)\}", self.sentence))
        for test in self.tests:
            bounds = (test.low, test.high, test.about, test.rounding, test.margin)
            named |= {name for name in bounds if name is not None}
        for name in sorted(named - self.figures.keys()):
            raise ValueError(f"figures: {name!r} is missing")
        for name in sorted(self.figures.keys() - named):
            raise ValueError(f"figures: {name!r} is not used")
        return self


class Figure(Strict):
    """A number that a verdict rests on, and where it was read; ``low`` equals ``high`` where there is no interval."""

    key: str
    value: float
    low: float
    high: float
    p: float | None
    unit: UnitName
    source: str
    source_key: str
    verdict: Verdict | None  # of the one comparison; None for a figure that the claim states


class Evaluation(Strict):
    """``observation``: does it hold of these figures alone, whatever they can decide about the published study?

    In both reasons ``{key}`` stands for a figure (see ``fill``).
    """

    verdict: Verdict
    reason: str
    test: str
    observation: Verdict
    observation_reason: str
    figures: list[Figure]


class Judged(Strict):
    """One claim with both verdicts; ``contradicted_cells`` are ids of metrics/reconciliation.json."""

    id: str
    topic: str
    sentence: str
    source: str
    stated: list[Figure]
    published: Evaluation
    reproduced: Evaluation
    contradicted_cells: list[str]


class Claims(StageFile, Strict):
    """The whole file; no claims where the published study is not discussed."""

    PLACE = "metrics/claims.json"
    STAGE = "claims"

    small_scale: bool
    compared: bool | None = None  # see ``scope.is_compared``; files of before have it neither way
    claims: list[Judged]


def load_claims(path: Path = SOURCE) -> dict[str, Claim]:
    """The claims by id.

    Raises:
        InputError: the first faulty key.
    """
    try:
        return TypeAdapter(dict[Name, Claim]).validate_python(read_map(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise InputError(f"{path}: {key}: {first['msg']}") from error


def stated_figures(name: str, claim: Claim) -> list[Figure]:
    """The claim's own figures, by the names that its sentence uses."""
    return [
        Figure(
            key=key,
            value=stated.value,
            low=stated.value,
            high=stated.value,
            p=None,
            unit=stated.unit,
            source=str(SOURCE),
            source_key=f"{name}.figures.{key}.value",
            verdict=None,
        )
        for key, stated in claim.figures.items()
    ]


def fill(text: str, figures: list[Figure], show: Callable[[Figure], str]) -> str:
    """A sentence or a reason with its figures shown."""
    by_key = {figure.key: figure for figure in figures}
    return re.sub(r"\{([^{}]+)\}", lambda match: show(by_key[match[1]]), text)
