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
from stages.report.numbers.ledger import Number, Numbers
from tools.why import NUMBERS, matches, remake

PDF = Path("paper/main.pdf")
REPORT = Path("metrics/bench/provenance.json")
NAMES = ("IA3", "r=8", "r=16", "v3", "(IA)3", "UTF-8")
SEED = 2025


def main(count: int) -> None:
    """Draw, ask, delete, rebuild, compare; print and write the outcome.

    Raises:
        InputError: the study is not committed, a numeral is unknown,
            a command fails to bring a file back, or a number comes back different.
    """
    changed = subprocess.run(["git", "status", "--porcelain", "dvc.lock"], capture_output=True, text=True, check=True)
    if changed.stdout:
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
    rows = [
        {"number": numeral, "key": key, "command": remake(numbers[key]), "same": same(numbers[key], again.get(key))}
        for numeral, key in drawn
    ]
    print(tabulate(rows, headers="keys", disable_numparse=True))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if different := [row["key"] for row in rows if not row["same"]]:
        raise InputError(f"not rebuilt: {', '.join(different)}")


def numerals(text: str) -> set[str]:
    """Numerals of running text, thousands' commas kept; signs, units, names, citations and references aside."""
    for name in NAMES:
        text = text.replace(name, " ")
    text = re.sub(r"(?:Section|Table|TABLE|Fig\.) ?[IVX\d]+", " ", text)
    text = re.sub(r"\[[\d, \u2013-]+\]", lambda m: " " if "." not in m[0] else m[0], text)  # citations, not intervals
    found = re.findall(r"(?<![A-Za-z\d.,])\d[\d,]*(?:\.\d+)*", text.replace("\u2212", "-"))
    return {numeral.rstrip(",.") for numeral in found}


def draw(printed: list[str], numbers: dict[str, Number], count: int) -> list[tuple[str, str]]:
    """Numerals at random, each with one of the entries that ``make why`` finds for it.

    Raises:
        InputError: ``make why`` does not know one.
    """
    chance, drawn = random.Random(SEED), []
    for numeral in chance.sample(printed, min(count, len(printed))):
        found = sorted(matches(numeral, numbers))
        if not found:
            raise InputError(f"{numeral!r} is printed in {PDF} and `make why` does not know it")
        drawn.append((numeral, chance.choice(found)))
    return drawn


def make_clone(clone: Path) -> None:
    """The current commit with the study's data, links to DVC's cache."""
    cache = subprocess.run(["dvc", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run(["git", "clone", "--quiet", ".", clone], check=True)
    run(clone, f"dvc cache dir --quiet --local {shlex.quote(str(Path(cache).resolve()))}")
    run(clone, "dvc checkout --quiet")


def rebuild(clone: Path, numbers: list[Number]) -> None:
    """Delete the files that numbers were read from and have the commands make them again, those of DVC as one call.

    Raises:
        InputError: they do not.
    """
    sources = {number.source: remake(number) for number in numbers}
    for source in sources:
        path = clone / source
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    stages = {command.removeprefix("dvc repro ") for command in sources.values() if command.startswith("dvc repro ")}
    for command in set(sources.values()) - {f"dvc repro {stage}" for stage in stages}:
        run(clone, command)
    if stages:
        run(clone, f"dvc repro --quiet --no-run-cache {' '.join(sorted(stages))}")
    for source, command in sources.items():
        if not (clone / source).exists():
            raise InputError(f"`{command}` does not make {source}")


def run(folder: Path, command: str) -> None:
    """Run a command in a folder.

    Raises:
        InputError: it fails.
    """
    done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"`{command}`: {(done.stderr or done.stdout).strip()}")


def same(before: Number, after: Number | None) -> bool:
    return after is not None and (before.value, before.text) == (after.value, after.text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many numbers")
    run_stage(main, **vars(parser.parse_args()))
