"""paper: results, paper/main.tex.j2 and its sections -> paper/generated/numbers.json, paper/main.tex, paper/main.pdf.

The templates hold prose; numbers reach it through the ledger, and a condition of a sentence is a name: what the results
decide is in findings.py, wording in phrases.py and its neighbours of a subject each (stages/report/text/). The PDF is
built in a temporary folder and moved into place whole, so a failed build keeps the last one.
"""

import shutil
import tempfile
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text, written_whole
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.report.text.checklist import CHECKLIST
from stages.report.text.context import FLOATS, GENERATED, context, free_texts, produced
from stages.report.text.lint import check_floats, check_printed, check_table, check_template, written_text
from stages.report.text.pdf import compile_pdf, overfull, texts_in, type3_fonts
from stages.report.text.templates import render
from stages.study.current import require_current

PAPER = Path("paper")
TEMPLATE = PAPER / "main.tex.j2"
SECTIONS = PAPER / "sections"
BIBLIOGRAPHY = PAPER / "references.bib"
NUMBERS = GENERATED / "numbers.json"


def main() -> None:
    """Write the ledger, the LaTeX source and the PDF.

    Raises:
        InputError: results are not of today's params.yaml, an input is missing, the template is at fault, or LaTeX
            fails.
    """
    require_current()
    for template in (TEMPLATE, *sorted(SECTIONS.glob("*.tex.j2")), CHECKLIST):
        check_template(template)
    written_text(BIBLIOGRAPHY)
    results = read_results()
    ledger = build(results)
    for kind in FLOATS:
        ledger.note_printed(GENERATED / kind / "numbers.json")
    source = PAPER / "main.tex"
    names = context(results, ledger)
    text = render(TEMPLATE, names)
    for table in sorted((GENERATED / "tables").glob("*.tex")):
        check_table(table)
    check_floats(text, {kind: produced(kind) for kind in FLOATS})
    check_printed(ledger)
    write_text(source, text)
    build_pdf(source, free_texts(results, names["examples"].quoted))
    ledger.write(NUMBERS)
    for place in dict.fromkeys(names["left_out"]):
        print(f"{place}: not in this grid, so its sentence is left out")
    print(f"{source.with_suffix('.pdf')}: {len(ledger.printed)} numbers, each in {NUMBERS}")


def build_pdf(source: Path, free: dict[str, str]) -> None:
    """Compile beside nothing but the report's own files, then move the PDF to ``source``'s folder.

    Args:
        free: texts of the user's own, by parameter or row, to name in a fault of the layout.

    Raises:
        InputError: LaTeX failed, or the result has a fault that a reader would see; the last PDF stays.
    """
    with tempfile.TemporaryDirectory(prefix="paper-") as name:
        folder = Path(name)
        copy_sources(source, folder)
        pdf = compile_pdf(folder / source.name)
        check_layout(source, pdf, free)
        with written_whole(source.with_suffix(".pdf")) as beside:
            shutil.copyfile(pdf, beside)


def copy_sources(source: Path, folder: Path) -> None:
    """All that LaTeX reads, in the places where ``source`` looks for it."""
    shutil.copy(source, folder)
    shutil.copy(BIBLIOGRAPHY, folder)
    for kind in FLOATS:
        shutil.copytree(GENERATED / kind, folder / GENERATED.name / kind)


def check_layout(source: Path, pdf: Path, free: dict[str, str]) -> None:
    """Refuse text that sticks out of its column and fonts that are pictures.

    Raises:
        InputError: names the lines of ``source`` and whose texts are in them, or the fonts.
    """
    log = pdf.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
    if boxes := overfull(log):
        lines = source.read_text(encoding="utf-8").splitlines()
        raise InputError(f"{source}: {'; '.join(box + texts_in(box, lines, free) for box in boxes)}")
    if fonts := type3_fonts(pdf):
        raise InputError(f"{source}: Type 3 fonts in the PDF: {', '.join(fonts)}")


if __name__ == "__main__":
    run_stage(main)
