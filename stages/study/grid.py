"""The grid of runs, ``data/settings/study.json``: which runs there are, what to call them, which to compare."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, field_validator

from stages.core.files import StageFile
from stages.core.types import Strict
from stages.data.settings import Line
from stages.encoders.settings import Architecture, TruncationSide
from stages.study.configuration import Configuration
from stages.study.rates import Factor, multiplied
from stages.training.settings import OWN_RATE, Run, Train

Published = Literal["hanif2025", "none"]  # the study that this one reproduces, by its key in the bibliography
# Of a choice whose values are names, which comes first in a pair (see ``StudySettings.pairs``).
ORDER = {"base": 0, "probe": 1, "attention": 0, "attention-ffn": 1, "none": 0, "nf4": 1, "fp4": 1, "int8": 1}
# Choices that the report has a word for, each with its field and what may differ with it.
NAMED_CHOICES = {
    "rank": ("adapter.r", "adapter.lora_alpha"),
    "placement": ("target",),
    "quantisation": ("quantization",),
    "the learning rate": ("lr",),
}
OTHER_METHODS = {"adapter.peft_type", "method", "parameters"}  # choices that make one
PAGE = "site/index.html"  # beside the PDF
ADDRESS = re.compile(r"https?://[!-~]+")
MOST_FOR_ALL_PAIRS = 12  # configurations of a headline grid


class PaperText(Strict):
    """What the report's head says and whether it quotes texts; None: said from data, task and models."""

    title: Line | None = None
    authors: list[Line] = Field(min_length=1)
    keywords: list[Line] | None = None
    examples: bool = True
    # Where paper/site/ is published; the signs are those that mean nothing to TeX in a link.
    site: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9][A-Za-z0-9._:/-]*$", max_length=200)] | None = None
    repository: Line | None = None  # the address of code and records
    archive: Line | None = None  # the address of this version for good: a DOI's

    @field_validator("repository", "archive")
    @classmethod
    def _web_address(cls, address: str | None) -> str | None:
        if address is not None and not ADDRESS.fullmatch(address):
            raise ValueError(f"{address!r}: no web address; allowed: https://..., in ASCII without spaces")
        return address

    @property
    def page(self) -> str:
        """What the numbers of the PDF lead to, from the folder that it is in or at the address that is given."""
        return f"{self.site.rstrip('/')}/index.html" if self.site else PAGE

    @property
    def texts(self) -> dict[str, str]:
        """What is printed as it stands, by key of params.yaml."""
        texts = {} if self.title is None else {"paper.title": self.title}
        texts |= {f"paper.authors.{index}": author for index, author in enumerate(self.authors)}
        return texts | {f"paper.keywords.{index}": word for index, word in enumerate(self.keywords or [])}


