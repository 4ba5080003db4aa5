"""The schema of ``params.yaml``: what each key may be, checked in one place.

Stages never read ``params.yaml``; they read the resolved settings that ``stages/settings.py``
writes from it (see ``stages/study/resolve.py``).
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from stages.core.errors import InputError
from stages.core.types import Name, Rate, Seed, Strict
from stages.core.yaml_files import read_map
from stages.data.settings import Columns, Csv, GeneratedData, HubData, LocalData, Sample
from stages.encoders.settings import Architecture, Base, HubBase, LocalBase, PackageBase, PretrainedBase, Tokenize
from stages.study.adapter_files import with_adapter_files
from stages.study.configuration import Configuration, TrainChanges
from stages.study.grid import PaperText, Published
from stages.study.label_checks import require_characters, require_glyphs, require_labels
from stages.study.protocol import ByBase, Protocol
from stages.study.rates import Factor, require_sweep
from stages.study.typeset import without_glyph
from stages.training.settings import Train

PARAMS = Path("params.yaml")


class Profile(Strict):
    """One scale of the study: data, base models and training sizes."""

    description: str
    small_scale: bool
    data: Annotated[GeneratedData | LocalData | HubData, Field(discriminator="source")]
    base: Annotated[Base, Field(discriminator="source")]
    tokenize: Tokenize
    train: Train


class Params(Strict):
    """The whole of ``params.yaml``."""

    profile: Name
    protocol: Name
    lr: Rate
    lr_probe: Rate
    seeds: list[Seed] = Field(min_length=1, max_length=1000)
    architectures: list[Name] = Field(min_length=1)
    configurations: list[Name] = Field(min_length=1)
    probes: list[Name]
    rate_factors: list[Factor]
    allow_failed: bool
    published: Published
    paper: PaperText
    architecture: dict[Name, Architecture]
    configuration: dict[Name, Configuration]
    protocols: dict[Name, Protocol]
    profiles: dict[Name, Profile]

    @model_validator(mode="after")
    def _known_names(self) -> "Params":
        chosen = [
            ("profile", [self.profile], self.profiles),
            ("protocol", [self.protocol], self.protocols),
            ("architectures", self.architectures, self.architecture),
            ("configurations", self.configurations, self.configuration),
            ("probes", self.probes, self.configuration),
        ]
        for key, names, known in chosen:
            for name in names:
                if name not in known:
                    raise ValueError(f"{key}: {name!r}: unknown name; allowed: {', '.join(known)}")
        for key in ("seeds", "architectures"):
            _no_repeats(key, getattr(self, key))
        _no_repeats("configurations and probes", self.configurations + self.probes)
        return self

    @model_validator(mode="after")
    def _placements(self) -> "Params":
        """Each configuration of the grid can say to each architecture what it adapts."""
        for name in self.configurations + self.probes:
            for architecture in self.architectures:
                try:
                    self.configuration[name].target_modules(self.architecture[architecture])
                except ValueError as error:
                    raise ValueError(f"configuration.{name}.{error} (architecture.{architecture})") from error
        return self

    @model_validator(mode="after")
    def _sweep(self) -> "Params":
        own_rates = {name: self.configuration[name].train.learning_rate or self.lr for name in self.configurations}
        at_probe = [name for name in self.configurations if self.configuration[name].lr == "probe"]
        selects_on_test = self.protocols[self.protocol].selection_split == "test"
        require_sweep(self.rate_factors, own_rates, self.probes, at_probe, self.protocol if selects_on_test else None)
        return self

    @model_validator(mode="after")
    def _checkpoints(self) -> "Params":
        """Each architecture says what the profile's source of checkpoints asks for."""
        source = self.profiles[self.profile].base.source
        required = {"hub": ("hub_id", "revision"), "pretrain": ("miniature", "tokenizer")}.get(source, ())
        if source == "package" and len(self.architectures) > 1:
            raise ValueError(
                f"architectures: {len(self.architectures)}: base.source package has one checkpoint; allowed: one"
            )
        for name in self.architectures:
            for key in required:
                if getattr(self.architecture[name], key) is None:
                    raise ValueError(f"architecture.{name}.{key}: missing; required by base.source {source}")
        return self

    @model_validator(mode="after")
    def _texts_can_be_shown(self) -> "Params":
        """What the report prints of this file as it stands; a fault would else show after all the training."""
        architectures = {f"architecture.{name}.label": entry.label for name, entry in self.architecture.items()}
        configurations = {f"configuration.{name}.label": entry.label for name, entry in self.configuration.items()}
        descriptions = {f"profiles.{name}.description": entry.description for name, entry in self.profiles.items()}
        for key, text in (architectures | configurations | descriptions | self.paper.texts).items():
            require_glyphs(key, text)
        for labels in (architectures, configurations):
            require_labels(labels)
        return self

    def texts_left_out(self) -> list[str]:
        """A line for each text about the data that the report's fonts lack: it says so, or something else, instead."""
        data = self.profiles[self.profile].data
        lines = []
        for key, text in {} if isinstance(data, GeneratedData) else data.texts.items():
            if lacking := without_glyph(text):
                place = f"profiles.{self.profile}.data.{key}"
                lines.append(f"{place}: {text!r}: the report's fonts lack {lacking!r}; it is left out of the report")
        return lines


