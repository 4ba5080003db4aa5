"""The schema of ``params.yaml``: what each key may be, checked in one place.

Stages never read ``params.yaml``; they read the resolved settings that ``stages/settings.py``
writes from it (see ``stages/lib/settings.py``).
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.lib.cells import Train
from stages.lib.errors import InputError
from stages.lib.schema import Count, Fraction, Method, Name, Rate, Revision, Seed, Strict

# Keywords of a transformers configuration class.
FullSize = dict[str, bool | int | float | str | list[str]]


class Architecture(Strict):
    """One encoder family: where its checkpoint is and which of its modules each method adapts."""

    label: str
    model_class: Literal[
        "DistilBertForSequenceClassification",
        "RobertaForSequenceClassification",
        "DebertaV2ForSequenceClassification",
    ]
    hub_id: str
    revision: Revision
    tokenizer: Literal["wordpiece", "byte-bpe", "unigram"]
    head: list[str] = Field(min_length=1)
    head_as_published_qlora: list[str] = Field(min_length=1)
    modules: dict[Literal["attention", "attention-ffn", "ia3", "ia3-feedforward"], list[str]]
    miniature: dict[str, int | float]
    full_size: FullSize


class Configuration(Strict):
    """One fine-tuning method as data (a row of the paper's Table II)."""

    label: str
    exp_id: Annotated[str, Field(pattern=r"^\d\d$")]
    method: Method
    lr: Literal["base", "probe"]
    placement: Literal["attention", "attention-ffn", "ia3"] | None = None
    rank: Count | None = None
    alpha: Annotated[float, Field(gt=0)] | None = None
    dropout: Fraction | None = None

    @model_validator(mode="after")
    def _fields_of_method(self) -> "Configuration":
        needed = {
            "full": set(),
            "ia3": {"placement"},
            "lora": {"placement", "rank", "alpha", "dropout"},
            "qlora": {"placement", "rank", "alpha", "dropout"},
        }[self.method]
        for field in ("placement", "rank", "alpha", "dropout"):
            given = getattr(self, field) is not None
            if given != (field in needed):
                raise ValueError(f"{field}: {'not allowed' if given else 'required'} for method {self.method}")
        if self.placement is not None and (self.placement == "ia3") != (self.method == "ia3"):
            raise ValueError(f"placement: {self.placement!r} not allowed for method {self.method}")
        return self


class Protocol(Strict):
    """The choices that decide whether methods are compared fairly."""

    selection_split: Literal["validation", "test"]
    deduplicate: bool
    padding: Literal["longest", "max_length"]
    batching: Literal["by-length", "random"]
    seed_before_model: bool
    head_policy: Literal["new-modules", "as-published"]
    alpha_policy: Literal["fixed", "rank-proportional"]
    load_best: dict[Method, bool]
    gradient_checkpointing: dict[Method, bool]
    precision: dict[Method, Literal["profile", "fp32", "bf16", "fp16"]]
    optimizer: dict[Method, Literal["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit"]]

    @model_validator(mode="after")
    def _every_method(self) -> "Protocol":
        for field in ("load_best", "gradient_checkpointing", "precision", "optimizer"):
            missing = {"full", "lora", "qlora", "ia3"} - getattr(self, field).keys()
            if missing:
                raise ValueError(f"{field}: no value for {', '.join(sorted(missing))}")
        return self


class GeneratedData(Strict):
    """Reviews made by the project's own grammar (``stages/lib/corpus.py``); counts are rows."""

    source: Literal["generated"]
    train: Annotated[int, Field(ge=16)]
    validation: Annotated[int, Field(ge=2)]
    test: Annotated[int, Field(ge=2)]
    unsupervised: Annotated[int, Field(ge=0)]
    label_noise: Annotated[float, Field(ge=0, lt=0.5)]
    seed: Seed


class LocalData(Strict):
    """A local file or folder: Parquet, CSV/TSV, JSON Lines, or the ``aclImdb/`` tree."""

    source: Literal["local"]
    path: str
    validation: Annotated[int, Field(ge=2)]
    seed: Seed


class HubData(Strict):
    """A dataset on the Hugging Face hub at a full commit id."""

    source: Literal["hub"]
    hub_id: str
    revision: Revision
    validation: Annotated[int, Field(ge=2)]
    seed: Seed


class PretrainedBase(Strict):
    """A miniature encoder pretrained by the ``base`` stage; ``steps: 0`` keeps it at random."""

    source: Literal["pretrain"]
    vocab_size: Annotated[int, Field(ge=300)]
    steps: Annotated[int, Field(ge=0)]
    batch_size: Count
    learning_rate: Rate
    mlm_weight: Annotated[float, Field(ge=0, le=1)]
    seed: Seed


class LocalBase(Strict):
    """A checkpoint folder a subfolder per architecture, laid out as on the hub."""

    source: Literal["local"]
    path: str


class HubBase(Strict):
    """The architecture's ``hub_id`` at its ``revision``."""

    source: Literal["hub"]


class Tokenize(Strict):
    """``max_length`` counts tokens, special ones included."""

    max_length: Annotated[int, Field(ge=8)]


class Profile(Strict):
    """One scale of the study: data, base models and training sizes."""

    description: str
    small_scale: bool
    data: Annotated[GeneratedData | LocalData | HubData, Field(discriminator="source")]
    base: Annotated[PretrainedBase | LocalBase | HubBase, Field(discriminator="source")]
    tokenize: Tokenize
    train: Train


class Params(Strict):
    """The whole of ``params.yaml``."""

    profile: Name
    protocol: Name
    lr: Rate
    lr_probe: Rate
    seeds: list[Seed] = Field(min_length=1)
    architectures: list[Name] = Field(min_length=1)
    configurations: list[Name] = Field(min_length=1)
    probes: list[Name]
    allow_failed: bool
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


def _no_repeats(key: str, values: list) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{key}: {value!r}: given {values.count(value)} times; allowed: once")


def load_params(path: str | Path = "params.yaml") -> Params:
    """Parse and validate ``params.yaml``.

    ruamel.yaml reads YAML 1.2, in which ``2e-05`` (as ``dvc exp run -S`` writes it) is a number;
    PyYAML reads it as a string.

    Raises:
        InputError: one line naming the file, the first wrong key, its value and what is allowed.
    """
    try:
        raw = YAML(typ="safe").load(Path(path))
    except YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{path}: {_one_line(error)}") from error


def _one_line(error: ValidationError) -> str:
    """The first fault as ``key: value: what is allowed``, with a count of the others."""
    first, others = error.errors()[0], error.error_count() - 1
    # pydantic adds the tag of a discriminated union and "[key]" to the path: neither is in the file.
    tags = {"generated", "local", "hub", "pretrain"}
    path = [str(part) for part in first["loc"] if part not in tags]
    key = ".".join(part for part in path if part != "[key]")
    message = _explain(first)
    line = f"{key}: {message}" if key else message
    return line + (f" (and {others} more)" if others else "")


def _explain(fault: dict[str, Any]) -> str:
    kind, value = fault["type"], fault["input"]
    if kind == "value_error":  # our own validators name key and value themselves
        return str(fault["ctx"]["error"])
    if kind == "missing":
        return "missing; a value is required"
    if kind == "extra_forbidden":
        return f"{value!r}: unknown key; allowed: {', '.join(_allowed_keys(fault['loc'][:-1]))}"
    return f"{value!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def _allowed_keys(loc: tuple) -> list[str]:
    """The keys a section may have, found by walking the schema along the fault's path."""
    models = {
        "architecture": Architecture,
        "configuration": Configuration,
        "protocols": Protocol,
        "profiles": Profile,
    }
    sections = {
        ("data", "generated"): GeneratedData,
        ("data", "local"): LocalData,
        ("data", "hub"): HubData,
        ("base", "pretrain"): PretrainedBase,
        ("base", "local"): LocalBase,
        ("base", "hub"): HubBase,
        ("tokenize",): Tokenize,
        ("train",): Train,
    }
    model = Params if not loc else models[loc[0]] if len(loc) == 2 else sections[tuple(loc[2:])]
    return list(model.model_fields)
