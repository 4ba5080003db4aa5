"""Compare two experiments: ``make diff A=<revision or experiment> B=<…>`` -> paper/diff.pdf and a table.

It derives from what each revision's stages made, taken from DVC's cache. What changed is marked in the
PDF by latexdiff, in tables cell by cell; a table of another shape is shown whole. The table lists the
numbers that changed and the claims whose verdict flipped.
"""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.paper import BIBLIOGRAPHY, GENERATED, NUMBERS, PAPER
from stages.published.claims import Claims
from stages.report.numbers.ledger import Number, Numbers
from stages.report.text.pdf import compile_pdf

WORKSPACE = "workspace"
OUTPUT = PAPER / "diff.pdf"
# CFONT: added blue and sans serif, deleted red and small; the other types need packages beyond the report's own.
# The link of a number is no change of the number; its text is compared. A deleted reference may have lost its label.
LATEXDIFF = (
    *("latexdiff", "--type=CFONT", "--flatten", "--graphics-markup=none"),
    *("--append-textcmd=traced,named,rowname", "--append-context1cmd=multicolumn", "--exclude-safecmd=ref"),
)

# Tables hold old and new numbers side by side: columns move together to stay on the page, and shrink if they must.
# A colour that starts a paragraph would end up above it, and lower the first line of a cell; one that spans two pages
# would be the colour of their notices.
BEGIN = r"\begin{document}"
PREAMBLE = r"""\setlength{\tabcolsep}{1.5pt}
\newenvironment{DIFnomarkup}{}{}
\let\added\DIFaddtex
\let\deleted\DIFdeltex
\renewcommand{\DIFaddtex}{\leavevmode\added}
\renewcommand{\DIFdeltex}{\leavevmode\deleted}
\AddToHook{shipout/foreground}[diff]{\normalcolor}
"""
TABLES = GENERATED / "tables"
FLOAT = r"\\begin\{(table\*?)\}(?:\[\w+\])?((?:(?!\\end\{table).)*\\input\{generated/tables/%s\}.*?)\\end\{\1\}"
UNIT = "\\begin{DIFnomarkup}\n%s\\end{DIFnomarkup}\n"  # latexdiff marks nothing in it
REPLACED = "Replaced: rows or columns came, went or moved. Changed cells are not marked."
WHOLE = rf"""{{\color{{blue}}\sffamily
%s
\par\smallskip {REPLACED}\par}}
"""
CELLS = r"""\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%%
%s\unskip}
"""
BORDER = r"(?<!\\)&|\\\\"  # of a cell or a row


def main(a: str, b: str) -> None:
    """Write the marked PDF and print what changed from ``a`` to ``b``."""
    if shutil.which(LATEXDIFF[0]) is None:
        raise InputError(f"{LATEXDIFF[0]}: not found; install it: sudo apt-get install latexdiff")
    with tempfile.TemporaryDirectory(prefix="diff-") as name:
        old, new = Path(name, "old"), Path(name, "new")
        for revision, folder in ((a, old), (b, new)):
            fetch(revision, folder)
        shutil.copyfile(mark_changes(old, new), OUTPUT)
        numbers = changed_numbers(*(Numbers.read_from(folder / NUMBERS).root for folder in (old, new)))
        claims = flipped_claims(*(read_verdicts(folder / Claims.path()) for folder in (old, new)))
    headers = ["number", a, b, "change"]
    print(tabulate(numbers, headers, disable_numparse=True) if numbers else "no number changed")
    print()
    print(tabulate(claims, ["claim", a, b]) if claims else "no claim's verdict flipped")
    print(f"\n{OUTPUT}")


def fetch(revision: str, folder: Path) -> None:
    """The report's source, numbers and claims at a revision, laid out as in the workspace.

    Raises:
        InputError: no such revision or experiment, or its report is not in the cache.
    """
    if revision == WORKSPACE:
        copy_workspace(folder)
        return
    from dvc.exceptions import DvcException  # a second to import
    from dvc.repo import Repo

    commit = resolve(revision)
    (folder / PAPER).mkdir(parents=True)
    try:
        for path in (PAPER / "main.tex", GENERATED):
            Repo.get(".", str(path), out=str(folder / path), rev=commit)
    except DvcException as error:
        raise InputError(
            f"{revision}: its report is not in the cache: {error}; check it out and run `dvc repro`"
        ) from error
    claims = _git("show", f"{commit}:{Claims.path()}")
    if claims is not None:
        write_text(folder / Claims.path(), claims)


def copy_workspace(folder: Path) -> None:
    """What of the report's source, numbers and claims there is here."""
    for path in (PAPER / "main.tex", GENERATED, Claims.path()):
        if path.is_dir():
            shutil.copytree(path, folder / path)
        elif path.exists():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / path)


