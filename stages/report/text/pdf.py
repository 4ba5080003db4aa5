"""latexmk, its log, and what counts as a fault in it."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from stages.core.errors import InputError
from stages.report.numbers.latex import escape

# -norc: neither ~/.latexmkrc nor a system's, which may move the output or change the programs.
COMMAND = (
    *("latexmk", "-norc", "-pdf", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"),
    "-file-line-error",
)
PACKAGES = "latexmk texlive-latex-recommended texlive-publishers texlive-fonts-recommended cm-super"
INSTALL = f"sudo apt-get install -y --no-install-recommends {PACKAGES}"
# Dates inside the PDF come from this, so that its bytes depend on the sources alone.
EPOCH = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "TZ": "UTC"}
# TeX breaks log lines and cuts what it shows of a source here unless told otherwise, in the middle of names.
WIDE_LOG = {"max_print_line": "10000", "error_line": "254", "half_error_line": "238"}
# Variables that tell TeX where to look, and what it may do: a user's are not those of the report.
USERS_OWN = (
    *("TEX", "LATEXMK", "KPSE", "KPATHSEA", "MKTEX", "BIBINPUTS", "BSTINPUTS", "MLBIB", "TFMFONTS", "T1FONTS"),
    *("T1INPUTS", "VFFONTS", "ENCFONTS", "AFMFONTS", "PKFONTS", "openin_any", "openout_any", "shell_escape"),
)
# Of these, what says where TeX itself is installed, which may be known by such a variable alone.
INSTALLATION = ("TEXMFCNF", "TEXMFROOT", "TEXMFMAIN", "TEXMFDIST", "TEXMFLOCAL", "TEXMFSYSCONFIG", "TEXMFSYSVAR")
USERS_TREES = ("TEXMFCONFIG", "TEXMFVAR", "TEXMFHOME")
# What is compiled may be another's (`make diff`): TeX reads and writes in its own folder and its installation alone.
CONFINED = {"openin_any": "p", "openout_any": "p"}
LONGEST_SECONDS = 600  # of a build; the report takes some ten
ERROR = re.compile(r"(?:\./)?(?P<place>[^\s:]+\.\w+:\d+): (?P<message>.+)|! (?P<message_alone>.+)")  # a line of the log
OVERFULL_POINTS = 2.0
NAMED_CHARACTERS = 6  # a shorter text does not leave its column, and is in many lines
SHOWN = 3


def compile_pdf(source: Path) -> Path:
    """Run latexmk on ``source`` in its folder and return the PDF.

    Raises:
        InputError: LaTeX is missing, failed or did not end, or a reference or citation is undefined.
    """
    if shutil.which(COMMAND[0]) is None or shutil.which("kpsewhich") is None:
        raise InputError(f"{COMMAND[0]}: not found; install LaTeX: {INSTALL}")
    done = _latexmk(source)
    log = _read(source.with_suffix(".log")) or done.stdout
    if faults := errors(log) or bibliography_errors(_read(source.with_suffix(".blg"))):
        raise InputError("; ".join(faults[:SHOWN]))
    if done.returncode:
        raise InputError(f"{source.name}: latexmk failed: {_last_line(done.stderr or done.stdout)}")
    if faults := undefined(log):
        raise InputError("; ".join(f"{source.name}:{line}: undefined: {key}" for key, line in faults.items()))
    return source.with_suffix(".pdf")


def _latexmk(source: Path) -> subprocess.CompletedProcess[str]:
    """In a session of its own, which ends with all that it started, whatever ends it."""
    process = subprocess.Popen(
        [*COMMAND, source.name],
        cwd=source.parent,
        env={**tex_environment(), **EPOCH, **WIDE_LOG, **CONFINED},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, faults = process.communicate(timeout=LONGEST_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            line = f"{source.name}: latexmk: not done after {LONGEST_SECONDS} s, so it was ended"
            raise InputError(line) from error
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, faults)


def tex_environment() -> dict[str, str]:
    """The environment without what would let a user's own TeX files or settings decide what the report looks like.

    The user's trees of files, such as ``~/texmf``, come last: they add what the installation lacks and replace nothing.
    """
    clean = {}
    for name, value in os.environ.items():
        if not name.startswith(USERS_OWN) or name in (*INSTALLATION, *USERS_TREES):
            clean[name] = value
    trees, own = _variable("TEXMF", clean), [_variable(name, clean) for name in USERS_TREES]
    for tree in own:
        trees = trees.replace(f"{tree},", "", 1)
    return clean | {"TEXMF": f"{{{','.join([trees, *own])}}}"} if trees else clean


def _variable(name: str, environment: dict[str, str]) -> str:
    """What a variable of TeX's configuration says; empty where TeX does not say."""
    command = ["kpsewhich", f"-var-value={name}"]
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False, env=environment
    )
    return done.stdout.strip()


