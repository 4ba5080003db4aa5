"""Are results of today's params.yaml? By value: what DVC noted of it is wrong after an edit at the wrong moment."""

from stages.core.errors import InputError
from stages.core.types import Strict
from stages.study.params import load_params
from stages.study.resolve import resolve

TOLD = "the settings say"


def require_current() -> None:
    """Check that the settings of every stage are those that params.yaml resolves to.

    Stages read resolved settings alone; this is no input of theirs but a check that nothing stands between.

    Raises:
        InputError: names the first value that differs.
    """
    if fault := outdated():
        raise InputError(f"{fault}: these results are not of today's parameters; `make paper` makes them")


def outdated() -> str | None:
    """The first value of the resolved settings that params.yaml does not say; None where all are of today."""
    for path, settings in resolve(load_params()).items():
        if fault := difference(type(settings).read_from(path, "settings"), settings):
            return f"{path}: {fault.replace(TOLD, 'params.yaml says')}"
    return None


def difference(there: Strict, told: Strict) -> str | None:
    """The first key, dotted, in which two of a kind differ, and both values; None where they are the same."""
    if there == told:
        return None
    key, values = _first_difference(there.model_dump(), told.model_dump())
    return f"{key}: {values[0]!r}; {TOLD} {values[1]!r}"


def _first_difference(there: object, told: object) -> tuple[str, tuple[object, object]]:
    """Where two values part that are not equal."""
    if isinstance(there, dict) and isinstance(told, dict):
        for key in [*told, *there]:
            if there.get(key) != told.get(key):
                rest, values = _first_difference(there.get(key), told.get(key))
                return f"{key}.{rest}".removesuffix("."), values
    return "", (there, told)
