"""latexmk, its log, and what counts as a fault in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from stages.core.errors import InputError

COMMAND = ("latexmk", "-pdf", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error")
PACKAGES = "latexmk texlive-latex-recommended texlive-publishers texlive-fonts-recommended cm-super"
INSTALL = f"sudo apt-get install -y --no-install-recommends {PACKAGES}"
# Dates inside the PDF come from this, so that its bytes depend on the sources alone.
EPOCH = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "TZ": "UTC"}
# TeX breaks log lines here unless told otherwise, in the middle of names.
WIDE_LOG = {"max_print_line": "10000"}
OVERFULL_POINTS = 2.0
SHOWN = 3


def compile_pdf(source: Path) -> Path:
    """Run latexmk on ``source`` in its folder and return the PDF.

    Raises:
        InputError: LaTeX is missing or failed, or a reference or citation is undefined.
    """
    if shutil.which(COMMAND[0]) is None or shutil.which("kpsewhich") is None:
        raise InputError(f"{COMMAND[0]}: not found; install LaTeX: {INSTALL}")
    done = subprocess.run(
        [*COMMAND, source.name],
        cwd=source.parent,
        env={**os.environ, **EPOCH, **WIDE_LOG},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    log_file = source.with_suffix(".log")
    log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else done.stdout
    if faults := errors(log):
        raise InputError(f"{source.name}: " + "; ".join(faults[:SHOWN]))
    if done.returncode:
        raise InputError(f"{source.name}: latexmk failed: {_last_line(done.stderr or done.stdout)}")
    if faults := undefined(log):
        raise InputError("; ".join(f"{source.name}:{line}: undefined: {key}" for key, line in faults.items()))
    return source.with_suffix(".pdf")


def errors(log: str) -> list[str]:
    """TeX's error messages, each with its line of the source; a missing file with the package to install."""
    messages = []
    lines = log.splitlines()
    for index, line in enumerate(lines):
        if not line.startswith("! ") or "==> Fatal" in line:
            continue
        context = lines[index + 1 : index + 12]  # TeX shows the place of an error within these
        source_line = next((shown for shown in context if re.match(r"l\.\d+", shown)), "")
        message = " ".join(f"{line[2:]} {source_line}".split())
        if match := re.search(r"File `([^']+\.(?:sty|cls))' not found", line):
            message = f"{match[1]} not found; install LaTeX: {INSTALL}"
        messages.append(message)
    return messages


def undefined(log: str) -> dict[str, str]:
    """Labels and citation keys that were used and never defined, each with a line that uses it."""
    uses = re.findall(r"LaTeX Warning: (?:Reference|Citation) `([^']+)' .*undefined on input line (\d+)", log)
    return dict(sorted(uses))


def overfull(log: str) -> list[str]:
    """Boxes that stick out by more than two points."""
    boxes = re.findall(r"(Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\).*)", log)
    return [line for line, points in boxes if float(points) > OVERFULL_POINTS]


def type3_fonts(pdf: Path) -> list[str]:
    """Names of the bitmap fonts in a PDF, figures included: IEEE takes none."""
    names: set[str] = set()
    for page in PdfReader(pdf).pages:
        names |= _type3(page.get("/Resources"))
    return sorted(names)


def _type3(resources: DictionaryObject | None) -> set[str]:
    """Those of a page's or form's resources and of the forms they hold."""
    if resources is None:
        return set()
    resources = resources.get_object()
    names: set[str] = set()
    if "/Font" in resources:
        fonts = resources["/Font"].get_object()
        names |= {name for name, font in fonts.items() if font.get_object()["/Subtype"] == "/Type3"}
    if "/XObject" in resources:
        for form in resources["/XObject"].get_object().values():
            names |= _type3(form.get_object().get("/Resources"))
    return names


def _last_line(output: str) -> str:
    return next((line for line in reversed(output.splitlines()) if line.strip()), "no output")
