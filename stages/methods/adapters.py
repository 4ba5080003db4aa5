"""From a configuration's data to a configuration of Hugging Face PEFT, checked by PEFT's own class."""

import peft.tuners.boft.layer
from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftConfig, TaskType

from stages.core.errors import InputError
from stages.methods.fields import fields_of, require_fields
from stages.training.settings import Adapter, RunSettings

# Of a budget of ranks that is spread over the steps of a training: what it takes where none is planned.
UNPLANNED_STEPS = 10**9
# Fields with a part of PEFT that could not be gone on with after an interruption, and why.
NOT_RESUMED = {"monteclora_config": "it draws its samples ahead, and no checkpoint could have them"}
# On a GPU PEFT compiles a kernel of its own for each BOFT layer anew, half a minute each time, and goes on without when
# torch no longer has what its source asks for; as on a CPU, it is not tried.
peft.tuners.boft.layer.get_fbd_cuda = lambda: None
CONFIG_CLASSES = {str(kind.value): config_class for kind, config_class in PEFT_TYPE_TO_CONFIG_MAPPING.items()}


def adapter_config(settings: RunSettings, head: list[str], steps: int | None = None) -> PeftConfig | None:
    """The PEFT configuration of a run of so many ``steps``, None for a method without an adapter.

    ``modules_to_save`` holds whole modules: it matches by suffix, and a submodule of a listed module
    would be wrapped twice and its inner copy never trained.
    """
    if settings.adapter is None:
        return None
    saved = head if settings.modules_to_save is None else settings.modules_to_save
    common = {
        "task_type": TaskType.SEQ_CLS,
        "modules_to_save": list(saved) or None,  # a copy: peft appends its own defaults
    }
    if settings.target_modules is not None:
        is_list = isinstance(settings.target_modules, list)
        common["target_modules"] = list(settings.target_modules) if is_list else settings.target_modules
    return make_config(settings.adapter, common, steps)


def make_config(adapter: Adapter, common: dict, steps: int | None = None) -> PeftConfig:
    """Of PEFT's class for ``adapter["peft_type"]``.

    Raises:
        InputError: a kind or a field that the installed PEFT does not have, a value that its class refuses, or a kind
            beside which no head can train.
    """
    kind = adapter["peft_type"].upper()
    if kind not in CONFIG_CLASSES:
        raise InputError(f"adapter.peft_type: {kind!r}: unknown; allowed: {', '.join(sorted(CONFIG_CLASSES))}")
    config_class = CONFIG_CLASSES[kind]
    given = {key: value for key, value in adapter.items() if key != "peft_type"}
    require_fields(kind, config_class, given)
    fields = fields_of(config_class)
    for key in given.keys() & NOT_RESUMED.keys():
        raise InputError(f"adapter.{key}: not allowed; {NOT_RESUMED[key]}")
    if "modules_to_save" not in fields:
        raise InputError(f"adapter.peft_type: {kind!r}: has no modules_to_save, so that no head could train beside it")
    if "total_step" in fields:
        common = common | {"total_step": _planned(given, steps)}
    try:
        return config_class(**(given | {key: value for key, value in common.items() if key in fields}))
    except Exception as error:  # what a class of PEFT's raises is its own choice: also ImportError, KeyError
        raise InputError(f"adapter: {kind}: {' '.join(str(error).split())}") from error


def _planned(given: dict, steps: int | None) -> int:
    """The steps over which a budget of ranks is spread: those of the run."""
    if "total_step" in given and given["total_step"] != steps:
        given_steps = given["total_step"]
        raise InputError(f"adapter.total_step: {given_steps!r}: not allowed; it is the number of the run's steps")
    return UNPLANNED_STEPS if steps is None else steps
