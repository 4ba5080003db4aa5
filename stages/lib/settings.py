"""Resolved settings: what each stage is told, and nothing it is not.

``stages/settings.py`` turns ``params.yaml`` into these files, one a consumer. A stage depends on its
own file, so a changed parameter re-runs exactly the stages whose resolved settings changed: a new
``lr`` touches the base-rate cells and leaves the probe cells alone, which no list of parameter names in
``dvc.yaml`` could express (DVC templates do not nest).
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from stages.lib.cells import FOLDER, STUDY, Cell, RunSettings, Train, run_path
from stages.lib.errors import InputError
from stages.lib.params import (
    Architecture,
    Configuration,
    FullSize,
    GeneratedData,
    HubBase,
    HubData,
    LocalBase,
    LocalData,
    Params,
    PretrainedBase,
    Protocol,
)
from stages.lib.schema import Method, Strict

DATA = FOLDER / "data.json"
CENSUS_SETTINGS = FOLDER / "census.json"

FULL_SIZE_PROFILE = "paper"
ALPHA_REFERENCE_RANK = 8  # "rank-proportional" keeps alpha / rank at its value for this rank


class DataSettings(Strict):
    """For ``prepare``."""

    data: Annotated[GeneratedData | LocalData | HubData, Field(discriminator="source")]
    deduplicate: bool


class BaseSettings(Strict):
    """For ``base@<architecture>``."""

    architecture: str
    family: Architecture
    base: Annotated[PretrainedBase | LocalBase | HubBase, Field(discriminator="source")]
    max_length: int
    threads: int


class TokenizeSettings(Strict):
    """For ``tokenize@<architecture>``."""

    architecture: str
    max_length: int


class CensusSettings(Strict):
    """For ``census``: the grid at full size, whatever the chosen profile, under every protocol."""

    full_size: dict[str, FullSize]  # by architecture
    runs: dict[str, dict[str, dict[str, RunSettings]]]  # by protocol, architecture, configuration


class StudySettings(Strict):
    """For ``collect`` and the paper: the grid of cells and how to name things."""

    profile: str
    description: str
    small_scale: bool
    protocol: str
    lr: float
    lr_probe: float
    lr_scale: float
    seeds: list[int]
    architectures: dict[str, Architecture]
    configurations: dict[str, Configuration]
    labels: dict[str, str]  # of all architectures and configurations, which the published study has whatever the grid
    cells: list[Cell]
    allow_failed: bool
    max_length: int
    train: Train


def base_path(architecture: str) -> Path:
    return FOLDER / "base" / f"{architecture}.json"


def tokenize_path(architecture: str) -> Path:
    return FOLDER / "tokenize" / f"{architecture}.json"


def resolve(params: Params) -> dict[Path, Strict]:
    """Every settings file of the study, by path."""
    profile = params.profiles[params.profile]
    protocol = params.protocols[params.protocol]
    files: dict[Path, Strict] = {
        DATA: DataSettings(data=profile.data, deduplicate=protocol.deduplicate),
        STUDY: resolve_study(params),
        CENSUS_SETTINGS: resolve_census(params),
    }
    for name in params.architectures:
        files[base_path(name)] = BaseSettings(
            architecture=name,
            family=params.architecture[name],
            base=profile.base,
            max_length=profile.tokenize.max_length,
            threads=profile.train.threads,
        )
        files[tokenize_path(name)] = TokenizeSettings(architecture=name, max_length=profile.tokenize.max_length)
        for configuration in params.configurations + params.probes:
            files[run_path(name, configuration)] = resolve_run(params, name, configuration)
    return files


def resolve_run(params: Params, architecture: str, configuration: str) -> RunSettings:
    """Apply profile and protocol to one configuration of one architecture."""
    family = params.architecture[architecture]
    method = params.configuration[configuration]
    profile = params.profiles[params.profile]
    protocol = params.protocols[params.protocol]
    nominal = params.lr if method.lr == "base" else params.lr_probe
    precision = protocol.precision[method.method]
    alpha = method.alpha
    if alpha is not None and protocol.alpha_policy == "rank-proportional":
        alpha = alpha * method.rank / ALPHA_REFERENCE_RANK
    return RunSettings(
        architecture=architecture,
        configuration=configuration,
        profile=params.profile,
        protocol=params.protocol,
        exp_id=method.exp_id,
        method=method.method,
        model_class=family.model_class,
        learning_rate=nominal * profile.train.lr_scale,
        nominal_learning_rate=nominal,
        target_modules=family.modules[method.placement] if method.placement else [],
        feedforward_modules=family.modules["ia3-feedforward"] if method.method == "ia3" else [],
        rank=method.rank,
        alpha=alpha,
        dropout=method.dropout,
        head=family.head,
        modules_to_save=_modules_to_save(family, method.method, protocol),
        head_policy=protocol.head_policy,
        selection_split=protocol.selection_split,
        load_best=protocol.load_best[method.method],
        padding=protocol.padding,
        batching=protocol.batching,
        max_length=profile.tokenize.max_length,
        seed_before_model=protocol.seed_before_model,
        gradient_checkpointing=protocol.gradient_checkpointing[method.method],
        precision=profile.train.precision if precision == "profile" else precision,
        optimizer=protocol.optimizer[method.method],
        checkpoint_revision=family.revision if profile.base.source == "hub" else None,
        train=profile.train,
    )


def _modules_to_save(family: Architecture, method: Method, protocol: Protocol) -> list[str]:
    """The published notebook listed head modules for QLoRA alone and left the rest to peft's default."""
    if protocol.head_policy == "new-modules":
        return family.head
    return family.head_as_published_qlora if method == "qlora" else []


def resolve_census(params: Params) -> CensusSettings:
    """The study's architectures and configurations at full size.

    Raises:
        InputError: ``params.yaml`` has no profile of that size.
    """
    if FULL_SIZE_PROFILE not in params.profiles:
        raise InputError(f"profiles: {FULL_SIZE_PROFILE!r}: missing; the census counts at its size")
    runs = {}
    for protocol in params.protocols:
        full = params.model_copy(update={"profile": FULL_SIZE_PROFILE, "protocol": protocol})
        runs[protocol] = {
            name: {key: resolve_run(full, name, key) for key in params.configurations + params.probes}
            for name in params.architectures
        }
    return CensusSettings(
        full_size={name: params.architecture[name].full_size for name in params.architectures}, runs=runs
    )


def resolve_study(params: Params) -> StudySettings:
    """The grid: every architecture with every configuration (train) and probe (probe), a seed each."""
    profile = params.profiles[params.profile]
    cells = [
        Cell(architecture=architecture, configuration=configuration, seed=seed, role=role)
        for role, names in (("train", params.configurations), ("probe", params.probes))
        for architecture in params.architectures
        for configuration in names
        for seed in params.seeds
    ]
    return StudySettings(
        profile=params.profile,
        description=profile.description,
        small_scale=profile.small_scale,
        protocol=params.protocol,
        lr=params.lr,
        lr_probe=params.lr_probe,
        lr_scale=profile.train.lr_scale,
        seeds=params.seeds,
        architectures={name: params.architecture[name] for name in params.architectures},
        configurations={name: params.configuration[name] for name in params.configurations + params.probes},
        labels={name: own.label for name, own in (params.architecture | params.configuration).items()},
        cells=cells,
        allow_failed=params.allow_failed,
        max_length=profile.tokenize.max_length,
        train=profile.train,
    )