def resolve(revision: str) -> str:
    """The commit of a Git revision or of a DVC experiment's name.

    Raises:
        InputError: there is neither.
    """
    commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if commit is not None:
        return commit.strip()
    commit = None
    for line in (_git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps") or "").splitlines():
        object_name, reference = line.split()
        if reference.rsplit("/", 1)[-1] == revision:
            commit = object_name  # the last of that name
    if commit is None:
        raise InputError(f"{revision!r}: no such revision or experiment; `git log` and `dvc exp show` list them")
    return commit


def mark_changes(old: Path, new: Path) -> Path:
    """Run latexdiff on two reports and compile the result with the figures of the second; it rewrites their tables."""
    mark_tables(old, new)
    source = new / PAPER / "diff.tex"
    marked = latexdiff(*(folder / PAPER / "main.tex" for folder in (old, new)))
    source.write_text(marked.replace(BEGIN, PREAMBLE + BEGIN, 1), encoding="utf-8")
    shutil.copy(BIBLIOGRAPHY, source.parent)
    return compile_pdf(source)


def mark_tables(old: Path, new: Path) -> None:
    """Mark each changed table by itself and write it to both reports, so that no mark spans two tables.

    A table that is gone becomes a line with its caption, which latexdiff then marks as deleted text.
    """
    main = old / PAPER / "main.tex"
    for table in (old / TABLES).glob("*.tex"):
        successor = new / TABLES / table.name
        before = table.read_text(encoding="utf-8")
        if not successor.exists():
            table.write_text(UNIT % before, encoding="utf-8")
            text = main.read_text(encoding="utf-8")
            text = re.sub(FLOAT % table.stem, r"Removed table: \2", text, flags=re.DOTALL)
            main.write_text(text, encoding="utf-8")
            continue
        after = successor.read_text(encoding="utf-8")
        if after != before:
            marked = latexdiff(table, successor)
            shown = WHOLE % after if reshaped(before, after, marked) else CELLS % marked
            for side in (table, successor):
                side.write_text(UNIT % shown, encoding="utf-8")


def reshaped(old: str, new: str, marked: str) -> bool:
    r"""Whether cells came, went or moved, or latexdiff left deleted text in front of a rule or a ``\multicolumn``.

    It keeps deleted text where it is: in the first case in a cell where it does not belong, in the second where TeX
    stops with "Misplaced \noalign" or "Misplaced \omit".
    """
    cells_moved = len(re.findall(BORDER, old)) != len(re.findall(BORDER, new))
    cells_deleted = any(re.search(BORDER, command) for command in re.findall(r"%DIFDELCMD < (.*)", marked))
    typeset = re.sub(r"(?<!\\)%.*\n", "", marked)
    misplaced = re.search(rf"\\DIFdel\{{(?:(?!{BORDER}).)*\\(?:\w+rule|multicolumn)\b", typeset, re.DOTALL)
    return cells_moved or cells_deleted or misplaced is not None


def latexdiff(old: Path, new: Path) -> str:
    """The LaTeX of ``new`` with what differs from ``old`` marked."""
    command = [*LATEXDIFF, str(old), str(new)]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if finished.returncode:
        raise InputError(f"latexdiff: {finished.stderr.strip().splitlines()[-1]}")
    return finished.stdout


def changed_numbers(old: dict[str, Number], new: dict[str, Number]) -> list[tuple[str, str, str, str]]:
    """Key, both texts and the difference of the values, for numbers that print differently or on one side alone."""
    rows = []
    for key in {**old, **new}:  # in the order of the old ones, then of those that are new
        a, b = old.get(key), new.get(key)
        if a is None or b is None:
            rows.append((key, a.text if a else "--", b.text if b else "--", ""))
        elif a.text != b.text:
            numeric = not isinstance(a.value, str) and not isinstance(b.value, str)
            rows.append((key, a.text, b.text, f"{b.value - a.value:+.4g}" if numeric else ""))
    return rows


def read_verdicts(path: Path) -> dict[str, str]:
    """What each claim's test says of a revision's own records; empty where the revision has no claims."""
    if not path.exists():
        return {}
    return {claim.id: claim.reproduced.observation for claim in Claims.read_from(path).claims}


def flipped_claims(old: dict[str, str], new: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(claim, old[claim], new[claim]) for claim in old if claim in new and old[claim] != new[claim]]


def _git(*arguments: str) -> str | None:
    finished = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return finished.stdout if finished.returncode == 0 else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a", help="revision, experiment, or 'workspace'")
    parser.add_argument("b", nargs="?", default=WORKSPACE, help="the same; default: the workspace")
    run_stage(main, **vars(parser.parse_args()))
