"""Does ``make why`` know the numbers of the PDF, and do the commands that it names rebuild them?

Run it after the study: ``make provenance``. Numerals are drawn at random from the text of the PDF, references aside.
In a clone with the study's data, the file that each was read from is deleted and made again by the command that
``make why`` names, executed anew and not taken from DVC's run cache; then the tables, figures and numbers of the paper
are made from those files and compared.
"""

import argparse
import json
import random
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.report.numbers.ledger import Number, Numbers
from stages.training.environment import git
from tools.why import NUMBERS, matches, remake

PDF = Path("paper/main.pdf")
REPORT = Path("metrics/bench/provenance.json")
NAMES = ("IA3", "r=8", "r=16", "v3", "(IA)3", "UTF-8")
SEED = 2025
REPRO = "dvc repro "


def main(count: int) -> None:
    """Draw, ask, delete, rebuild, compare; print and write the outcome.

    Raises:
        InputError: the study is not committed, a numeral is unknown,
            a command fails to bring a file back, or a number comes back different.
    """
    if git("status", "--porcelain", "dvc.lock"):
        raise InputError("dvc.lock: differs from the current commit, which is what gets cloned; commit the study first")
    text = "\n".join(page.extract_text() for page in PdfReader(PDF).pages).split("REFERENCES")[0]
    numbers = Numbers.read_from(NUMBERS).root
    drawn = draw(sorted(numerals(text)), numbers, count)
    with TemporaryDirectory(prefix="why-") as name:
        clone = Path(name, "clone")
        make_clone(clone)
        rebuild(clone, [numbers[key] for _, key in drawn])
        run(clone, "dvc repro --quiet --force --single-item tables figures paper")
        again = Numbers.read_from(clone / NUMBERS).root
    rows = []
    for numeral, key in drawn:
        is_same = same(numbers[key], again.get(key))
        rows.append({"number": numeral, "key": key, "command": remake(numbers[key]), "same": is_same})
    print(tabulate(rows, headers="keys", disable_numparse=True))
    write_text(REPORT, json.dumps(rows, indent=2) + "\n")
    different = [row["key"] for row in rows if not row["same"]]
    if different:
        raise InputError(f"not rebuilt: {', '.join(different)}")


def numerals(text: str) -> set[str]:
    """Numerals of running text, thousands' commas kept; signs, units, names, citations and references aside."""
    for name in NAMES:
        text = text.replace(name, " ")
    text = re.sub(r"(?:Section|Table|TABLE|Fig\.) ?[IVX\d]+", " ", text)
    text = re.sub(r"\[[\d, \u2013-]+\]", " ", text)  # citations: what has a point is an interval
    printed = re.findall(r"(?<![A-Za-z\d.,])\d[\d,]*(?:\.\d+)*", text.replace("\u2212", "-"))
    return {numeral.rstrip(",.") for numeral in printed}


def draw(printed: list[str], numbers: dict[str, Number], count: int) -> list[tuple[str, str]]:
    """Numerals at random, each with one of the entries that ``make why`` finds for it.

    Raises:
        InputError: ``make why`` does not know one.
    """
    chance = random.Random(SEED)
    drawn = []
    for numeral in chance.sample(printed, min(count, len(printed))):
        keys = sorted(matches(numeral, numbers))
        if not keys:
            raise InputError(f"{numeral!r} is printed in {PDF} and `make why` does not know it")
        drawn.append((numeral, chance.choice(keys)))
    return drawn


def make_clone(clone: Path) -> None:
    """The current commit with the study's data, links to DVC's cache."""
    cache = subprocess.run(
        ["dvc", "cache", "dir"], capture_output=True, encoding="utf-8", errors="replace", check=True
    ).stdout.strip()
    git("clone", "--quiet", ".", str(clone))
    run(clone, f"dvc cache dir --quiet --local {shlex.quote(str(Path(cache).resolve()))}")
    run(clone, "dvc checkout --quiet")


def rebuild(clone: Path, numbers: list[Number]) -> None:
    """Delete the files that numbers were read from and have the commands make them again, those of DVC as one call.

    Raises:
        InputError: they do not.
    """
    commands = {number.source: remake(number) for number in numbers}
    for source in commands:
        path = clone / source
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    stages = set()
    for command in set(commands.values()):
        if command.startswith(REPRO):
            stages.add(command.removeprefix(REPRO))
        else:
            run(clone, command)
    if stages:
        run(clone, f"{REPRO}--quiet --no-run-cache {' '.join(sorted(stages))}")
    for source, command in commands.items():
        if not (clone / source).exists():
            raise InputError(f"`{command}` does not make {source}")


def run(folder: Path, command: str) -> None:
    """Run a command in a folder.

    Raises:
        InputError: it fails.
    """
    finished = subprocess.run(
        shlex.split(command), cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if finished.returncode:
        raise InputError(f"`{command}`: {(finished.stderr or finished.stdout).strip()}")


def same(before: Number, after: Number | None) -> bool:
    return after is not None and (before.value, before.text) == (after.value, after.text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many numbers")
    run_stage(main, **vars(parser.parse_args()))
