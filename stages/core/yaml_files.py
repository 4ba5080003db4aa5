"""YAML read within limits: a few hundred bytes of it can stand for more than any memory holds."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

from stages.core.errors import InputError

MOST_BYTES = 500_000  # three seconds to read
DEEPEST = 100  # lists and maps within each other
MOST_VALUES = 200_000  # with those that aliases repeat
LONGEST_TEXT = 20_000_000  # of all values, with those that aliases repeat


def read_yaml(path: str | Path) -> object:
    """What a file says, not validated.

    ruamel.yaml reads YAML 1.2, in which ``2e-05`` (as ``dvc exp run -S`` writes it) is a number; PyYAML reads it as a
    string.

    Raises:
        InputError: it cannot be read, is not YAML, or stands for too much.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise InputError(f"{path}: {len(raw)} bytes; allowed: at most {MOST_BYTES}")
    try:
        text = raw.decode("utf-8")
        require_moderate(text, path)
        return YAML(typ="safe").load(text)
    except InputError:
        raise
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:  # a date or a number that Python lacks
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())[:300]}") from error


def read_map(path: str | Path) -> dict:
    """What a file that holds a map says, not validated.

    Raises:
        InputError: as ``read_yaml``; or it holds nothing, or something else.
    """
    content = read_yaml(path)
    if content is None:
        raise InputError(f"{path}: empty; `git checkout {path}` brings back what is committed")
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds {type(content).__name__}; required: keys with values")
    return content


def require_moderate(text: str, place: str | Path) -> None:
    """Count what a text of YAML stands for, without making it.

    Raises:
        InputError: it is too deep, too much, or holds itself.
        YAMLError: it is not YAML.
    """
    known: dict[str, tuple[int, int]] = {}  # anchor -> values and characters of what it names
    open_ones: list[tuple[str | None, int, int]] = []  # lists and maps: anchor, and the totals before
    values = characters = 0
    for event in YAML(typ="safe").parse(text):
        if isinstance(event, AliasEvent):
            if event.anchor not in known:
                raise InputError(f"{place}: *{event.anchor} stands before or within what it names; allowed: after it")
            values, characters = values + known[event.anchor][0], characters + known[event.anchor][1]
        elif isinstance(event, ScalarEvent):
            values, characters = values + 1, characters + len(event.value)
            if event.anchor:
                known[event.anchor] = 1, len(event.value)
        elif isinstance(event, CollectionStartEvent):
            open_ones.append((event.anchor, values, characters))
            values += 1
        elif isinstance(event, CollectionEndEvent):
            anchor, values_before, characters_before = open_ones.pop()
            if anchor:
                known[anchor] = values - values_before, characters - characters_before
        if len(open_ones) > DEEPEST:
            raise InputError(f"{place}: lists and maps {len(open_ones)} deep; allowed: at most {DEEPEST}")
        if values > MOST_VALUES or characters > LONGEST_TEXT:
            raise InputError(
                f"{place}: more than {MOST_VALUES} values or {LONGEST_TEXT} characters, with what aliases (*name) "
                "repeat; allowed: fewer"
            )
