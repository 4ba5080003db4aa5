"""Resolved settings: what each stage is told, and nothing it is not.

``stages/settings.py`` turns ``params.yaml`` into these files, one a consumer. A stage depends on its
own file, so a changed parameter re-runs exactly the stages whose resolved settings changed: a new
``lr`` touches the runs at the base rate and leaves those at the probe rate alone, which no list of
parameter names in ``dvc.yaml`` could express (DVC templates do not nest).
"""

from itertools import product
from pathlib import Path

from stages.core.errors import InputError
from stages.core.types import Method, Strict
from stages.data.settings import DataSettings
from stages.encoders.settings import Architecture, BaseSettings, TokenizeSettings
from stages.fullsize.settings import FULL_SIZE_PROFILE, CensusSettings
from stages.study.grid import Configuration, StudySettings
from stages.study.params import Params, Protocol
from stages.study.typeset import DESCRIPTION, LABEL, shortened
from stages.training.settings import Run, RunSettings

ALPHA_REFERENCE_RANK = 8  # "rank-proportional" keeps alpha / rank at its value for this rank


def resolve(params: Params) -> dict[Path, Strict]:
    """Every settings file of the study, by path."""
    profile = params.profiles[params.profile]
    protocol = params.protocols[params.protocol]
    files: dict[Path, Strict] = {
        DataSettings.path(): DataSettings(data=profile.data, deduplicate=protocol.deduplicate),
        StudySettings.path(): resolve_study(params),
        CensusSettings.path(): resolve_census(params),
    }
    for name in params.architectures:
        files[BaseSettings.path(name)] = BaseSettings(
            architecture=name,
            family=params.architecture[name],
            base=profile.base,
            max_length=profile.tokenize.max_length,
            threads=profile.train.threads,
        )
        files[TokenizeSettings.path(name)] = TokenizeSettings(architecture=name, max_length=profile.tokenize.max_length)
        for configuration, run in _resolve_configurations(params, name).items():
            files[RunSettings.path(name, configuration)] = run
    return files


def resolve_run(params: Params, architecture: str, configuration: str) -> RunSettings:
    """Apply profile and protocol to one configuration of one architecture."""
    family = params.architecture[architecture]
    method = params.configuration[configuration]
    profile = params.profiles[params.profile]
    protocol = params.protocols[params.protocol]
    study = resolve_study(params)
    precision = protocol.precision[method.method]
    return RunSettings(
        architecture=architecture,
        configuration=configuration,
        profile=params.profile,
        protocol=params.protocol,
        exp_id=method.exp_id,
        method=method.method,
        model_class=family.model_class,
        learning_rate=study.effective_rate(configuration),
        nominal_learning_rate=study.nominal_rate(configuration),
        target_modules=family.modules[method.placement] if method.placement else [],
        feedforward_modules=family.modules["ia3-feedforward"] if method.method == "ia3" else [],
        rank=method.rank,
        alpha=_alpha(method, protocol),
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


def _alpha(configuration: Configuration, protocol: Protocol) -> float | None:
    if configuration.alpha is None or protocol.alpha_policy == "fixed":
        return configuration.alpha
    return configuration.alpha * configuration.rank / ALPHA_REFERENCE_RANK


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
    runs: dict[str, dict[str, dict[str, RunSettings]]] = {}
    for protocol in params.protocols:
        full_size = params.model_copy(update={"profile": FULL_SIZE_PROFILE, "protocol": protocol})
        runs[protocol] = {name: _resolve_configurations(full_size, name) for name in params.architectures}
    keywords = {name: params.architecture[name].full_size for name in params.architectures}
    return CensusSettings(full_size=keywords, runs=runs)


def _resolve_configurations(params: Params, architecture: str) -> dict[str, RunSettings]:
    names = params.configurations + params.probes
    return {name: resolve_run(params, architecture, name) for name in names}


def resolve_study(params: Params) -> StudySettings:
    """The grid: every architecture with every configuration (train) and probe (probe), a seed each."""
    profile = params.profiles[params.profile]
    runs = []
    for role, configurations in (("train", params.configurations), ("probe", params.probes)):
        for architecture, configuration, seed in product(params.architectures, configurations, params.seeds):
            runs.append(Run(architecture=architecture, configuration=configuration, seed=seed, role=role))
    architectures, configurations = _shown(params.architecture), _shown(params.configuration)
    named = architectures | configurations
    return StudySettings(
        profile=params.profile,
        description=shortened(profile.description, DESCRIPTION),
        small_scale=profile.small_scale,
        published=params.published,
        paper=params.paper,
        base_source=profile.base.source,
        protocol=params.protocol,
        lr=params.lr,
        lr_probe=params.lr_probe,
        lr_scale=profile.train.lr_scale,
        seeds=params.seeds,
        architectures={name: architectures[name] for name in params.architectures},
        configurations={name: configurations[name] for name in params.configurations + params.probes},
        labels={name: definition.label for name, definition in named.items()},
        runs=runs,
        allow_failed=params.allow_failed,
        max_length=profile.tokenize.max_length,
        train=profile.train,
    )


def _shown(definitions: dict[str, Architecture] | dict[str, Configuration]) -> dict:
    """With labels as the report prints them."""
    return {
        name: definition.model_copy(update={"label": shortened(definition.label, LABEL)})
        for name, definition in definitions.items()
    }
