import re
import shutil
from pathlib import Path

import pytest
from pypdf import PdfReader

from stages import figures, paper, tables
from stages.report.numbers.ledger import Numbers
from stages.report.text.pdf import overfull
from tests.helpers.paper import SMALL, edit, needs_latex, prepare
from tests.helpers.shells import ASCII, python
from tools import diff, revisions

REPORT = r"""\documentclass{article}
\usepackage{booktabs,graphicx,hyperref}
\newcommand{\named}[1]{#1}
\newcommand{\traced}[2]{#2}
\begin{document}
%s
\end{document}
"""
FLOAT = r"""
\begin{table}[t]\caption{Caption of %(name)s}\label{%(name)s}
\input{generated/tables/%(name)s}
\end{table}
"""
RULED = r"""\begin{tabular}{%s}
\toprule
%s
\bottomrule
\end{tabular}
"""
HEAD = r"Method & Accuracy & Memory \\ \midrule"
FULL = r"\named{Full FT} & \traced{a}{87.1} & 40 \\"
LORA = r"\named{LoRA} & \traced{b}{81.9} & 38 \\"
ROBERTA, DEBERTA = (
    rf"\midrule \multicolumn{{3}}{{l}}{{\itshape \named{{{name}}}}} \\ {FULL} {LORA}" for name in ("RoBERTa", "DeBERTa")
)
needs_latexdiff = pytest.mark.skipif(shutil.which("latexdiff") is None, reason="latexdiff is not installed")


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def build(folder: Path) -> None:
    """The report of the current records, laid out as ``revisions.fetch`` does."""
    for stage in (tables, figures, paper):
        stage.main()
    revisions.fetch("workspace", None, folder)


@pytest.mark.slow
@needs_latex
@needs_latexdiff
def test_only_what_changed_is_marked():
    prepare(drawn=True, **SMALL)
    build(Path("old"))
    edit("lora-ffn", 42, 0.871)
    build(Path("new"))
    changed = diff.changed_numbers(*(Numbers.read_from(Path(name, paper.NUMBERS)).root for name in ("old", "new")))
    assert changed == [
        ("distilbert.lora-ffn.accuracy", "86.95", "87.10", "+0.0015"),
        ("distilbert.lora-ffn.vs.full.difference", "-3.20", "-3.05", "+0.0015"),
        ("distilbert.lora-ffn.vs.full.distance", "3.20", "3.05", "-0.0015"),
        ("best_adapter_least", "3.20", "3.05", "-0.0015"),
    ]
    pdf = diff.mark_changes(Path("old"), Path("new"))
    source = pdf.with_suffix(".tex").read_text(encoding="utf-8").split(r"\begin{document}", 1)[1]
    marked = " ".join(re.findall(r"\\DIF(?:add|del)(?:FL)?\{((?:[^{}]|\{[^{}]*\})*)\}", source))
    assert "87.10" in marked
    assert "86.95" in marked
    assert "Fine-tuning all weights" not in marked
    assert len(PdfReader(pdf).pages) >= 4


def write_report(folder: Path, prose: str, tables: dict[str, tuple[str, str]]) -> None:
    """A report of a sentence and of tables, each a column specification and rows."""
    (folder / diff.TABLES).mkdir(parents=True)
    floats = [FLOAT % {"name": name} for name in tables]
    (folder / "paper/main.tex").write_text(REPORT % "\n".join([prose, *floats, "The end."]))
    for name, table in tables.items():
        (folder / diff.TABLES / f"{name}.tex").write_text(RULED % table)


def marked_tables(tables: dict[str, tuple[tuple[str, str], tuple[str, str]]], prose: tuple[str, str]) -> dict[str, str]:
    """The floats of the compiled comparison by name, as TeX sees them: without comments and without FL in the marks."""
    diff.BIBLIOGRAPHY.parent.mkdir()
    diff.BIBLIOGRAPHY.touch()
    for index, folder in enumerate((Path("old"), Path("new"))):
        write_report(folder, prose[index], {name: pair[index] for name, pair in tables.items() if pair[index]})
    pdf = diff.mark_changes(Path("old"), Path("new"))
    text = re.sub(r"(?<!\\)%.*\n", "", pdf.with_suffix(".tex").read_text()).replace("FL{", "{").replace("FL ", " ")
    return dict(
        re.findall(r"\\begin\{table\}\[t\]\\caption\{Caption of ([\w-]+)\}(.*?)\\end\{table\}", text, re.DOTALL)
    )


