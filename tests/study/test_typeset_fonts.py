"""What tables and figures print of a text is the same, character by character."""

import subprocess
from pathlib import Path

import matplotlib.font_manager
import pytest
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from pypdf import PdfReader

from stages.core.free_text import plain
from stages.report.figures import style
from stages.report.numbers.latex import escape
from stages.study.typeset import LAST_LETTER, PUNCTUATION, has_glyph
from tests.helpers.paper import needs_latex

SHOWN = [c for c in [*map(chr, range(LAST_LETTER + 1)), *PUNCTUATION] if plain(c) and has_glyph(c)]
LACKING = "\u0126\u0127\u0138\u013f\u0140\u0149\u014a\u014b\u0166\u0167\u017f"
HEAD = r"\documentclass[conference]{IEEEtran}\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{textcomp}"


def lines_of(pdf: Path) -> list[str]:
    text = "\n".join(page.extract_text() for page in PdfReader(pdf).pages)
    return ["".join(line.split()) for line in text.split("\n")]


def test_every_letter_is_in_the_font_of_the_figures():
    font = FT2Font(matplotlib.font_manager.findfont(style.SETTINGS["font.family"]))
    assert [c for c in SHOWN if ord(c) not in font.get_charmap()] == []
    assert [c for c in LACKING if has_glyph(c)] == []


@needs_latex
def test_tables_print_every_character_and_make_no_other_of_two(tmp_path):
    words = [f"A{c}B{c}{c}Z" for c in SHOWN]
    body = "\n\n".join(escape(word) for word in words)
    source = f"{HEAD}\\begin{{document}}\\raggedright\n{body}\n\\end{{document}}\n"
    (tmp_path / "t.tex").write_text(source, encoding="utf-8")
    subprocess.run(["pdflatex", "-interaction=batchmode", "t.tex"], cwd=tmp_path, check=True, capture_output=True)
    printed = lines_of(tmp_path / "t.pdf")
    assert [w for w in words if w.isascii() and w not in printed] == []
    assert [line for line in printed if line in ("ABZ", "ABBZ")] == []  # a glyph that the fonts lack is set as nothing
    assert [w for w in words if w[1] in "\u2018\u2019\u201c\u201d\u2013\u2014" and w not in printed] == []
    assert len([line for line in printed if line.startswith("A") and line.endswith("Z")]) == len(words)


@pytest.mark.parametrize("text", ["$x^2$", "a $b", "\\$1$", "$\\frac{1}{0}$", "_under", "{}^~%#&", "a--b,,c``d''"])
def test_figures_print_what_is_mathematics_elsewhere(text, tmp_path):
    with style.applied():
        figure = Figure()
        figure.text(0.1, 0.5, text)
        style.save(figure, tmp_path / "f.pdf")
    assert lines_of(tmp_path / "f.pdf") == ["".join(text.split())]