def errors(log: str) -> list[str]:
    """TeX's error messages, each with its file and line; a missing file with the package to install."""
    messages = []
    lines = log.splitlines()
    for index, line in enumerate(lines):
        match = ERROR.match(line)
        if match is None or "==> Fatal" in line:
            continue
        if missing := re.search(r"File `([^']+\.(?:sty|cls))' not found", line):
            messages.append(f"{missing[1]} not found; install LaTeX: {INSTALL}")
            continue
        if match["place"] is None:  # of no file, such as "Emergency stop", which follows another
            messages.append(match["message_alone"])
            continue
        context = lines[index + 1 : index + 12]  # TeX shows what it read last within these
        read = next((re.sub(r"^l\.\d+", "", shown) for shown in context if re.match(r"l\.\d+", shown)), "")
        messages.append(" ".join(f"{match['place']}: {match['message']} {read}".split()))
    return messages


def bibliography_errors(log: str) -> list[str]:
    """BibTeX's error messages, each with its file and line."""
    found = re.findall(r"^(.+)---line (\d+) of file (.+)$", log, re.MULTILINE)
    return [f"{file}:{line}: {message}" for message, line, file in found if not message.startswith("Warning--")]


def undefined(log: str) -> dict[str, str]:
    """Labels and citation keys that were used and never defined, each with a line that uses it."""
    uses = re.findall(r"LaTeX Warning: (?:Reference|Citation) `([^']+)' .*undefined on input line (\d+)", log)
    return dict(sorted(uses))


def overfull(log: str) -> list[str]:
    """Boxes that stick out by more than two points."""
    boxes = re.findall(r"(Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\).*)", log)
    return [line for line, points in boxes if float(points) > OVERFULL_POINTS]


def texts_in(box: str, lines: list[str], free: dict[str, str]) -> str:
    """`` (with data.name)``: texts of the user's own in the lines of the source that a fault of the log names.

    Args:
        free: by parameter or row.
    """
    place = re.search(r"at lines (\d+)--(\d+)", box)
    if place is None:
        return ""
    read = unlinked("\n".join(lines[int(place[1]) - 1 : int(place[2])]))
    named = [key for key, text in free.items() if len(text) >= NAMED_CHARACTERS and unlinked(escape(text)) in read]
    return f" (with {', '.join(named)})" if named else ""


def unlinked(latex: str) -> str:
    """LaTeX without places to break, marks of names, and links of numerals."""
    plain = latex.replace(r"\allowbreak{}", "")
    plain = re.sub(r"\\traced\{[^{}]*\}\{([^{}]*)\}", r"\1", plain)
    return re.sub(r"\\(?:named|textit|texttt)\{|[{}]", "", plain)


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


def _read(log: Path) -> str:
    """Empty where the program did not get as far as to write one."""
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def _last_line(output: str) -> str:
    return next((line for line in reversed(output.splitlines()) if line.strip()), "no output")
