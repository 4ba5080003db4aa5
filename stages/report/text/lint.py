"""What the build refuses: numbers typed by hand, numbers nobody prints, tables and figures nobody shows."""

import re
from pathlib import Path

from stages.core.errors import InputError
from stages.report.numbers.ledger import Ledger

# What no reader sees as a numeral: Jinja's parts of a template, TeX's comments, layout, names, indices.
CODE = re.compile(r"\\(?:VAR|BLOCK|#)\{(?:[^{}\"]|\"[^\"]*\"|\{[^{}]*\})*\}|(?<!\\)%.*")
TRACED = re.compile(r"\\traced\{[^{}]*\}\{(?:[^{}]|\{[^{}]*\})*\}")
NAMED = re.compile(r"\\named\{(?:\\.|[^{}\\]|\{[^{}]*\})*\}")
INDEX = re.compile(r"\\textsuperscript\{[^{}]*\}|[_^](?:\{[^{}]*\}|\w)")
LAYOUT = re.compile(
    r"\\(?:label|ref|eqref|cite|input|includegraphics|bibliography(?:style)?|begin|end|vspace\*?|hspace\*?|parbox|"
    r"multicolumn|cmidrule|rule)(?:\[[^\]]*\]|\{[^{}]*\})*"
)
NUMERAL = re.compile(r"(?<![A-Za-z0-9.\\-])\d(?:[\d.,]*\d)?(?:\s*\\?%)?(?!\d)")


def written_text(path: Path) -> str:
    """The text of a file that somebody wrote for the report.

    Raises:
        InputError: it is empty or no text: the report would be built without it, in silence.
    """
    again = f"`git checkout {path}` brings it back"
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8; {again}") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {again}") from error
    if not text.strip():
        raise InputError(f"{path}: empty; {again}")
    return text


def check_template(path: Path) -> None:
    """Refuse numerals in a template's prose.

    Raises:
        InputError: the first one, with file and line; or it is empty or no text.
    """
    text = written_text(path)
    body = text.find(r"\begin{document}")
    _refuse(
        path, text, max(body, 0), "typed by hand; enter it in stages/report/entries/results.py and print number(key)"
    )


def check_table(path: Path) -> None:
    """Refuse numerals in a generated table that do not come from the ledger.

    Raises:
        InputError: the first one, with file and line.
    """
    _refuse(path, path.read_text(encoding="utf-8"), 0, "not from the ledger; print it with Ledger.numeral(key)")


def _refuse(path: Path, text: str, start: int, reason: str) -> None:
    """Raise for the first numeral of the prose from ``start`` on; what is no prose is blanked, so that lines stay."""
    prose = CODE.sub(_words_alone, text)
    for pattern in (TRACED, NAMED, LAYOUT, INDEX):
        prose = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), prose)
    if match := NUMERAL.search(prose, start):
        line = text.count("\n", 0, match.start()) + 1
        raise InputError(f"{path}:{line}: {match[0].strip()!r}: a number {reason}")


def _words_alone(code: re.Match[str]) -> str:
    """Of a part of the template, what it holds of prose: its strings of several words or with a TeX command."""
    part = code[0]
    kept = re.sub(r"[^\n]", " ", part)
    if part.startswith("%"):  # a comment of TeX
        return kept
    for literal in re.finditer(r"\"[^\"]*\"|'[^']*'", part):
        if re.search(r"[\s\\]|^.\d", literal[0]):
            words = literal[0].replace("\\\\", " \\")  # a backslash is written twice in a string
            kept = kept[: literal.start()] + words + kept[literal.end() :]
    return kept


def check_printed(ledger: Ledger) -> None:
    """Refuse numbers that are entered and never printed.

    Raises:
        InputError: names them and the lines that enter them.
    """
    if unprinted := ledger.never_printed():
        entered = "; ".join(f"{line}: {key}" for key, line in unprinted.items())
        raise InputError(f"{entered}: entered and never printed; print it, drop it, or enter it as optional")


def check_floats(text: str, produced: dict[str, list[str]]) -> None:
    """Refuse tables and figures that were produced and are not in the report, or shown and not produced.

    Raises:
        InputError: names the first.
    """
    for kind, names in produced.items():
        for name in names:
            if not re.search(rf"generated/{kind}/{re.escape(name)}\b", text):
                raise InputError(f"paper/generated/{kind}/{name}: produced and not used in the report")
        for match in re.finditer(rf"generated/{kind}/([\w-]+)", text):
            if match[1] not in names:
                line = text.count("\n", 0, match.start()) + 1
                raise InputError(f"paper/main.tex:{line}: paper/generated/{kind}/{match[1]}: used and not produced")
