"""``adapter: {file: ...}``: a configuration of PEFT as it saves one (``adapter_config.json``), in place of its fields.

The file lies in ``studies/adapters/``, which the stage ``settings`` depends on: a changed file is a changed parameter.
"""

import json
from pathlib import Path

from stages.core.errors import InputError
from stages.training.settings import OF_THE_STUDY

ADAPTERS = Path("studies/adapters")
# What PEFT itself saves as such for a classifier whose head it was not told.
HEADS_OF_PEFT = ["classifier", "score"]
MOST_BYTES = 100_000  # of a file that is a configuration and not weights


def with_adapter_files(raw: object) -> object:
    """Parameters as read, each adapter that names a file replaced by what the file says.

    What is not of the form of parameters is left as it is, for the schema to refuse.

    Raises:
        InputError: a file cannot be used; the line names the key and the file.
    """
    configurations = raw.get("configuration") if isinstance(raw, dict) else None
    if not isinstance(configurations, dict):
        return raw
    read = {}
    for name, configuration in configurations.items():
        adapter = configuration.get("adapter") if isinstance(configuration, dict) else None
        if isinstance(adapter, dict) and "file" in adapter:
            place = f"configuration.{name}.adapter"
            read[name] = configuration | {"adapter": _read(place, adapter, "target" in configuration, _heads(raw))}
    return raw | {"configuration": configurations | read} if read else raw


def _read(place: str, adapter: dict, has_target: bool, heads: list[str]) -> dict:
    for key in adapter:
        if key != "file":
            raise InputError(f"{place}.{key}: not allowed beside {place}.file, which says all of it")
    file = adapter["file"]
    saved = _object_in(f"{place}.file", file)
    if not isinstance(saved.get("peft_type"), str):
        raise InputError(f"{place}.file: {file}: no peft_type; allowed: an adapter_config.json as PEFT saves it")
    modules = saved.get("modules_to_save") or []
    if not isinstance(modules, list) or not set(map(str, modules)) <= set(heads):
        raise InputError(
            f"{place}.file: {file}: modules_to_save: {modules!r}: the head alone is trained beside an adapter; "
            f"allowed: null, or names of heads: {', '.join(heads)}"
        )
    left_out = {*OF_THE_STUDY, "runtime_config"}
    if has_target:  # the configuration's own comes first
        left_out.add("target_modules")
    return {key: value for key, value in saved.items() if key not in left_out and value is not None}


def _object_in(place: str, file: object) -> dict:
    allowed = f"allowed: a file in {ADAPTERS}/"
    if not isinstance(file, str) or not file:
        raise InputError(f"{place}: {file!r}: {allowed}")
    path = Path(file)
    try:
        if not path.resolve().is_relative_to(ADAPTERS.resolve()) or path.is_absolute():
            raise InputError(f"{place}: {file!r}: outside {ADAPTERS}/, which DVC watches; {allowed}")
        if not path.is_file():
            raise InputError(f"{place}: {file!r}: not found, or no file; {allowed}")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{place}: {file!r}: more than {MOST_BYTES:,} bytes; allowed: a configuration")
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # a null byte in the name is a ValueError too
        raise InputError(f"{place}: {file!r}: no JSON: {' '.join(str(error).split())}") from error
    if not isinstance(saved, dict):
        raise InputError(f"{place}: {file!r}: no JSON object; allowed: an adapter_config.json as PEFT saves it")
    return saved


def _heads(raw: dict) -> list[str]:
    """Of PEFT's own defaults and of the architectures."""
    heads = list(HEADS_OF_PEFT)
    architectures = raw.get("architecture")
    for family in architectures.values() if isinstance(architectures, dict) else []:
        head = family.get("head") if isinstance(family, dict) else None
        heads += [name for name in head if isinstance(name, str)] if isinstance(head, list) else []
    return list(dict.fromkeys(heads))
