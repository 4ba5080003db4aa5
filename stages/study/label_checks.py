"""What the settings must hold for every output to print their free texts: characters, and labels that differ."""

from collections.abc import Iterator

from stages.core.errors import InputError
from stages.core.free_text import plain
from stages.study.typeset import LABEL, label_of, without_glyph


def require_glyphs(key: str, text: str) -> None:
    """Raises ValueError: the fonts of the report lack one of its characters."""
    if lacking := without_glyph(text):
        raise ValueError(
            f"{key}: {text!r}: the report's fonts lack {lacking!r}; allowed: Latin letters, digits, punctuation"
        )


def require_labels(labels: dict[str, str]) -> None:
    """Each label, by its key of params.yaml, says something, and something else than the others.

    Raises:
        ValueError: one is blank, or is printed like another.
    """
    first_of: dict[str, str] = {}
    for key, text in labels.items():
        label = label_of(text)
        if not label:
            raise ValueError(f"{key}: {text!r}: blank; allowed: a name of its own")
        if label in first_of:
            cut = f" in its first {LABEL} characters" if len(plain(text)) > LABEL else ""
            raise ValueError(f"{key}: {text!r}: printed like {first_of[label]}{cut}; allowed: a name of its own")
        first_of[label] = key


def require_characters(raw: object) -> None:
    """Every text of the parameters, keys too, can be written to a file.

    Raises:
        InputError: one has half of a pair of surrogates.
    """
    for key, text in _texts(raw):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = text[error.start]
            raise InputError(f"{key}: {text!r}: {half!r} is half of a character; allowed: Unicode text") from error


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Each text below a value with its place; one that many places share is looked at in each."""
    if isinstance(value, str):
        yield key or "params", value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(name, key)
            yield from _texts(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{key}.{index}")
