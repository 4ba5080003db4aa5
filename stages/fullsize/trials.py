"""Before anything runs: can Transformers and PEFT make what the settings of each run ask for?

Each distinct method is put on a model of its architecture's shapes without data, which takes a tenth of a second. What
PEFT refuses there it would refuse in every run, after the data are prepared and the checkpoint is there.
"""

import difflib
import json
import warnings
from typing import Any

import transformers

from stages.core.errors import InputError
from stages.encoders.config_limits import MOST_PARAMETERS, require_moderate, without_data
from stages.encoders.settings import Architecture, Base, PretrainedBase
from stages.fullsize.models import META, for_want_of_data, meta_model, model_config, plain
from stages.fullsize.sizes import known_sizes
from stages.methods.adapters import adapter_config
from stages.training.settings import RunSettings

# What decides whether a method can be put on a model.
DECIDING = {
    "model_class", "method", "target", "target_modules", "adapter", "parameters", "quantization", "head",
    "modules_to_save", "gradient_checkpointing", "precision",
}  # fmt: skip
WITH_DATA_UP_TO = 20_000_000  # parameters of a model that is made in memory where its adapter asks for weights
MOST_PRETRAINED = 2 * 10**9  # parameters of a miniature, which is made in memory, in fp32
NAMES_SHOWN = 3
_tried: set[str] = set()  # by what decides; settings of other rates and seeds ask for the same


def require_models(architectures: dict[str, Architecture], base: Base, runs: list[RunSettings]) -> None:
    """Every run of a study can be made, as far as that can be told before its checkpoint is here.

    Args:
        architectures: those of ``runs``, by name.
        base: where their checkpoints come from.
        runs: settings of each architecture and configuration.

    Raises:
        InputError: one cannot.
    """
    require_classes(architectures)
    sizes = {}
    for name, family in architectures.items():
        for key in ("miniature", "full_size"):
            require_moderate(getattr(family, key) or {}, f"architecture.{name}.{key}")
        sizes[name] = known_sizes(name, family, base)
        require_moderate(sizes[name] or {}, f"architecture.{name}: config.json")
    most = MOST_PRETRAINED if isinstance(base, PretrainedBase) else MOST_PARAMETERS
    for settings in runs:
        require_possible(settings, sizes[settings.architecture], most)


def require_classes(architectures: dict[str, Architecture]) -> None:
    """Each architecture's class is one of Transformers.

    Raises:
        InputError: one is not; the line names the nearest that are.
    """
    for name, family in architectures.items():
        if not hasattr(transformers, family.model_class):
            known = [each for each in dir(transformers) if each.endswith("ForSequenceClassification")]
            nearest = difflib.get_close_matches(family.model_class, known, NAMES_SHOWN, cutoff=0)
            raise InputError(
                f"architecture.{name}.model_class: {family.model_class!r}: transformers {transformers.__version__} has "
                f"no such class; allowed: one of its {len(known)}, the nearest are {', '.join(nearest)}"
            )


def require_possible(settings: RunSettings, sizes: dict[str, Any] | None, most: int = MOST_PARAMETERS) -> None:
    """Its adapter is one of PEFT, and can be put on a model of these sizes, if they are known.

    Args:
        settings: of a run.
        sizes: keywords of its class's configuration.
        most: parameters that the model may have.

    Raises:
        InputError: it is not, or cannot; the line names the configuration and the architecture.
    """
    key = settings.model_dump_json(include=DECIDING) + json.dumps(sizes, sort_keys=True)
    if key in _tried:
        return
    if sizes is not None:
        _require_sizes(settings, sizes, most)
    place = f"configuration.{settings.configuration}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run will say them
        try:
            adapter_config(settings, settings.head or [])
            if sizes is not None:
                _put_on_a_model(settings, sizes)
        except InputError as error:
            raise InputError(f"{place}.{error} (architecture.{settings.architecture})") from error
    _tried.add(key)


def _require_sizes(settings: RunSettings, sizes: dict[str, Any], most: int) -> None:
    """The model without any method can be made in these sizes."""
    key = settings.model_class + json.dumps(sizes, sort_keys=True)
    if key in _tried:
        return
    try:
        with without_data(most):
            plain(settings, model_config(settings, sizes), META)
    except Exception as error:  # of any class of Transformers
        words = " ".join(str(error).split()) or type(error).__name__
        place = f"architecture.{settings.architecture}"
        raise InputError(f"{place}: {settings.model_class} of sizes {json.dumps(sizes)}: {words}") from error
    _tried.add(key)


def _put_on_a_model(settings: RunSettings, sizes: dict[str, Any]) -> None:
    try:
        meta_model(settings, model_config(settings, sizes), WITH_DATA_UP_TO)
    except InputError:
        raise
    except Exception as error:  # whatever a class of PEFT raises, it is said in one line
        if for_want_of_data(error):
            return  # nothing can be said before the checkpoint is there
        words = " ".join(str(error).split())
        raise InputError(f"{_part_at_fault(settings)}: {words or type(error).__name__}") from error


def _part_at_fault(settings: RunSettings) -> str:
    return "method" if settings.adapter is None else f"adapter: {settings.adapter['peft_type'].upper()}"
