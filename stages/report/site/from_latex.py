"""Prose of the report, as it was rendered, for the page: in ``paper/main.tex`` are the sentences that results chose.

Only what the report's prose uses of LaTeX is known here; of a command that is not, the argument is what is shown.
"""

import re
from typing import NamedTuple

from stages.core.errors import InputError
from stages.report.numbers.latex import SPECIAL

SYMBOLS = {written: character for character, written in SPECIAL.items()} | {
    r"\,": "\N{NO-BREAK SPACE}",
    r"\ ": " ",
    "~": "\N{NO-BREAK SPACE}",
    "---": "\N{EM DASH}",
    "--": "\N{EN DASH}",
    "``": "\N{LEFT DOUBLE QUOTATION MARK}",
    "''": "\N{RIGHT DOUBLE QUOTATION MARK}",
    "$-$": "\N{MINUS SIGN}",
    "$<$": "<",
    r"\textpm": "\N{PLUS-MINUS SIGN}",
    r"\textbullet": "\N{BULLET}",
    r"\textdegree": "\N{DEGREE SIGN}",
    r"\ldots": "\N{HORIZONTAL ELLIPSIS}",
    r"\IAA": "(IA)\N{SUPERSCRIPT THREE}",
    r"\allowbreak": "",
    r"\-": "",
    r"\/": "",
}
POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|---|--|``|''|\$[^$]*\$|[{}~]|[^\\{}~$`'-]+|.", re.DOTALL)
ENDED = re.compile(r"(?:(?<=[.!?])|(?<=[.!?]\))) (?=[A-Z(]|$)")  # between two sentences
WITHOUT_SHOW = (r"\label", r"\ref", r"\eqref", r"\footnote")  # with the argument


class Run(NamedTuple):
    """Characters of one kind; ``anchor`` where they are a number of the ledger."""

    text: str
    anchor: str | None = None
    strong: bool = False


def section(source: str, begin: str, end: str) -> str:
    """What stands between two marks.

    Raises:
        InputError: one is missing.
    """
    _, found, after = source.partition(begin)
    inside, closed, _ = after.partition(end)
    if not found or not closed:
        raise InputError(f"paper/main.tex: no {begin if not found else end}; run `dvc repro -f paper`")
    return inside


def runs(latex: str) -> list[Run]:
    """LaTeX as runs of characters, white space as single spaces."""
    flat = re.sub(r"~?\\cite\{[^{}]*\}", "", re.sub(r"(?<!\\)%.*\n?", "", latex))
    collected: list[Run] = []
    _collect(TOKEN.findall(flat), collected, None, False)
    return _joined(collected)


def sentences(latex: str) -> list[list[Run]]:
    """The same, a list a sentence: a full stop ends one where a capital or a bracket follows, outside of numbers."""
    found: list[list[Run]] = [[]]
    for run in runs(latex):
        if run.anchor is not None:
            found[-1].append(run)
            continue
        for index, part in enumerate(ENDED.split(run.text)):
            if index:
                found.append([])
            if part:
                found[-1].append(run._replace(text=part))
    return [sentence for sentence in found if "".join(run.text for run in sentence).strip()]


def _collect(tokens: list[str], collected: list[Run], anchor: str | None, strong: bool) -> None:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token == r"\traced":
            name, position = _argument(tokens, position)
            shown, position = _argument(tokens, position)
            _collect(shown, collected, "".join(name), strong)
        elif token in (r"\textbf", r"\textsuperscript", *WITHOUT_SHOW):
            inside, position = _argument(tokens, position)
            if token == r"\textsuperscript":
                collected.append(Run("".join(inside).translate(POWERS), anchor, strong))
            elif token == r"\textbf":
                _collect(inside, collected, anchor, True)
        else:
            collected.append(Run(_character(token), anchor, strong))


def _argument(tokens: list[str], position: int) -> tuple[list[str], int]:
    """The tokens of the group that begins here, and where it ends; nothing where none begins."""
    while position < len(tokens) and tokens[position].isspace():
        position += 1
    if position >= len(tokens) or tokens[position] != "{":
        return [], position
    depth, start = 0, position + 1
    for index in range(position, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[index], 0)
        if depth == 0:
            return tokens[start:index], index + 1
    return tokens[start:], len(tokens)


def _character(token: str) -> str:
    if token.startswith("$") and len(token) > 1 and token not in SYMBOLS:
        return _mathematics(token[1:-1])
    if token in SYMBOLS:
        return SYMBOLS[token]
    named = f"{token}{{}}"  # \textbackslash{}
    if named in SYMBOLS:
        return SYMBOLS[named]
    return "" if token in "{}" or token.startswith("\\") else token


def _mathematics(formula: str) -> str:
    """Powers of ten as they are read; other formulas without their commands."""
    powers = re.sub(r"\^\{?(-?\d+)\}?", lambda match: match[1].translate(POWERS), formula)
    signs = powers.replace(r"\times", "\N{MULTIPLICATION SIGN}").replace(r"\pm", "\N{PLUS-MINUS SIGN}")
    return re.sub(r"\\[a-zA-Z]+|[{}\\]", "", signs).replace("-", "\N{MINUS SIGN}").replace(" ", "")


def _joined(collected: list[Run]) -> list[Run]:
    """Neighbours of a kind as one run, with single spaces."""
    joined: list[Run] = []
    for run in collected:
        if joined and joined[-1][1:] == run[1:]:
            joined[-1] = joined[-1]._replace(text=joined[-1].text + run.text)
        else:
            joined.append(run)
    return [run._replace(text=re.sub(r"[ \t\n]+", " ", run.text)) for run in joined if run.text]
