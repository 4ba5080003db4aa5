"""Free text of the report: which characters its fonts have, and how long a text may be.

Tables, text and figures show the same text: what `plain` leaves of it, and none of a character that the fonts of either
lack, those of LaTeX in T1 and TS1 encoding or those of the figures.
"""

import unicodedata

from stages.core.free_text import SPACES, plain, visible

# Latin letters up to here are in the fonts of both, but for a few.
LAST_LETTER = 0x17F
NO_LETTERS = "\u0126\u0127\u0138\u013f\u0140\u0149\u014a\u014b\u0166\u0167\u017f"
PUNCTUATION = "\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac\u2122"

CLASS, LABEL, DESCRIPTION, QUOTATION = 30, 60, 160, 300  # characters
NAME_OF_FEW = 28  # of a name in a figure
ELLIPSIS = "\u2026"


def has_glyph(character: str) -> bool:
    """Whether the report can show a character of a text in NFC."""
    if unicodedata.category(character) in SPACES or character in PUNCTUATION:
        return True
    return ord(character) <= LAST_LETTER and character not in NO_LETTERS


def without_glyph(text: str) -> str:
    """The characters of a text that the report cannot show, each once; what is not seen anyway is none."""
    return "".join(dict.fromkeys(character for character in visible(text) if not has_glyph(character)))


def shortened(text: str, most: int) -> str:
    """With an ellipsis where it has more than ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}{ELLIPSIS}"


def label_of(text: str) -> str:
    """A label of the settings as every output has it."""
    return shortened(plain(text), LABEL)


def shown(text: str, most: int) -> str | None:
    """On one line and shortened; None where the report cannot show it, for want of a glyph or of any character."""
    line = plain(text)
    return shortened(line, most) if line and not without_glyph(line) else None


def class_labels(names: list[str], most: int = CLASS) -> list[str]:
    """What the report calls each class: its name, or ``class 3`` by its id where the fonts lack the name.

    So it is called too where names are told apart by nothing that is left of them once shortened.
    """
    return numbered([shown(name, most) for name in names])


def numbered(names: list[str | None]) -> list[str]:
    """The names of classes, ``class 3`` by its id for one without a name or with that of another."""
    labels = list(names)
    alike = {label for label in labels if not label or labels.count(label) > 1}
    while alike:  # a class may be called by the number of another
        labels = [f"class {index}" if label in alike else label for index, label in enumerate(labels)]
        alike = {label for label in labels if labels.count(label) > 1}
    return labels


def short_labels(labels: dict[str, str], most: int = NAME_OF_FEW) -> dict[str, str]:
    """Labels that differ from each other, shortened so that they still do: at the end, else within.

    Those that differ in nothing that either leaves have a number at the end.
    """
    short = {name: shortened(label, most) for name, label in labels.items()}
    for name in _alike(short):
        label = labels[name]
        rest = most // 2
        short[name] = f"{label[: most - 1 - rest].rstrip()}{ELLIPSIS}{label[-rest:].lstrip()}"
    for number, name in enumerate(_alike(short), start=1):
        mark = f"{ELLIPSIS}({number})"
        short[name] = short[name][: most - len(mark)].rstrip() + mark
    return short


def _alike(labels: dict[str, str]) -> list[str]:
    """Keys of the labels that others have too."""
    texts = list(labels.values())
    return [name for name, label in labels.items() if texts.count(label) > 1]
