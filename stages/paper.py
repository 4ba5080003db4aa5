"""paper: results and paper/main.tex.j2 -> paper/generated/numbers.json, paper/main.tex and paper/main.pdf.

The template holds prose; numbers reach it through the ledger, decisions through the findings. The PDF is built
in a temporary folder and moved into place whole, so a failed build keeps the last one.
"""

import os
import shutil
import tempfile
from pathlib import Path

from stages.lib.baselines import read_baselines
from stages.lib.card import read_card
from stages.lib.cells import STUDY, read_settings
from stages.lib.entries import Results, build
from stages.lib.errors import InputError, run_stage
from stages.lib.findings import Phrases, comma, find
from stages.lib.latex import render
from stages.lib.numbers import Ledger
from stages.lib.pdf import compile_pdf, overfull, type3_fonts
from stages.lib.pretraining import PretrainingReport
from stages.lib.runs import read_runs, summarise
from stages.lib.settings import StudySettings

PAPER = Path("paper")
TEMPLATE = PAPER / "main.tex.j2"
BIBLIOGRAPHY = PAPER / "references.bib"
GENERATED = PAPER / "generated"
NUMBERS = GENERATED / "numbers.json"
FLOATS = {"tables": ".tex", "figures": ".pdf"}


def main() -> None:
    """Write the ledger, the LaTeX source and the PDF.

    Raises:
        InputError: an input is missing, the template is at fault, or LaTeX fails.
    """
    results = read_results()
    ledger = build(results)
    GENERATED.mkdir(parents=True, exist_ok=True)
    ledger.write(NUMBERS)
    source = PAPER / "main.tex"
    source.write_text(render(TEMPLATE, context(results, ledger)), encoding="utf-8")
    build_pdf(source)
    print(f"{source.with_suffix('.pdf')}: {len(ledger.entries)} numbers in the ledger")


def read_results() -> Results:
    """Everything that the report is written from.

    Raises:
        InputError: the first missing or invalid file.
    """
    study, runs = read_settings(StudySettings, STUDY), read_runs()
    cells = summarise(runs).set_index(["architecture", "configuration"])
    bases = {name: read_base(name) for name in study.architectures}
    return Results(study, runs, cells, read_card(), bases, read_baselines())


def read_base(architecture: str) -> PretrainingReport:
    """The report of an architecture's base checkpoint.

    Raises:
        InputError: it is missing or invalid.
    """
    path = Path("metrics/base", f"{architecture}.json")
    try:
        return PretrainingReport.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro base@{architecture}` first") from error
    except ValueError as error:  # pydantic's ValidationError is one
        raise InputError(f"{path}: not a base report; run `dvc repro -f base@{architecture}`") from error


def context(results: Results, ledger: Ledger) -> dict[str, object]:
    """All names that the template may use."""
    phrases = Phrases(results, ledger)
    return {
        "study": results.study,
        "card": results.card,
        "bases": results.bases,
        "architectures": list(results.study.architectures),
        "found": find(results),
        "say": phrases,
        "number": phrases.number,
        "has": phrases.has,
        "score": phrases.score,
        "gap": phrases.gap,
        "comma": comma,
        **{kind: produced(kind) for kind in FLOATS},
    }


def produced(kind: str) -> list[str]:
    """Names of the tables or figures that this grid has.

    Raises:
        InputError: the stage that makes them has not run.
    """
    folder = GENERATED / kind
    names = sorted(path.stem for path in folder.glob(f"*{FLOATS[kind]}"))
    if not names:
        raise InputError(f"{folder}: nothing there; run `dvc repro {kind}` first")
    return names


def build_pdf(source: Path) -> None:
    """Compile beside nothing but the report's own files, then move the PDF to ``source``'s folder.

    Raises:
        InputError: LaTeX failed, or the result has a fault that a reader would see; the last PDF stays.
    """
    with tempfile.TemporaryDirectory(prefix="paper-") as name:
        folder = Path(name)
        shutil.copy(source, folder)
        shutil.copy(BIBLIOGRAPHY, folder)
        for kind in FLOATS:
            shutil.copytree(GENERATED / kind, folder / GENERATED.name / kind)
        pdf = compile_pdf(folder / source.name)
        check_layout(source, pdf)
        partial = source.with_suffix(".pdf.tmp")
        shutil.copyfile(pdf, partial)
        os.replace(partial, source.with_suffix(".pdf"))


def check_layout(source: Path, pdf: Path) -> None:
    """Refuse text that sticks out of its column and fonts that are pictures.

    Raises:
        InputError: names the lines of ``source``, or the fonts.
    """
    log = pdf.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
    if boxes := overfull(log):
        raise InputError(f"{source}: {'; '.join(boxes)}")
    if fonts := type3_fonts(pdf):
        raise InputError(f"{source}: Type 3 fonts in the PDF: {', '.join(fonts)}")


if __name__ == "__main__":
    run_stage(main)
