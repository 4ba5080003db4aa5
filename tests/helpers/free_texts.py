"""The texts of params.yaml that are free, found by walking its schema: a new field is one by itself."""

import copy
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from stages.core.errors import InputError
from stages.core.free_text import visible
from stages.study.params import Params, validated

Path = tuple[str, ...]


def texts(raw: dict, model: type[BaseModel] = Params, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Place of each field that may hold text, or a list of it (True), for the sections that ``raw`` has."""
    for name, field in model.model_fields.items():
        yield from _below(field.annotation, raw.get(name) if isinstance(raw, dict) else None, (*path, name))


def _below(annotation: Any, value: object, path: Path) -> Iterator[tuple[Path, bool]]:
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Literal:
        return
    if hasattr(annotation, "__metadata__"):
        yield from _below(parts[0], value, path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        source = value.get("source") if isinstance(value, dict) else None
        tag = annotation.model_fields.get("source")
        if tag is None or source in get_args(tag.annotation):
            yield from texts(value or {}, annotation, path)
    elif annotation is str:
        yield path, False
    elif kind is list:
        yield from ((place, True) for place, _ in _below(parts[0], None, path))
    elif kind is dict:
        for key in value if isinstance(value, dict) else ():
            yield from _below(parts[1], value[key], (*path, key))
    else:  # a union: each of its members
        for part in parts:
            yield from _below(part, value, path)


def with_text(raw: dict, path: Path, value: object) -> dict:
    """A copy of the parameters with another value at a place, its sections made where they are left out."""
    changed = copy.deepcopy(raw)
    section = changed
    for key in path[:-1]:
        section[key] = section.get(key) or {}
        section = section[key]
    section[path[-1]] = value
    return changed


def taken(raw: dict, path: Path, is_list: bool, text: str) -> str | None:
    """The text as the field takes it, with what is not seen or without; None where it is no free text."""
    for form in (text, visible(text)):
        try:
            validated(with_text(raw, path, [form] if is_list else form), "params.yaml")
        except InputError as error:
            line = str(error)
            assert line.startswith("params.yaml: "), line
            assert "\n" not in line, line
            continue
        return form
    return None
