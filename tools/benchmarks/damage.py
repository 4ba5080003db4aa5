"""Every file that a build leaves, damaged one at a time: is each found, and is the study then what it was?

``python -m tools.benchmarks.damage`` builds a small study and goes over its files in workspace and DVC's cache: each is
emptied, cut in half, and one bit of it flipped with time, size and inode kept. After each the command behind `make
paper` must bring every result back, name what it cannot, or not care; then the cases that need two damages or a larger
one. The tally is in metrics/bench/damage.json. Python's own caches and what git has are left alone.
"""

import argparse
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from stages.core.contents import Contents
from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from tools.benchmarks.common import working_copy
from tools.benchmarks.common.damaged_study import KINDS, LOCK, BuiltStudy, Damaged, Outcome, emptied, flipped, read_lock
from tools.benchmarks.common.results import publish

REPORT = Path("metrics/bench/damage.json")
STUDY = working_copy.FEW | working_copy.LITTLE | {"configurations": ["full", "lora-r8"], "seeds": [42]}
CACHE = ".dvc/cache"
BASE = "base@distilbert"


class Report(Strict):
    """The tally by kind and outcome, and all that is not mended."""

    damages: int
    seconds: float
    tally: dict[str, dict[Outcome, int]]
    trained_again: int  # runs, although a good copy of them was left
    others: list[Damaged]


def main(share: int, seed: int, jobs: int) -> None:
    """Write the report.

    Args:
        share: every how manieth file is damaged.

    Raises:
        InputError: a damage escaped, or a run was trained again although a good copy was left.
    """
    began = time.monotonic()
    with TemporaryDirectory() as name:
        built = BuiltStudy(working_copy.make(Path(name, "study"), STUDY), jobs)
        draw = random.Random(seed)
        results = []
        for file in built.left()[::share]:
            for kind, damage in KINDS.items():
                if (built.folder / file).stat().st_size:
                    results.append(built.try_damage(file, kind, lambda path, damage=damage: damage(path, draw)))
        results += special_cases(built)
        needed = both_copies(built)
    report = reported(results + needed, time.monotonic() - began, sum(len(each.trained_again) for each in results))
    publish(report, REPORT, table)
    if report.trained_again or any(each.outcome == "escaped" for each in results + needed):
        raise InputError(f"{REPORT}: a damage escaped, or a run was trained again though a good copy was left")


def special_cases(built: BuiltStudy) -> list[Damaged]:
    """Damages that are no single file's, or that a random bit seldom hits: the other copy is good."""
    run = working_copy.runs(built.folder)[0]
    places = {"an output's": (run.stage, "outs"), "a dependency's": (run.stage, "deps"), "the base's": (BASE, "outs")}
    cases = [built.try_damage(CACHE, "deleted", shutil.rmtree)]
    for name, (stage, section) in places.items():
        first = read_lock(built.folder / LOCK)[stage][section][-1]["md5"]
        wrong = first[:-1].translate(str.maketrans("0123456789", "1234567890")) + first[-1]
        cases.append(built.try_damage(LOCK, f"{name} md5", lambda path, old=first, new=wrong: replace(path, old, new)))
    return cases


def replace(path: Path, old: str, new: str) -> None:
    """The first of these alone: the others of the same content stay true."""
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def both_copies(built: BuiltStudy) -> list[Damaged]:
    """One bit of a file in the workspace, its copy in the cache emptied: what made it must run again, and no other."""
    draw = random.Random(0)
    run = working_copy.runs(built.folder)[0]
    cases = []
    for file in (str(run.record_path), "data/raw/train.parquet", "models/base/distilbert/model.safetensors"):
        name = Contents().of(built.folder / file)

        def damage(path: Path, name: str = name) -> None:
            flipped(path, draw)
            emptied(built.folder / CACHE / "files/md5" / name[:2] / name[2:], draw)

        cases.append(built.try_damage(file, "both copies", damage))
    return cases


def reported(results: list[Damaged], seconds: float, trained: int) -> Report:
    tally: dict[str, Counter] = {}
    for each in results:
        tally.setdefault(f"{each.kind}, {place(each.file)}", Counter())[each.outcome] += 1
    others = [each for each in results if each.outcome not in ("mended", "not a result")]
    counts = {kind: dict(counts) for kind, counts in tally.items()}
    return Report(damages=len(results), seconds=seconds, tally=counts, trained_again=trained, others=others)


def place(file: str) -> str:
    return "cache" if file.startswith(CACHE) else "workspace"


def table(report: Report, style: str) -> str:
    """A row a kind of damage."""
    outcomes = ["mended", "made again", "named", "not a result", "escaped"]
    rows = [[kind, *(counts.get(outcome, 0) for outcome in outcomes)] for kind, counts in report.tally.items()]
    return tabulate(rows, ["damage", *outcomes], tablefmt=style)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=int, default=1, help="damage every n-th file")
    parser.add_argument("--seed", type=int, default=0, help="of the bits that are flipped")
    parser.add_argument("--jobs", type=int, default=2)
    run_stage(main, **vars(parser.parse_args()))
