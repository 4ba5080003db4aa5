"""``claims.yaml``, the claims of the published study as data, and ``metrics/claims.json``, their verdicts."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from stages.core.errors import InputError
from stages.core.files import StageFile
from stages.core.types import Name, Strict
from stages.core.yaml_files import read_map

SOURCE = Path("stages/published/claims.yaml")
Quantity = Literal["accuracy", "memory", "seconds", "parameters", "texts", "cells"]
Form = Literal["ratio", "reduction", "difference", "contrast", "value", "spread", "undominated", "stated", "matching"]
UnitName = Literal["share", "accuracy", "points", "ratio", "bytes", "seconds", "parameters", "texts"]
Verdict = Literal["holds", "does not hold", "cannot be decided here"]
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "cannot be decided here"
Conclusion = Literal["holds", "contradicted", "depends on the reading", "undecided"]
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
    stated: Pair | None = None  # two figures of the claim itself, before and after
    low: str | None = None
    high: str | None = None
    about: str | None = None
    rounding: str | None = None  # half-width for the published figures
    margin: str | None = None  # half-width for a reproduction

    @model_validator(mode="after")
    def _fields_of_form(self) -> "Test":
        around = self.form == "value" and self.about and self.rounding and self.margin
        bounded = around or self.low or self.high or self.form == "undominated"
        applies_to = {"value": self.cells, "spread": self.cells, "stated": self.stated, "matching": ["every cell"]}
        if (
            not bounded
            or not applies_to.get(self.form, self.pairs)
            or (self.over is not None) != (self.form == "contrast")
            or (self.stated is not None) != (self.form == "stated")
        ):
            raise ValueError(f"{self.form}: a bound, or the cells it applies to, is missing or does not belong")
        return self

    @property
    def names(self) -> set[str]:
        """The figures that it uses."""
        bounds = (self.low, self.high, self.about, self.rounding, self.margin, *(self.stated or []))
        return {name for name in bounds if name is not None}


class Reading(Strict):
    """The claim once more, on other cells or with other figures; ``words`` say which, ``{name}`` being a figure."""

    words: str
    figures: dict[str, Stated] = Field(default={})  # in the place of the claim's, or besides
    tests: list[Test] | None = Field(default=None, min_length=1)  # None: the claim's


class Claim(Strict):
    """A published sentence, verbatim, and what decides it; ``topic`` stands for it in a list.

    Attributes:
        rule: what is compared with what, in words; ``{name}`` in it is a figure of the claim.
        readings: what else its words allow; a verdict that differs there is not a verdict on the claim.
        thresholds: other bounds, which show how the verdict moves and decide nothing.
    """

    topic: str
    quotation: str
    place: str
    rule: str
    figures: dict[str, Stated] = Field(default={})
    tests: list[Test] = Field(min_length=1)
    readings: list[Reading] = Field(default=[])
    thresholds: list[Reading] = Field(default=[])

    def read_as(self, reading: Reading) -> "Claim":
        """The claim with the figures and tests of a reading."""
        return self.model_copy(
            update={
                "rule": reading.words,
                "figures": self.figures | reading.figures,
                "tests": reading.tests or self.tests,
                "readings": [],
                "thresholds": [],
            }
        )

    @model_validator(mode="after")
    def _known_figures(self) -> "Claim":
        used: set[str] = set()
        for claim in (self, *map(self.read_as, [*self.readings, *self.thresholds])):
            named = set(re.findall(r"\{(\w+)\}", claim.rule)).union(*(test.names for test in claim.tests))
            for name in sorted(named - claim.figures.keys()):
                raise ValueError(f"figures: {name!r} is missing")
            used |= named
        for name in sorted(self.figures.keys() - used):
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

    In both reasons ``{key}`` stands for a figure. Of the comparisons that the claim implies, ``holding`` lie within
    its bounds, ``failing`` outside, and ``undecided`` are neither.
    """

    verdict: Verdict
    reason: str
    test: str
    observation: Verdict
    observation_reason: str
    holding: int
    failing: int
    undecided: int
    figures: list[Figure]


class ReadAs(Strict):
    """A claim read otherwise, on the published figures."""

    words: str
    stated: list[Figure]
    published: Evaluation


class Judged(Strict):
    """One claim with both verdicts; ``contradicted_cells`` are ids of metrics/reconciliation.json.

    ``conclusion`` is what all readings of the claim have in common on the published figures.
    """

    id: str
    topic: str
    quotation: str
    place: str
    rule: str
    stated: list[Figure]
    published: Evaluation
    reproduced: Evaluation
    readings: list[ReadAs]
    thresholds: list[ReadAs]
    conclusion: Conclusion
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


def stated_figures(place: str, figures: dict[str, Stated]) -> list[Figure]:
    """Figures of a claim or of a reading, which stands at ``place`` in the file, by the names that its words use."""
    return [
        Figure(
            key=key,
            value=stated.value,
            low=stated.value,
            high=stated.value,
            p=None,
            unit=stated.unit,
            source=str(SOURCE),
            source_key=f"{place}.figures.{key}.value",
            verdict=None,
        )
        for key, stated in figures.items()
    ]