# By place in the file, the names that the user gives to architectures, profiles and so on left out.
MODELS = {
    (): Params,
    ("paper",): PaperText,
    ("architecture",): Architecture,
    ("configuration",): Configuration,
    ("configuration", "train"): TrainChanges,
    ("protocols",): Protocol,
    ("protocols", "load_best"): ByBase,
    ("protocols", "gradient_checkpointing"): ByBase,
    ("protocols", "precision"): ByBase,
    ("protocols", "optimizer"): ByBase,
    ("profiles",): Profile,
    ("profiles", "data", "generated"): GeneratedData,
    ("profiles", "data", "local"): LocalData,
    ("profiles", "data", "hub"): HubData,
    **{("profiles", "data", source, "columns"): Columns for source in ("local", "hub")},
    **{("profiles", "data", source, "csv"): Csv for source in ("local", "hub")},
    **{("profiles", "data", source, "sample"): Sample for source in ("local", "hub")},
    ("profiles", "base", "pretrain"): PretrainedBase,
    ("profiles", "base", "local"): LocalBase,
    ("profiles", "base", "hub"): HubBase,
    ("profiles", "base", "package"): PackageBase,
    ("profiles", "tokenize"): Tokenize,
    ("profiles", "train"): Train,
}


LONGEST_SHOWN = 300  # characters of a value


def _no_repeats(key: str, values: list) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{key}: {value!r}: given {values.count(value)} times; allowed: once")


def load_params(path: str | Path = PARAMS) -> Params:
    """Parse and validate ``params.yaml``.

    Raises:
        InputError: one line naming the file, the first wrong key, its value and what is allowed.
    """
    return validated(read_map(path), path)


def validated(raw: object, path: str | Path) -> Params:
    """Parameters as ``read_yaml`` gives them; ``path`` is the file that a message names.

    Raises:
        InputError: one line naming that file, the first wrong key, its value and what is allowed.
    """
    try:
        require_characters(raw)
        return Params.model_validate(with_adapter_files(raw))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except ValidationError as error:
        raise InputError(f"{path}: {_one_line(error)}") from error


def _one_line(error: ValidationError) -> str:
    """The first fault as ``key: value: what is allowed``, with a count of the others."""
    first = error.errors()[0]
    others = error.error_count() - 1
    # pydantic adds the tag of a discriminated union and "[key]" to the path: neither is in the file.
    added = {"generated", "local", "hub", "pretrain", "package", "[key]"}
    key = ".".join(str(part) for part in first["loc"] if part not in added)
    line = f"{key}: {_explain(first)}" if key else _explain(first)
    return f"{line} (and {others} more)" if others else line


def _explain(fault: dict[str, Any]) -> str:
    """What is wrong with a value, and what is allowed."""
    if fault["type"] == "value_error":  # our own validators name key and value themselves
        return str(fault["ctx"]["error"])
    if fault["type"] == "missing":
        return "missing; a value is required"
    value, message = _shown(fault["input"]), fault["msg"]
    if fault["type"] == "extra_forbidden":
        allowed = _model_at(fault["loc"][:-1]).model_fields
        return f"{value}: unknown key; allowed: {', '.join(allowed)}"
    return f"{value}: {message[0].lower()}{message[1:]}"


def _shown(value: object) -> str:
    """A value in a message, its start where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _model_at(path: tuple[str, ...]) -> type[Strict]:
    """The model of a section of the file, by pydantic's path to it."""
    return MODELS[path[:1] + path[2:]]
