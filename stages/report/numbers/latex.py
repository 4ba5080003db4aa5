"""Text to LaTeX: one escape for every string."""

import re

from stages.core.free_text import visible
from stages.study.typeset import has_glyph

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
    "\u2192": r"$\rightarrow$",
    "\u223c": r"$\sim$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
}
LIGATED = "-,\u2018\u2019"  # signs of which the fonts make another where two stand together
BREAK = "\u200b"  # Unicode's own: a line may end here, without a hyphen
SEPARATORS = rf"-/._:?&=@,;+\\{BREAK}"  # of a word's parts, as they stand in a class of a pattern
PART = re.compile(rf"[^{SEPARATORS}]+[{SEPARATORS}]*|[{SEPARATORS}]+")
CODE = re.compile(r"[<>{}|#$%^~]")  # what no word of a language has
# TeX hyphenates a word of letters, but no line is as long as some; what has digits or signs it does not break at all.
LONG_WORD, LONG_CODE = 24, 12


class Latex(str):
    """Text that is LaTeX already and must not be escaped again."""

    __slots__ = ()


def escape(text: str) -> Latex:
    """LaTeX that prints ``text`` character by character, whatever it holds.

    What is not seen is left out; a character without a glyph is printed as its code point. Words that TeX would let
    stick out of a column can break.
    """
    if isinstance(text, Latex):
        return text
    parts = [breakable(visible(part)) for part in text.split(BREAK)]
    return _unligated("".join(map(_character, BREAK.join(parts))))


def without_breaks(text: str) -> Latex:
    """LaTeX that prints ``text`` in one piece: for what is no part of a line, such as a document's properties."""
    return Latex("".join(map(_character, visible(text))))


def breakable(text: str) -> str:
    """``text`` with a ``BREAK`` wherever a word may go on in the next line: a path, a hash, a URL."""
    return re.sub(f"{BREAK}+", BREAK, re.sub(r"\S+", lambda word: _with_breaks(word[0]), text))


def _with_breaks(word: str) -> str:
    """After separators; inside a part only where that is long itself."""
    parts = PART.findall(word)
    opened = [_opened(part) for part in parts]
    longest = LONG_CODE if CODE.search(word) else LONG_WORD
    return word if len(word) <= longest and opened == parts else BREAK.join(opened)


def _opened(part: str) -> str:
    longest = LONG_WORD if part.rstrip("-,;:.").isalpha() else LONG_CODE
    return part if len(part) <= longest else BREAK.join(part)


def named(label: str) -> Latex:
    """A configurable name: its numerals are no results."""
    return Latex(rf"\named{{{escape(label)}}}")


def _character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character == BREAK:
        return r"\allowbreak{}"
    return character if has_glyph(character) else rf"[U+{ord(character):04X}]\allowbreak{{}}"


def _unligated(latex: str) -> Latex:
    """Two hyphens are no dash, two commas and two single quotation marks no double one."""
    for sign in LIGATED:
        latex = latex.replace(2 * sign, f"{sign}{{}}{sign}{{}}")
    return Latex(latex)


def listing(items: list[str], last: str = "and") -> Latex:
    """``a``, ``a and b``, ``a, b, and c``, each item escaped."""
    items = [escape(item) for item in items]
    if len(items) < 3:
        return Latex(f" {last} ".join(items))
    return Latex(f"{', '.join(items[:-1])}, {last} {items[-1]}")
