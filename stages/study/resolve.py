"""Resolved settings: what each stage is told, and nothing it is not.

``stages/settings.py`` turns ``params.yaml`` into these files, one a consumer. A stage depends on its
own file, so a changed parameter re-runs exactly the stages whose resolved settings changed: a new
``lr`` touches the runs at the base rate and leaves those at the probe rate alone, which no list of
parameter names in ``dvc.yaml`` could express (DVC templates do not nest).
"""

from itertools import product
from pathlib import Path

from stages.core.errors import InputError
from stages.core.free_text import plain
from stages.core.types import Strict
from stages.data.settings import DataSettings
from stages.encoders.settings import Architecture, BaseSettings, TokenizeSettings
from stages.fullsize.settings import FULL_SIZE_PROFILE, CensusSettings
from stages.study.configuration import Configuration
from stages.study.grid import StudySettings
from stages.study.params import Params
from stages.study.protocol import AS_PUBLISHED, Protocol
from stages.study.typeset import DESCRIPTION, label_of, shortened
from stages.training.settings import OWN_RATE, Adapter, Run, RunSettings

ALPHA_REFERENCE_RANK = 8  # "rank-proportional" keeps alpha / rank at its value for this rank
MINIATURE = "mini-"  # before the name of its architecture


def resolve(params: Params) -> dict[Path, Strict]:
    """Every settings file of the study, by path."""
    profile = params.profiles[params.profile]
    protocol = params.protocols[params.protocol]
    files: dict[Path, Strict] = {
        DataSettings.path(): DataSettings(data=profile.data, deduplicate=protocol.deduplicate),
        StudySettings.path(): resolve_study(params),
        CensusSettings.path(): resolve_census(params),
    }
    is_made_here = profile.base.source == "pretrain"
    for name in params.architectures:
        files[BaseSettings.path(name)] = BaseSettings(
            architecture=name,
            family=_unconverted(params.architecture[name]) if is_made_here else params.architecture[name],
            base=profile.base,
            max_length=profile.tokenize.max_length,
            threads=profile.train.threads,
        )
        files[TokenizeSettings.path(name)] = TokenizeSettings(architecture=name, **profile.tokenize.model_dump())
        for configuration, run in _resolve_configurations(params, name).items():
            files[RunSettings.path(name, configuration)] = run
    for run in resolve_study(params).sweep:
        path = RunSettings.path(run.architecture, run.configuration)
        if path not in files:  # one for all seeds
            files[path] = resolve_run(params, run.architecture, run.configured, run.factor)
    return files


def resolve_run(params: Params, architecture: str, configuration: str, factor: str = OWN_RATE) -> RunSettings:
    """Apply profile and protocol to one configuration of one architecture, at its own rate or a multiple of it."""
    family = params.architecture[architecture]
    method = params.configuration[configuration]
    profile = params.profiles[params.profile]
    protocol = params.protocols[params.protocol]
    study = resolve_study(params)
    precision = protocol.precision.of(method.quantization)
    run = Run(architecture=architecture, configuration=configuration, seed=params.seeds[0], role="train").at(factor)
    return RunSettings(
        architecture=architecture,
        configuration=run.configuration,
        profile=params.profile,
        protocol=params.protocol,
        exp_id=method.exp_id,
        method=method.method,
        model_class=family.model_class,
        learning_rate=study.effective_rate(configuration, factor),
        nominal_learning_rate=study.nominal_rate(configuration, factor),
        adapter=_adapter(method, family, protocol),
        target=method.target,
        target_modules=method.target_modules(family),
        parameters=method.parameters or [],
        quantization=method.quantization,
        head=family.head,
        modules_to_save=_modules_to_save(family, method, protocol),
        head_policy=protocol.head_policy,
        selection_split=protocol.selection_split,
        load_best=protocol.load_best.of(method.quantization),
        padding=protocol.padding,
        batching=protocol.batching,
        **profile.tokenize.model_dump(),
        seed_before_model=protocol.seed_before_model,
        gradient_checkpointing=protocol.gradient_checkpointing.of(method.quantization),
        precision=profile.train.precision if precision == "profile" else precision,
        optimizer=method.train.optimizer or protocol.optimizer.of(method.quantization),
        loraplus_lr_ratio=method.train.loraplus_lr_ratio,
        checkpoint_revision=family.revision if profile.base.source == "hub" else None,
        checkpoint_hub_id=family.hub_id if profile.base.source == "hub" else None,
        checkpoint_package=profile.base.shown if profile.base.source == "package" else None,
        data_hub_id=profile.data.hub_id if profile.data.source == "hub" else None,
        data_revision=profile.data.revision if profile.data.source == "hub" else None,
        train=method.train.applied_to(profile.train),
    )


