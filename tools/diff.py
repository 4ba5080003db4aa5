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
from stages.paper import BIBLIOGRAPHY, GENERATED, PAPER
from stages.published.claims import Claims
from stages.report.numbers.ledger import Number
from stages.report.text.pdf import compile_pdf
from tools.revisions import WORKSPACE, fetch, resolve

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
    """Write the marked PDF and print what changed from ``a`` to ``b`` (nothing: the workspace).

    Raises:
        InputError: no such revision or experiment, its report is not at hand, or latexdiff is missing or failed.
    """
    if not a:
        raise InputError(
            "A: empty; allowed: a revision (`git log`) or an experiment (`dvc exp show`): make diff A=HEAD~1"
        )
    b = b or WORKSPACE
    if shutil.which(LATEXDIFF[0]) is None:
        raise InputError(f"{LATEXDIFF[0]}: not found; install it: sudo apt-get install latexdiff")
    commits = [resolve(revision) for revision in (a, b)]
    with tempfile.TemporaryDirectory(prefix="diff-") as name:
        old, new = Path(name, "old"), Path(name, "new")
        old_numbers, new_numbers = (fetch(*side) for side in zip((a, b), commits, (old, new), strict=True))
        shutil.copyfile(mark_changes(old, new), OUTPUT)
        numbers = changed_numbers(old_numbers, new_numbers)
        verdicts = [read_verdicts(folder / Claims.path()) for folder in (old, new)]
        claims = flipped_claims(*verdicts)
    headers = ["number", a, b, "change"]
    print(tabulate(numbers, headers, disable_numparse=True) if numbers else "no number changed")
    if all(verdicts):  # both sides are about the published study
        print()
        print(tabulate(claims, ["claim", a, b]) if claims else "no claim's verdict flipped")
    print(f"\n{OUTPUT}")


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
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", env=environment)
    if finished.returncode:
        raise InputError(f"latexdiff: {(finished.stderr.strip().splitlines() or ['no output'])[-1]}")
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a", nargs="?", default="", help="revision, experiment, or 'workspace'")
    parser.add_argument("b", nargs="?", default="", help="the same; default: the workspace")
    run_stage(main, **vars(parser.parse_args()))
