"""What the tests of the paper share: its inputs for a small study, its text without a build, its pages."""

import hashlib
import re
import shutil
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pypdf import PdfReader

from stages import collect, figures, paper, tables
from stages.report.entries.inputs import Results
from stages.training.record import Record
from tests.helpers.records import confusion, with_confusion
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.tiny_study import ROOT

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}
PREPARED = TemporaryDirectory(prefix="paper-tests-")
needs_latex = pytest.mark.skipif(shutil.which("latexmk") is None, reason="LaTeX is not installed")


def prepare(drawn: bool = False, **changes) -> None:
    """All inputs of the paper stage in the current folder; empty files for figures unless ``drawn``; made once."""
    key = hashlib.sha256(repr((drawn, sorted(changes.items()))).encode()).hexdigest()
    made = Path(PREPARED.name, key)
    if not made.exists():
        here = Path.cwd()
        with TemporaryDirectory() as fresh, chdir(fresh):  # this folder may hold another study's
            for file in filter(Path.is_file, here.iterdir()):  # data that a test has written
                shutil.copy(file, file.name)
            make_inputs(drawn, **changes)
            shutil.copytree(".", made)
    shutil.copytree(made, ".", dirs_exist_ok=True)


def make_inputs(drawn: bool, **changes) -> None:
    write_results(**changes)
    built = ("generated", "main.tex", "main.pdf", "site", "*.tar.gz")
    shutil.copytree(ROOT / "paper", "paper", ignore=shutil.ignore_patterns(*built))
    collect.main()
    judge_published_study()
    for stage in (tables, figures) if drawn else (tables,):
        stage.main()
    if not drawn:
        touch_figures()


def touch_figures() -> None:
    """Empty files for the figures that most grids have."""
    folder, tables = Path("paper/generated/figures"), Path("paper/generated/tables")
    folder.mkdir(exist_ok=True)
    (folder / "pareto.pdf").touch()
    if (tables / "differences.tex").exists():
        (folder / "differences.pdf").touch()
    (folder / "numbers.json").write_text("{}", encoding="utf-8")


def source(**changes) -> str:
    """The LaTeX of the report, without building it; white space as single spaces."""
    prepare(**changes)
    return written()


def written(results: Results | None = None) -> str:
    """The LaTeX of the report for the results in the current folder, or for these."""
    results = results or paper.read_results()
    text = paper.render(paper.TEMPLATE, paper.context(results, paper.build(results)))
    return " ".join(untraced(text).split())


def untraced(text: str) -> str:
    """LaTeX without the links of its numbers and the marks of its names."""
    text = re.sub(r"\\traced\{[^{}]*\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", text)
    return re.sub(r"\\named\{((?:\\.|[^{}\\]|\{[^{}]*\})*)\}", r"\1", text)


def edit(configuration: str, seed: int, accuracy: float, architecture: str = "distilbert") -> None:
    """Change one run's accuracy in its record, with the errors that it is of, and collect again."""
    record = Record.read(architecture, configuration, seed)
    rows = [sum(row) for row in record.quality.confusion]
    with_confusion(record, confusion(accuracy, rows)).write(architecture, configuration, seed)
    collect.main()


def pages() -> list[str]:
    return [page.extract_text() for page in PdfReader("paper/main.pdf").pages]


def before_the_end(text: str, name: str = "main.tex.j2") -> int:
    """Add a line to a template's prose; return its number."""
    template = Path("paper", name)
    lines = template.read_text(encoding="utf-8").splitlines()
    at = lines.index(r"\end{document}") if r"\end{document}" in lines else len(lines)
    template.write_text("\n".join([*lines[:at], text, *lines[at:]]), encoding="utf-8")
    return at + 1
