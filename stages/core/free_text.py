"""Free text as every output has it: tables, figures, pages, CSV files, the terminal.

Labels, names of classes, subjects of commits and the like come from anywhere. What nobody sees in them (controls, marks
of direction, zero-width signs) would make two outputs differ, or a terminal obey.
"""

import unicodedata

SPACES = ("Zs", "Zl", "Zp")  # categories that are set as a space
LOST = "\ufffd"  # Unicode's own: what was here is no character


def visible(text: str) -> str:
    """In NFC, each white space a space, without what is not seen; ``LOST`` for half of a surrogate pair."""
    return "".join(map(_visible, unicodedata.normalize("NFC", text)))


def plain(text: str) -> str:
    """What is visible of a text, on one line with single spaces."""
    # removing a joiner can bring letters and accents together: they are composed afterwards
    return " ".join(unicodedata.normalize("NFC", visible(text)).split())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in SPACES or character.isspace():  # isspace: tabs, ends of lines and of records
        return " "
    if category in ("Cc", "Cf"):
        return ""
    return LOST if category == "Cs" else character
