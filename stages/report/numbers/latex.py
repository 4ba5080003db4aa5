"""Text to LaTeX: one escape for every string."""

import unicodedata

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
}
TYPESET = 0x17F  # Latin letters up to here have T1 glyphs
PUNCTUATION = "\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac\u2122"


class Latex(str):
    """Text that is LaTeX already and must not be escaped again."""

    __slots__ = ()


def escape(text: str) -> Latex:
    """LaTeX that prints ``text`` character by character, whatever it holds.

    Control characters become spaces; a character without a glyph is printed as its code point.
    """
    if isinstance(text, Latex):
        return text
    escaped = "".join(map(_character, unicodedata.normalize("NFC", text)))
    return Latex(escaped.replace("--", "-{}-{}"))  # two hyphens, not a dash


def named(label: str) -> Latex:
    """A configurable name: its numerals are no results."""
    return Latex(rf"\named{{{escape(label)}}}")


def _character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp"):
        return " "
    if ord(character) <= TYPESET or character in PUNCTUATION:
        return character
    return f"[U+{ord(character):04X}]"


def listing(items: list[str], last: str = "and") -> Latex:
    """``a``, ``a and b``, ``a, b, and c``, each item escaped."""
    items = [escape(item) for item in items]
    if len(items) < 3:
        return Latex(f" {last} ".join(items))
    return Latex(f"{', '.join(items[:-1])}, {last} {items[-1]}")
