"""The schema of ``grammar.yaml``, from which ``stages/data/generator.py`` writes reviews."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from stages.core.errors import InputError
from stages.core.types import Fraction, Strict
from stages.core.yaml_files import read_map

GRAMMAR = Path(__file__).with_name("grammar.yaml")

Sign = Literal[-1, 1]


class Template(Strict):
    """A clause, and whether it turns its polar word round."""

    text: str
    flips: bool = False


class Polar(Strict):
    """Polar words of one sign. ``verbs`` are in the past tense and fit singular and plural subjects."""

    adjectives: list[str]
    verbs: list[str]
    nouns: list[str]


class Lexicon(Strict):
    """Polar words of both signs."""

    positive: Polar
    negative: Polar

    def words(self, sign: Sign, part: str) -> list[str]:
        return getattr(self.positive if sign > 0 else self.negative, part)


class Signs(Strict):
    """Sentences that end a quotation, by whether the writer shares what was quoted."""

    agree: list[str]
    differ: list[str]


class Domain(Lexicon):
    """What one kind of review talks about; its polar words add to the shared ones, its signs replace those."""

    signs: Signs | None = None
    items: list[str]
    singular: list[str]
    plural: list[str]
    slots: dict[str, list[str]]
    openings: list[str]
    fillers: list[str]


class Proportions(Strict):
    """How often the grammar takes each turn; ``zipf`` is an exponent."""

    own_words: Fraction
    agreement: Fraction
    joined: Fraction
    quoted: Fraction
    differing: Fraction
    filler: Fraction
    rated: Fraction
    zipf: Fraction


class Clauses(Strict):
    """Bounds of the number of polar clauses, both included."""

    fewest: int = Field(ge=1)
    most: int


class Grammar(Strict):
    """The whole of ``grammar.yaml``; its first domain is the one the study classifies."""

    proportions: Proportions
    clauses_a_review: Clauses
    clauses: list[Template]
    contrasts: list[str]
    pairs: list[str]
    quotations: list[str]
    signs: Signs
    intensifiers: list[str]
    negators: list[str]
    slots: dict[str, list[str]]
    shared: Lexicon
    domains: dict[str, Domain] = Field(min_length=2)


@cache
def load_grammar(path: Path = GRAMMAR) -> Grammar:
    """Read the grammar.

    Raises:
        InputError: a key is missing, unknown or of a wrong type.
    """
    try:
        return Grammar.model_validate(read_map(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{path.name}: {key}: {first['msg']}") from error
