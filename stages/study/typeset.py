"""Free text of the report: which characters its fonts have, and how long a text may be."""

import unicodedata

# What LaTeX sets in T1 and TS1 encoding, in each font of the report: Latin letters up to here, but for a few.
LAST_LETTER = 0x17F
NO_LETTERS = "\u0126\u0127\u0138\u013f\u0140\u0149\u0166\u0167\u017f"
PUNCTUATION = "\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac\u2122"
SPACES = ("Cc", "Cf", "Zs", "Zl", "Zp")  # categories that are set as a space, or not at all

CLASS, LABEL, DESCRIPTION, QUOTATION = 30, 60, 160, 300  # characters


def has_glyph(character: str) -> bool:
    """Whether the report can show a character of a text in NFC."""
    if unicodedata.category(character) in SPACES or character in PUNCTUATION:
        return True
    return ord(character) <= LAST_LETTER and character not in NO_LETTERS


def without_glyph(text: str) -> str:
    """The characters of a text that the report cannot show, each once."""
    normal = unicodedata.normalize("NFC", text)
    return "".join(dict.fromkeys(character for character in normal if not has_glyph(character)))


def shortened(text: str, most: int) -> str:
    """With an ellipsis where it has more than ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def shown(text: str, most: int) -> str | None:
    """On one line and shortened; None where the report cannot show it, for want of a glyph or of any character."""
    normal = unicodedata.normalize("NFC", text)
    line = " ".join("".join(" " if unicodedata.category(c) in SPACES else c for c in normal).split())
    return shortened(line, most) if line and not without_glyph(line) else None


def class_labels(names: list[str], most: int = CLASS) -> list[str]:
    """What the report calls each class: its name, or ``class 3`` by its id where the fonts lack the name.

    So it is called too where names are told apart by nothing that is left of them once shortened.
    """
    labels = [shown(name, most) for name in names]
    alike = {label for label in labels if label is None or labels.count(label) > 1}
    while alike:  # a class may be called by the number of another
        labels = [f"class {index}" if label in alike else label for index, label in enumerate(labels)]
        alike = {label for label in labels if labels.count(label) > 1}
    return labels
