"""What ``make new`` is asked: variables of make, and how the same is asked with one more."""

import shlex
from pathlib import Path
from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.checks import listed
from stages.data.hub_dataset import configs_of
from stages.data.settings import LocalData
from stages.study.params import Params
from tools.studies.merging import path_of, require_name

TAB = "tab"  # how DELIMITER names what a shell makes hard to type


class Request(NamedTuple):
    """As given; nothing where a variable was left out."""

    name: str
    data: str
    text: str = ""
    pair: str = ""
    label: str = ""
    delimiter: str = ""
    encoding: str = ""
    config: str = ""

    def again(self, **more: str) -> str:
        """The command that asks the same with ``more``, as a shell takes it."""
        given = self._replace(**more)._asdict()
        words = [f"{key.upper()}={shlex.quote(value)}" for key, value in given.items() if value]
        return " ".join(["make new", *words])


def require_complete(request: Request) -> None:
    """Raises InputError: a variable is missing."""
    example = "make new NAME=sms DATA=path/to/file-or-folder"
    if not request.name:
        raise InputError(f"NAME: empty; allowed: a name for the study, such as sms: {example}")
    if not request.data:
        raise InputError(f"DATA: empty; allowed: a file or a folder of your data: {example}")


def require_free(name: str, params: Params) -> None:
    """Raises InputError: no study can be called so, or one is."""
    require_name(name, "NAME")
    if name in params.profiles:
        raise InputError(f"NAME: {name!r}: params.yaml has a profile of this name; allowed: another one")
    if path_of(name).exists():
        raise InputError(
            f"NAME: {name!r}: {path_of(name)} exists and is not overwritten; edit it, or choose another name"
        )


def require_config(data: LocalData, request: Request) -> None:
    """Raises InputError: the README of a data set has several configurations, and none of them is named."""
    names = configs_of(Path(data.path).expanduser(), data.path)
    if len(names) > 1 and not request.config:
        again = request.again(config=names[0])
        raise InputError(f"CONFIG: {listed(names)} are the configurations that its README has; name one: {again}")


def path_in_study(data: str) -> str:
    """The path as the study's file has it: relative to the workspace where it lies in it, else as given.

    Raises:
        InputError: it is not there, or a file of parameters cannot name it.
    """
    try:
        data.encode()
        path = Path(data).expanduser()
        is_there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: no Unicode, a NUL byte
        raise InputError(f"DATA: {data!r}: cannot be read: {error}") from error
    if not is_there:
        raise InputError(f"DATA: {data!r}: not found; allowed: a file or a folder of your data")
    if not path.is_absolute():
        return data
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else data