@needs_latex
@needs_latexdiff
def test_tables_of_the_same_shape_are_marked_cell_by_cell():
    marked = marked_tables(
        {
            "values": (("lrr", f"{HEAD} {FULL} {LORA}"), ("lrr", f"{HEAD} {FULL} {LORA.replace('81.9', '82.2')}")),
            "headings": (("lrr", f"{HEAD} {ROBERTA}"), ("lrr", f"{HEAD} {DEBERTA}")),
            "wide": (("l", rf"{'Wide ' * 16} 1 \\"), ("l", rf"{'Wide ' * 16} 2 \\")),
        },
        prose=("The best is LoRA.", "The best is IA3."),
    )
    assert not [name for name, table in marked.items() if diff.REPLACED in table]
    marks = {name: re.findall(r"\\DIF(add|del)\{([^{}]*)\}", table) for name, table in marked.items()}
    assert marks == {
        "values": [("del", "81.9"), ("add", "82.2")],
        "headings": [("del", "RoBERTa"), ("add", "DeBERTa")],
        "wide": [("del", "1 "), ("add", "2 ")],
    }
    assert overfull(Path("new/paper/diff.log").read_text(encoding="utf-8")) == []


@needs_latex
@needs_latexdiff
def test_tables_of_another_shape_are_shown_whole():
    tables = {
        "fewer-rows": (("lrr", f"{HEAD} {FULL} {LORA}"), ("lrr", f"{HEAD} {FULL.replace('87.1', '87.5')}")),
        "more-rows": (("lrr", f"{HEAD} {LORA}"), ("lrr", f"{HEAD} {FULL} {LORA}")),
        "fewer-columns": (("lrr", f"{HEAD} {FULL}"), ("lr", r"Method & Accuracy \\ \midrule Full FT & 87.1 \\")),
        "more-columns": (("lr", r"Method & Accuracy \\ Full FT & 87.1 \\"), ("lrr", f"{HEAD} {FULL}")),
        "moved": (("lrr", f"{HEAD} {FULL} {LORA}"), ("lrr", f"{HEAD} {LORA} {FULL}")),
        "ruled": (("lr", r"Full & 1 \\ LoRA & 2 \\"), ("lr", r"Full & 1 \\ \midrule IA3 & 2 \\")),
        "spanned": (("l", r"Full FT \\ LoRA \\"), ("l", r"Full FT \\ \multicolumn{1}{r}{IA3} \\")),
        "same": (("lrr", FULL), ("lrr", FULL)),
        "gone": (("lr", r"Lost & 77.7 \\"), None),
    }
    marked = marked_tables(tables, prose=(r"See Table~\ref{gone} of LoRA.", r"See Table~\ref{same} of IA3."))
    replaced = [name for name in tables if name not in ("same", "gone")]
    assert marked == {
        **{name: whole(name, tables[name][1]) for name in replaced},
        "same": "\\label{same}\n" + RULED % tables["same"][1] + "\n",
    }
    text = " ".join("".join(page.extract_text() for page in PdfReader("new/paper/diff.pdf").pages).split())
    assert text.count(diff.REPLACED) == len(replaced)
    assert "Removed table: Caption of gone" in text
    assert "77.7" not in text


def whole(name: str, table: tuple[str, str]) -> str:
    return f"\\label{{{name}}}\n" + diff.UNIT % (diff.WHOLE % (RULED % table)) + "\n"


def test_numbers_on_one_side_alone_are_listed():
    prepare(**SMALL)
    ledger = paper.build(paper.read_results())
    for key in ("grid.runs", "grid.seeds", "commit.0"):
        ledger.number(key)
    ledger.write(Path("a.json"))
    numbers = Numbers.read_from(Path("a.json")).root
    fewer = {"grid.runs": numbers["grid.runs"].model_copy(update={"value": 5, "text": "5"})}
    assert diff.changed_numbers(numbers, fewer) == [
        ("grid.runs", "2", "5", "+3"),
        ("grid.seeds", "1", "--", ""),
        ("commit.0", "0123456789ab", "--", ""),
    ]


def test_flipped_claims():
    old, new = {"a": "holds", "b": "holds", "c": "holds"}, {"a": "holds", "b": "does not hold"}
    assert diff.flipped_claims(old, new) == [("b", "holds", "does not hold")]


@needs_latexdiff
def test_marks_are_the_same_in_an_ascii_locale():
    code = "from pathlib import Path; from tools.diff import latexdiff; "
    code += "Path('marked').write_text(latexdiff(Path('old.tex'), Path('new.tex')), encoding='utf-8')"
    text = "\\documentclass{article}\n\\begin{document}\n%s\n\\end{document}\n"
    Path("old.tex").write_text(text % "Die Größe ≥ 1.", encoding="utf-8")
    Path("new.tex").write_text(text % "Die Größe ≥ 2.", encoding="utf-8")
    done = python("-c", code, **ASCII)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Größe ≥" in Path("marked").read_text(encoding="utf-8")
