"""What a text of YAML stands for, counted by its parser's events: before anything is made of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from stages.core.errors import InputError

DEEPEST = 100  # lists and maps within each other
MOST_VALUES = 200_000  # with those that aliases repeat
LONGEST_TEXT = 20_000_000  # of all values, with those that aliases repeat


def fast_events(text: str) -> Iterator[object]:
    """Of PyYAML's parser in C, for what PyYAML or DVC reads: in a tenth of the time that ruamel.yaml's takes.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    import yaml  # pinned with the rest

    return yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def require_moderate(events: Iterable[object], place: str | Path, most_values: int = MOST_VALUES) -> None:
    """Count what a text of YAML stands for.

    Args:
        events: of PyYAML or of ruamel.yaml, whose classes have the same names.
        place: what messages call the text.
        most_values: allowed.

    Raises:
        InputError: it is too deep, too much, or holds itself.
    """
    known: dict[str, tuple[int, int]] = {}  # anchor -> values and characters of what it names
    open_ones: list[tuple[str | None, int, int]] = []  # lists and maps: anchor, and the totals before
    values = characters = 0
    for event in events:
        kind = type(event).__name__
        if kind == "AliasEvent":
            if event.anchor not in known:
                raise InputError(f"{place}: *{event.anchor} stands before or within what it names; allowed: after it")
            values, characters = values + known[event.anchor][0], characters + known[event.anchor][1]
        elif kind == "ScalarEvent":
            values, characters = values + 1, characters + len(event.value)
            if event.anchor:
                known[event.anchor] = 1, len(event.value)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            open_ones.append((event.anchor, values, characters))
            values += 1
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            anchor, values_before, characters_before = open_ones.pop()
            if anchor:
                known[anchor] = values - values_before, characters - characters_before
        if len(open_ones) > DEEPEST:
            raise InputError(f"{place}: lists and maps {len(open_ones)} deep; allowed: at most {DEEPEST}")
        if values > most_values or characters > LONGEST_TEXT:
            raise InputError(
                f"{place}: more than {most_values} values or {LONGEST_TEXT} characters, with what aliases (*name) "
                "repeat; allowed: fewer"
            )


def require_moderate_lock(text: str, place: str | Path) -> None:
    """The same of a file that grows with the study, as dvc.lock does: it may have as many values as it is long.

    Raises:
        InputError: it is too deep, too much, or holds itself.
        yaml.YAMLError: it is not YAML.
    """
    require_moderate(fast_events(text), place, max(MOST_VALUES, len(text)))
