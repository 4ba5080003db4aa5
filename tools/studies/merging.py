"""``studies/<name>.yaml``: what a study changes in ``params.yaml``, and the two as one."""

import copy
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TextIO

from ruamel.yaml import YAML

from stages.core.errors import InputError
from stages.core.yaml_files import read_yaml
from stages.data.settings import raw_value
from stages.study.params import Params, validated
from tools.engine.messages import STUDIES

FOLDER = Path("studies")
PARAMS = Path("params.yaml")
NAME = re.compile("[a-z0-9][a-z0-9-]*")  # that of core.types.Name
MOST = 60  # characters of a name: it is a folder's, and on every page of the paper's small print
# The one map of the file whose keys are free: values of the user's data. It is one thing and is replaced as a whole.
# Its keys become text, as they are compared: what DVC notes of a number or a truth value is never equal to it again.
FREE_MAP = ("profiles", "*", "data", "labels")
PATHS = (("data", "path"), ("base", "path"))  # of a profile


class Study(NamedTuple):
    """A study of the folder ``studies``."""

    name: str
    raw: dict  # as params.yaml would have it
    params: Params


def built_folder(name: str) -> Path:
    """Where a study has been built.

    Raises:
        InputError: there is no such study, or it has not been built.
    """
    read_study(name)
    folder = STUDIES / name
    if not folder.exists():
        raise InputError(f"STUDY: {name!r}: not built yet; `make paper STUDY={name}` builds it")
    return folder


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.yaml"


def known() -> list[str]:
    """Names of the studies there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if NAME.fullmatch(path.stem))


def require_name(name: str, variable: str) -> None:
    """Raises InputError: it is no name of a study; the line begins with the variable of make."""
    if not NAME.fullmatch(name) or len(name) > MOST:
        raise InputError(
            f"{variable}: {name!r}: allowed: a-z, 0-9 and -, first a letter or a digit, at most {MOST} characters"
        )


def read_study(name: str) -> Study:
    """``params.yaml`` with what the study changes, validated as one.

    Raises:
        InputError: there is no such study; or one line naming file and key of what is wrong.
    """
    there = ", ".join(known()) or "none yet"
    if not name:
        raise InputError(f"STUDY: empty; allowed: a name in {FOLDER}/: {there}")
    require_name(name, "STUDY")
    path = path_of(name)
    if not path.exists():
        raise InputError(f"STUDY: {name!r}: unknown name; allowed: {there}; `make new NAME={name} DATA=...` writes one")
    raw = read_yaml(PARAMS)
    validated(raw, PARAMS)  # a fault of that file is named there
    changes = read_yaml(path)
    if not isinstance(changes, dict):
        raise InputError(f"{path}: {'empty' if changes is None else 'not a map'}; allowed: keys of {PARAMS} to change")
    both = merged(raw, changes)
    return Study(name, both, validated(both, path))


def merged(base: dict, changes: dict, place: tuple[str, ...] = ()) -> dict:
    """``base`` with ``changes``: maps are merged key by key, scalars and lists replaced, new keys added.

    Replaced as a whole is what no key of the old one belongs to: a map with free keys, and one that names another
    ``source``, such as data that are read where they were generated, or another ``peft_type``.
    """
    result = copy.deepcopy(base)
    for key, value in changes.items():
        here, old = (*place, key), result.get(key)
        both_are_maps = isinstance(old, dict) and isinstance(value, dict)
        if _is_free(here) and isinstance(value, dict):
            result[key] = {raw_value(label): copy.deepcopy(name) for label, name in value.items()}
        elif both_are_maps and not _is_another(old, value):
            result[key] = merged(old, value, here)
        else:
            result[key] = copy.deepcopy(value)
    return result


def _is_free(place: tuple[str, ...]) -> bool:
    return len(place) == len(FREE_MAP) and all(b in ("*", a) for a, b in zip(place, FREE_MAP, strict=True))


def _is_another(old: dict, new: dict) -> bool:
    """Whether two maps name different things, so that no key of one belongs to the other."""
    if ("file" in old) != ("file" in new) and "peft_type" in (old | new):
        return True  # an adapter by its fields and one by its file
    return any(key in old and key in new and old[key] != new[key] for key in ("source", "peft_type"))


def with_absolute_paths(raw: dict, folder: Path) -> dict:
    """Parameters that are read in another folder: of the chosen profile, paths that are relative to ``folder``."""
    result = copy.deepcopy(raw)
    profile = result["profiles"][result["profile"]]
    for section, key in PATHS:
        path = profile[section].get(key)
        if path is not None and profile[section].get("source") != "package":  # there it is a path in the package
            with suppress(RuntimeError):  # ~name without such a user: who reads it says so
                profile[section][key] = str(folder / Path(path).expanduser())
    return result


def as_yaml(raw: dict, what: str, stream: TextIO) -> None:
    """Write whole parameters, with a line that says what they are."""
    stream.write(f"# {what}\n")
    yaml = YAML()
    yaml.width = 1000
    yaml.dump(raw, stream)
