"""What the build refuses: numbers typed by hand, numbers nobody prints, tables and figures nobody shows."""

import re
from pathlib import Path

from stages.lib.errors import InputError
from stages.lib.ledger import Ledger

# What no reader sees as a numeral: Jinja's parts of a template, TeX's comments, layout, names, indices.
CODE = re.compile(r"\\(?:VAR|BLOCK|#)\{(?:[^{}\"]|\"[^\"]*\"|\{[^{}]*\})*\}|(?<!\\)%.*")
TRACED = re.compile(r"\\traced\{[^{}]*\}\{(?:[^{}]|\{[^{}]*\})*\}")
NAMED = re.compile(r"\\named\{(?:\\.|[^{}\\]|\{[^{}]*\})*\}")
INDEX = re.compile(r"\\textsuperscript\{[^{}]*\}|[_^](?:\{[^{}]*\}|\w)")
LAYOUT = re.compile(
    r"\\(?:label|ref|eqref|cite|input|includegraphics|bibliography(?:style)?|begin|end|vspace\*?|hspace\*?|parbox|"
    r"multicolumn|cmidrule|rule)(?:\[[^\]]*\]|\{[^{}]*\})*"
)
NUMERAL = re.compile(r"(?<![A-Za-z0-9.\\-])\d(?:[\d.,]*\d)?(?:\s*\\?%)?(?!\w)")


def check_template(path: Path) -> None:
    """Refuse numerals in a template's prose.

    Raises:
        InputError: the first one, with file and line.
    """
    text = path.read_text(encoding="utf-8")
    body = text.find(r"\begin{document}")
    _refuse(path, text, max(body, 0), "typed by hand; enter it in stages/lib/entries.py and print number(key)")


def check_table(path: Path) -> None:
    """Refuse numerals in a generated table that do not come from the ledger.

    Raises:
        InputError: the first one, with file and line.
    """
    _refuse(path, path.read_text(encoding="utf-8"), 0, "not from the ledger; print it with Ledger.cell(key)")


def _refuse(path: Path, text: str, start: int, reason: str) -> None:
    prose = text
    for pattern in (CODE, TRACED, NAMED, LAYOUT, INDEX):
        prose = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), prose)
    if match := NUMERAL.search(prose, start):
        line = text.count("\n", 0, match.start()) + 1
        raise InputError(f"{path}:{line}: {match[0].strip()!r}: a number {reason}")


def check_printed(ledger: Ledger) -> None:
    """Refuse numbers that are entered and never printed.

    Raises:
        InputError: names them.
    """
    if unused := ledger.unused():
        raise InputError(f"numbers entered and never printed: {', '.join(unused)}; drop them or enter them as optional")


def check_floats(text: str, produced: dict[str, list[str]]) -> None:
    """Refuse tables and figures that were produced and are not in the report.

    Raises:
        InputError: names the first.
    """
    for kind, names in produced.items():
        for name in names:
            if not re.search(rf"generated/{kind}/{re.escape(name)}\b", text):
                raise InputError(f"paper/generated/{kind}/{name}: produced and not used in the report")
