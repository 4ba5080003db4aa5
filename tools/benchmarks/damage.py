"""Every file that a build leaves, damaged one at a time: is each found, and is the study then what it was?

``python -m tools.benchmarks.damage`` builds a small study and goes over its files in workspace and DVC's cache: each is
emptied, cut in half, and one bit of it flipped with time, size and inode kept. After each the command behind `make
paper` must bring every result back, name what it cannot, or not care; then the cases that need two damages or a larger
one. The tally is in metrics/bench/damage.json. Python's own caches and what git has are left alone.
"""

import argparse
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from ruamel.yaml import YAML
from tabulate import tabulate

from stages.core.contents import Contents
from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from stages.training.settings import Run
from tools import study
from tools.benchmarks.common import working_copy
from tools.benchmarks.common.children import FailedError, RefusedError, in_child
from tools.benchmarks.common.results import publish

REPORT = Path("metrics/bench/damage.json")
STUDY = working_copy.FEW | working_copy.LITTLE | {"configurations": ["full", "lora-r8"], "seeds": [42]}
LOCK = "dvc.lock"
CACHE = ".dvc/cache"
NOT_RESULTS = (".dvc/tmp/", "models/.study/")  # what the head and DVC note while they run
PYTHON_OWN = "__pycache__"
Outcome = Literal["mended", "named", "made again", "not a result", "escaped"]


class Damaged(Strict):
    """How one damage ended; ``said`` is what the command printed of it."""

    file: str
    kind: str
    outcome: Outcome
    trained_again: list[str]
    said: str


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


class BuiltStudy:
    """A study that is up to date, and a copy of it to go back to."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder, self.jobs = folder, jobs
        working_copy.execute(folder, *working_copy.study(jobs))
        working_copy.execute(folder, *working_copy.study(jobs))  # as it is when nothing is to do
        self.before = folder.with_name("before")
        shutil.copytree(folder, self.before, symlinks=True)
        self.results = contents(folder)

    def left(self) -> list[str]:
        """What the build made, and git does not have."""
        listed = working_copy.execute(self.folder, "git", "ls-files", "--others").stdout.splitlines()
        return [name for name in listed if PYTHON_OWN not in name]

    def try_damage(self, file: str, kind: str, damage: Callable[[Path], None]) -> Damaged:
        """Damage the file, see what the command makes of it, and go back to what was before."""
        damage(self.folder / file)
        is_refused, said = self.go_on()
        now = contents(self.folder)
        trained = trained_again(self.folder, self.before)
        if is_refused:
            outcome = "named"
        elif file.startswith(NOT_RESULTS) and now == self.results:
            outcome = "not a result"
        elif now == self.results:
            outcome = "mended"
        else:
            outcome = "made again" if self.is_rebuilt(now) else "escaped"
        self.restore()
        print(f"{outcome:12}  {kind:9}  {file}", flush=True)
        return Damaged(file=file, kind=kind, outcome=outcome, trained_again=trained, said=said)

    def go_on(self) -> tuple[bool, str]:
        """What `make paper` does; whether it refused, and what it said."""
        with chdir(self.folder):
            try:
                return False, in_child(bring_up_to_date, self.jobs)
            except RefusedError as refused:
                return True, str(refused)
            except FailedError as failed:
                return False, f"a traceback: {failed}"

    def is_rebuilt(self, now: dict[str, str]) -> bool:
        """Whether all that differs is of a run that was trained again, whose costs are others: its quality is not."""
        if set(now) != set(self.results) and not trained_again(self.folder, self.before):
            return False
        same = working_copy.qualities(self.folder) == working_copy.qualities(self.before)
        return same and bool(trained_again(self.folder, self.before)) and working_copy.clean(self.folder)

    def restore(self) -> None:
        """Bring back each file that is not what it was."""
        there, wanted = every_file(self.folder), every_file(self.before)
        for file in there - wanted:
            (self.folder / file).unlink()
        known, before = Contents(), Contents()
        for file in wanted:
            path = self.folder / file
            if known.of(path) != before.of(self.before / file):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                shutil.copy2(self.before / file, path)


def bring_up_to_date(jobs: int) -> str:
    """In a process of its own; what it printed."""
    said = StringIO()
    with redirect_stdout(said):
        study.main(str(jobs))
    return said.getvalue()


def every_file(folder: Path) -> set[str]:
    """From the folder on, without git's and Python's."""
    found = set()
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", PYTHON_OWN)]
        found.update(Path(where, name).relative_to(folder).as_posix() for name in names)
    return found


def contents(folder: Path) -> dict[str, str]:
    """Of every result; dvc.lock as what it says, for the order of its entries says nothing."""
    known = Contents()
    found = {}
    for file in sorted(every_file(folder)):
        if not file.startswith(NOT_RESULTS):
            found[file] = known.of(folder / file)
    found[LOCK] = repr(sorted(read_lock(folder / LOCK).items()))
    return found


def read_lock(path: Path) -> dict:
    """The entries of stages; none where it cannot be read."""
    try:
        return YAML(typ="safe", pure=False).load(path)["stages"]
    except Exception:  # it is what was damaged
        return {}


def trained_again(folder: Path, before: Path) -> list[str]:
    """The runs whose records are of another process than they were."""
    return [run.stage for run in working_copy.runs(before) if maker(folder, run) != maker(before, run)]


def maker(folder: Path, run: Run) -> tuple[int, str] | None:
    try:
        identity = working_copy.record(folder, run)["run"]
        return identity["process_id"], identity["started_at"]
    except (OSError, ValueError, LookupError):
        return None


def emptied(path: Path, _: random.Random) -> None:
    overwrite(path, b"")


def halved(path: Path, _: random.Random) -> None:
    whole = path.read_bytes()
    overwrite(path, whole[: len(whole) // 2])


def flipped(path: Path, draw: random.Random) -> None:
    """The lowest bit of a byte, so that a digit becomes another digit; time, size and inode stay."""
    text = bytearray(path.read_bytes())
    text[draw.randrange(len(text))] ^= 1
    state = path.stat()
    overwrite(path, bytes(text))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


KINDS = {"emptied": emptied, "halved": halved, "flipped": flipped}


def overwrite(path: Path, text: bytes) -> None:
    """In place, also what DVC made read-only."""
    mode = path.stat().st_mode
    path.chmod(mode | 0o200)
    with path.open("r+b") as stream:
        stream.truncate(len(text))
        stream.write(text)
    path.chmod(mode)


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


BASE = "base@distilbert"


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
