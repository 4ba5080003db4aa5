"""The grid of runs, ``data/settings/study.json``: which runs there are, what to call them, which to compare."""

from typing import Literal

from pydantic import Field

from stages.core.files import StageFile
from stages.core.types import Strict
from stages.data.settings import Line
from stages.encoders.settings import Architecture
from stages.study.configuration import Configuration
from stages.study.rates import Factor, multiplied
from stages.training.settings import OWN_RATE, Run, Train

Published = Literal["hanif2025", "none"]  # the study that this one reproduces, by its key in the bibliography
# Of a choice whose values are names, which comes first in a pair (see ``StudySettings.pairs``).
ORDER = {"base": 0, "probe": 1, "attention": 0, "attention-ffn": 1, "none": 0, "nf4": 1, "fp4": 1, "int8": 1}


class PaperText(Strict):
    """What the report's head says and whether it quotes texts; None: said from data, task and models."""

    title: Line | None = None
    authors: list[Line] = Field(min_length=1)
    keywords: list[Line] | None = None
    examples: bool = True

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
    base_source: Literal["pretrain", "local", "hub"]
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

        A choice is a field of a configuration, or of its adapter: ``adapter.r``.
        In each pair comes first: the base rate, the lower rank, attention alone, LoRA.
        """
        pairs = []
        for first, configuration in self.configurations.items():
            for second, other in self.configurations.items():
                differing = _differing_fields(configuration, other)
                if choice not in differing or not differing <= {choice, *may_differ}:
                    continue
                if _order(configuration, choice) < _order(other, choice):
                    pairs.append((first, second))
        return pairs


def _choices(configuration: Configuration) -> dict[str, object]:
    """All that decides what a configuration is, by choice; names and numbers of experiments aside."""
    choices = configuration.model_dump(exclude={"label", "exp_id", "adapter", "train"})
    choices |= {f"adapter.{key}": value for key, value in (configuration.adapter or {}).items()}
    return choices | {f"train.{key}": value for key, value in configuration.train}


def _differing_fields(one: Configuration, other: Configuration) -> set[str]:
    first, second = _choices(one), _choices(other)
    return {choice for choice in first.keys() | second.keys() if first.get(choice) != second.get(choice)}


def _order(configuration: Configuration, choice: str) -> float:
    value = _choices(configuration).get(choice)
    return ORDER.get(value, value) if isinstance(value, str) else value
