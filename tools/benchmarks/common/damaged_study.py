"""A study that is built, damaged, gone on with and compared with what it was."""

import os
import random
import shutil
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML, YAMLError

from stages.core.contents import Contents
from stages.core.types import Strict
from stages.training.settings import Run
from tools import study
from tools.benchmarks.common import working_copy
from tools.benchmarks.common.children import FailedError, RefusedError, in_child

# What `make paper` imports when it is needed: once, before a process is forked for each damage.
from tools.engine import dag, plan, scheduler  # noqa: F401

LOCK = "dvc.lock"
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


class BuiltStudy:
    """A study that is up to date, and a copy of it to go back to."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder, self.jobs = folder, jobs
        working_copy.execute(folder, *working_copy.study(jobs))
        working_copy.execute(folder, *working_copy.study(jobs))  # as it is when nothing is to do
        self.before = folder.with_name("before")
        shutil.copytree(folder, self.before, symlinks=True)
        self.results = contents(folder)
        self.runs = working_copy.runs(folder)

    def left(self) -> list[str]:
        """What the build made, and git does not have."""
        listed = working_copy.execute(self.folder, "git", "ls-files", "--others").stdout.splitlines()
        return [name for name in listed if PYTHON_OWN not in name]

    def try_damage(self, file: str, kind: str, damage: Callable[[Path], None]) -> Damaged:
        """Damage the file, see what the command makes of it, and go back to what was before."""
        damage(self.folder / file)
        damaged = Contents().of(self.folder / file)
        is_refused, said = self.go_on()
        now = contents(self.folder)
        trained = [run.stage for run in self.runs if maker(self.folder, run) != maker(self.before, run)]
        if is_refused:
            outcome = "named"
        elif file.startswith(NOT_RESULTS) and now == self.results:
            outcome = "not a result"
        elif now == self.results:
            outcome = "mended"
        else:
            outcome = "made again" if now.get(file) != damaged and self.is_rebuilt(said) else "escaped"
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

    def is_rebuilt(self, said: str) -> bool:
        """Whether stages were run again, whose costs are others, and led to the same quality."""
        same = working_copy.qualities(self.folder) == working_copy.qualities(self.before)
        return same and " done in " in said and working_copy.clean(self.folder)

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
        return YAML(typ="safe").load(path)["stages"]
    except (OSError, ValueError, LookupError, TypeError, YAMLError):
        return {}


def maker(folder: Path, run: Run) -> tuple[int, str] | None:
    """The process that a run's record is of; None of a record that cannot be read."""
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