class StudySettings(StageFile, Strict):
    """For ``collect`` and the paper: the grid of runs, what to call things, and which configurations to compare."""

    PLACE = "data/settings/study.json"
    STAGE = "settings"

    profile: str
    description: str
    small_scale: bool
    published: Published
    paper: PaperText
    base_source: Literal["pretrain", "local", "hub", "package"]
    protocol: str
    lr: float
    lr_probe: float
    lr_scale: float
    seeds: list[int]
    architectures: dict[str, Architecture]
    configurations: dict[str, Configuration]
    labels: dict[str, str]  # of all architectures and configurations, which the published study has whatever the grid
    runs: list[Run]
    rate_factors: list[Factor] = Field(default_factory=list)  # study.json of older kept studies lacks it and the next
    sweep: list[Run] = Field(default_factory=list)  # the runs of the headline grid at these multiples of their rates
    allow_failed: bool
    max_length: int
    truncation_side: TruncationSide = "right"  # study.json of older kept studies lacks it
    train: Train

    def label(self, architecture: str) -> str:
        return self.architectures[architecture].label

    @property
    def every_run(self) -> list[Run]:
        """Of the grid, then of the sweep."""
        return [*self.runs, *self.sweep]

    @property
    def is_tuned(self) -> bool:
        """Whether each configuration of the headline grid is shown at the best of several rates."""
        return bool(self.rate_factors)

    @property
    def headline(self) -> list[str]:
        """Configurations of the headline grid, in its order; the rest are probes of the learning rate."""
        return list(dict.fromkeys(run.configuration for run in self.runs if run.role == "train"))

    @property
    def reference(self) -> str | None:
        """The configuration that others are measured against: full fine-tuning at the base rate."""
        for name, configuration in self.configurations.items():
            if configuration.method == "full" and configuration.lr == "base":
                return name
        return None

    @property
    def compares_all_pairs(self) -> bool:
        """Whether all pairs of the headline grid are tested: of more configurations, too many to be of use."""
        return len(self.headline) <= MOST_FOR_ALL_PAIRS

    @property
    def adapters(self) -> list[str]:
        """Configurations that train less than all weights, in the grid's order."""
        return [name for name, configuration in self.configurations.items() if configuration.method != "full"]

    def nominal_rate(self, configuration: str, factor: str = OWN_RATE) -> float:
        """The learning rate of ``params.yaml`` for a configuration, or a multiple of it."""
        own = self.configurations[configuration]
        if own.train.learning_rate is not None:
            rate = own.train.learning_rate
        else:
            rate = self.lr if own.lr == "base" else self.lr_probe
        return rate if factor == OWN_RATE else multiplied(rate, float(factor))

    def effective_rate(self, configuration: str, factor: str = OWN_RATE) -> float:
        """The rate that its runs train with."""
        return self.scaled(self.nominal_rate(configuration, factor))

    def scaled(self, rate: float) -> float:
        """A rate of ``params.yaml`` as the profile applies it."""
        return rate * self.lr_scale

    def pairs(self, choice: str, *may_differ: str) -> list[tuple[str, str]]:
        """Configurations that differ in ``choice`` and at most in ``may_differ`` besides.

        A choice is a field of a configuration, of its adapter or of its training: ``adapter.r``, ``train.epochs``.
        In each pair comes first: the base rate, the lower rank, attention alone, LoRA; without such an order, what
        comes first in the grid.
        """
        pairs = []
        for first, second, differing in self._differences():
            if choice in differing and differing.keys() <= {choice, *may_differ}:
                is_turned = _comes_later(*differing[choice])
                pairs.append((second, first) if is_turned else (first, second))
        position = {name: index for index, name in enumerate(self.configurations)}
        return sorted(pairs, key=lambda pair: (position[pair[0]], position[pair[1]]))

    def pairs_of_one_choice(self) -> dict[tuple[str, str], str]:
        """Configurations that differ in a single choice, whichever it is, with that choice, in the grid's order.

        A rank counts as one together with its scale. Kinds of adapters and subsets of weights are no choice but other
        methods.
        """
        pairs = {}
        for first, second, differing in self._differences():
            if len(differing) == 1 and not differing.keys() & OTHER_METHODS:
                pairs[first, second] = next(iter(differing))
            elif differing.keys() == {"adapter.r", "adapter.lora_alpha"}:
                pairs[first, second] = "adapter.r"
        return pairs

    @property
    def steps(self) -> dict[tuple[str, str], str]:
        """Pairs that differ in one choice, ordered as ``pairs`` are, with that choice; those with a name first."""
        steps = {pair: choice for choice, fields in NAMED_CHOICES.items() for pair in self.pairs(*fields)}
        for pair, choice in self.pairs_of_one_choice().items():
            if pair not in steps and pair[::-1] not in steps and self.reference not in pair:
                steps[pair] = choice
        return steps

    @property
    def drawn_pairs(self) -> list[tuple[str, str]]:
        """The differences that the report draws: from full fine-tuning, then the steps in one choice."""
        others = [name for name in self.headline if name != self.reference]
        from_reference = [(self.reference, name) for name in others] if self.reference else []
        return list(dict.fromkeys([*from_reference, *self.steps]))

    def _differences(self) -> Iterator[tuple[str, str, dict[str, tuple[object, object]]]]:
        """Each pair of configurations, in the grid's order, with the values of the choices in which the two differ."""
        choices = {name: _choices(configuration) for name, configuration in self.configurations.items()}
        for (first, one), (second, other) in combinations(choices.items(), 2):
            values = {key: (one.get(key), other.get(key)) for key in sorted(one.keys() | other.keys())}
            yield first, second, {key: both for key, both in values.items() if both[0] != both[1]}


def _choices(configuration: Configuration) -> dict[str, object]:
    """All that decides what a configuration is, by choice; names and numbers of experiments aside."""
    choices = configuration.model_dump(exclude={"label", "exp_id", "adapter", "train"})
    choices |= {f"adapter.{key}": value for key, value in (configuration.adapter or {}).items()}
    return choices | {f"train.{key}": value for key, value in configuration.train}


def _comes_later(value: object, other: object) -> bool:
    """Whether a value of a choice comes after another one in a pair, as far as there is an order of the two."""
    value, other = (ORDER.get(each, each) if isinstance(each, str) else each for each in (value, other))
    both = (value, other)
    return all(isinstance(each, int | float) for each in both) and value > other
