"""Whether an adapter's fields are those of PEFT's configuration class, and their values of the types that it declares.

PEFT's classes are plain dataclasses: an ``r: "8"`` would be found by the layer that multiplies with it, after the data
are prepared and the model is loaded.
"""

import dataclasses
import json
import re
import types
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from peft import PeftConfig
from pydantic import ConfigDict, TypeAdapter, ValidationError

from stages.core.errors import InputError
from stages.training.settings import OF_THE_STUDY, Adapter

STRICT = ConfigDict(arbitrary_types_allowed=True, strict=True, extra="forbid")
SHOULD_BE = "input should be "
UNDECLARED = {"init_lora_weights": ["lora_ga"]}  # values that PEFT takes and its annotation does not name


def fields_of(config_class: type[PeftConfig]) -> dict[str, dataclasses.Field]:
    """What a configuration may be given, by name."""
    return {field.name: field for field in dataclasses.fields(config_class) if field.init}


def require_fields(kind: str, config_class: type[PeftConfig], given: Adapter) -> None:
    """Of a configuration of ``kind`` by the names of its fields, ``peft_type`` left out.

    Raises:
        InputError: a field that the class does not have, or a value that is not of its type.
    """
    fields = fields_of(config_class)
    hints = get_type_hints(config_class)
    for key, value in given.items():
        if key not in fields:
            allowed = ", ".join(name for name in fields if name not in OF_THE_STUDY and name != "peft_type")
            raise InputError(f"adapter.{key}: {value!r}: {kind} has no such field; allowed: {allowed}")
        if value in UNDECLARED.get(key, []):
            continue
        if fault := _fault(hints[key], value, fields[key].default):
            place = ".".join(["adapter", key, *fault.inner])
            raise InputError(f"{place}: {fault.value}: {fault.allowed}")


class _Fault(NamedTuple):
    inner: list[str]  # keys and positions within the field's value
    value: str
    allowed: str


def _fault(hint: Any, value: object, default: object) -> _Fault | None:
    """What is wrong with a field's value; nothing is with null where that is its default, whatever its type."""
    if value is None:
        accepts_null = default is None or type(None) in get_args(hint)
        return None if accepts_null else _Fault([], "null", "a value is required; leave the field out for its default")
    try:
        # as JSON, in which lists stand for tuples and sets, and text for members of an enumeration
        TypeAdapter(hint | None, config=STRICT).validate_json(json.dumps(value))
        return None
    except ValidationError as error:
        faults = error.errors(include_url=False)
    if isinstance(value, str) and any(_stands_for(text, value) for text in _texts(hint)):
        return None
    deepest = max(faults, key=lambda fault: len(_inner(fault, value)))
    inner = _inner(deepest, value)
    if deepest["type"] == "unexpected_keyword_argument":
        return _Fault(inner, repr(deepest["input"]), f"no such field; allowed: {', '.join(_inner_fields(hint))}")
    if inner:
        return _Fault(inner, repr(deepest["input"]), _words(deepest["msg"]))
    allowed = dict.fromkeys(_words(fault["msg"]) for fault in faults)  # of a union, each of its types
    first, *others = sorted(allowed)  # types of a union have no order
    return _Fault([], repr(value), first + "".join(f", or {words.removeprefix(SHOULD_BE)}" for words in others))


def _texts(hint: Any) -> list:
    """The values that a type names: of ``bool | Literal["gaussian"]`` that one."""
    return [text for part in _parts(hint) if get_origin(part) is Literal for text in get_args(part)]


def _inner_fields(hint: Any) -> list[str]:
    """Of the configurations that a field's value may be."""
    kinds = [part for part in _parts(hint) if dataclasses.is_dataclass(part)]
    return [field.name for kind in kinds for field in dataclasses.fields(kind) if field.init]


def _words(message: str) -> str:
    return message[0].lower() + message[1:]


def _inner(error: Any, value: object) -> list[str]:
    """The part of pydantic's path to a fault that is in the value; names of types in it are left out."""
    keys = []
    for part in error["loc"]:
        try:
            value = value[part]
        except (LookupError, TypeError):
            continue
        keys.append(str(part))
    return keys


def _parts(hint: Any) -> tuple:
    """Of a union, or the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _stands_for(text: object, value: str) -> bool:
    """Whether a declared text has a gap that the value fills: ``pissa_niter_[number of iters]``."""
    if not isinstance(text, str) or "[" not in text:
        return False
    before, after = re.fullmatch(r"(.*)\[.*\](.*)", text).groups()
    return re.fullmatch(re.escape(before) + r"\d+" + re.escape(after), value) is not None