def _adapter(configuration: Configuration, family: Architecture, protocol: Protocol) -> Adapter | None:
    """With alpha as the protocol scales it, where there are a rank and an alpha."""
    adapter = configuration.adapter_for(family)
    if adapter and protocol.alpha_policy == "rank-proportional" and {"r", "lora_alpha"} <= adapter.keys():
        alpha = adapter["lora_alpha"] * adapter["r"] / ALPHA_REFERENCE_RANK
        adapter["lora_alpha"] = int(alpha) if alpha == int(alpha) else alpha  # PEFT declares a whole number
    return adapter


def _modules_to_save(family: Architecture, configuration: Configuration, protocol: Protocol) -> list[str] | None:
    """The published notebook listed head modules for QLoRA alone and left the rest to peft's default."""
    if protocol.head_policy == "new-modules":
        return family.head
    published = family.head_as_published_quantized if configuration.quantization != "none" else None
    return published or []


def resolve_census(params: Params) -> CensusSettings:
    """The study's architectures and configurations at full size, under the protocols that it uses.

    An architecture without ``full_size`` is left out.

    Raises:
        InputError: ``params.yaml`` has no profile of that size.
    """
    if FULL_SIZE_PROFILE not in params.profiles:
        raise InputError(f"profiles: {FULL_SIZE_PROFILE!r}: missing; the census counts at its size")
    runs: dict[str, dict[str, dict[str, RunSettings]]] = {}
    keywords = {name: params.architecture[name].full_size for name in params.architectures}
    keywords = {name: sizes for name, sizes in keywords.items() if sizes is not None}
    used = {params.protocol} if params.published == "none" else {params.protocol, AS_PUBLISHED}
    for protocol in (name for name in params.protocols if name in used):
        full_size = params.model_copy(update={"profile": FULL_SIZE_PROFILE, "protocol": protocol})
        runs[protocol] = {name: _resolve_configurations(full_size, name) for name in keywords}
    return CensusSettings(full_size=keywords, runs=runs)


def _resolve_configurations(params: Params, architecture: str) -> dict[str, RunSettings]:
    names = params.configurations + params.probes
    return {name: resolve_run(params, architecture, name) for name in names}


def resolve_study(params: Params) -> StudySettings:
    """The grid: every architecture with every configuration (train) and probe (probe), a seed each.

    The sweep has the former again at each multiple of their rates.
    """
    profile = params.profiles[params.profile]
    runs = []
    for role, configurations in (("train", params.configurations), ("probe", params.probes)):
        for architecture, configuration, seed in product(params.architectures, configurations, params.seeds):
            runs.append(Run(architecture=architecture, configuration=configuration, seed=seed, role=role))
    swept = [run.at(str(factor)) for run in runs for factor in params.rate_factors if run.role == "train"]
    architectures, configurations = _shown(params.architecture), _shown(params.configuration)
    named = architectures | configurations
    # a model of a family's class, pretrained here at a small size, is none of those that are published under its name
    prefix = MINIATURE if profile.base.source == "pretrain" else ""
    return StudySettings(
        profile=params.profile,
        description=shortened(plain(profile.description), DESCRIPTION),
        small_scale=profile.small_scale,
        published=params.published,
        paper=params.paper,
        base_source=profile.base.source,
        protocol=params.protocol,
        lr=params.lr,
        lr_probe=params.lr_probe,
        lr_scale=profile.train.lr_scale,
        seeds=params.seeds,
        architectures={name: _unconverted(_called(architectures[name], prefix)) for name in params.architectures},
        configurations={name: configurations[name] for name in params.configurations + params.probes},
        labels={name: definition.label for name, definition in named.items()},
        runs=runs,
        rate_factors=params.rate_factors,
        sweep=swept,
        allow_failed=params.allow_failed,
        **profile.tokenize.model_dump(),
        train=profile.train,
    )


def _shown(definitions: dict[str, Architecture] | dict[str, Configuration]) -> dict:
    """With labels as the report prints them."""
    return {
        name: definition.model_copy(update={"label": label_of(definition.label)})
        for name, definition in definitions.items()
    }


def _unconverted(architecture: Architecture) -> Architecture:
    """Without how its pickle is to be read, which is told to those stages alone that fetch one."""
    return architecture.model_copy(update={"convert": None})


def _called(architecture: Architecture, prefix: str) -> Architecture:
    return architecture.model_copy(update={"label": f"{prefix}{architecture.label}"})
