"""The study's DAG, read from DVC; dvc.lock, which the head alone writes; and DVC's own locks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from dvc.dvcfile import LOCK_FILE
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.experiments.utils import EXEC_TMP_DIR
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import rwlock
from dvc.scm import NoSCM
from dvc.stage import PipelineStage
from dvc.stage.loader import StageLoader
from dvc.utils.serialize import dump_yaml, parse_yaml_for_update
from yaml import YAMLError

from stages.core.errors import InputError
from stages.core.files import written_whole
from stages.core.yaml_limits import require_moderate_lock
from tools.engine.messages import JOURNAL, LockEntry, Outcome, journal_path
from tools.engine.recipe import code_dependencies, fingerprint
from tools.engine.reproduce import lock_entry

BACK = "`git checkout {}` brings back what is committed"
# DVC shows it behind "'workspace' is busy, it is being blocked by: (PID …)".
SAID = "make paper, which runs in this folder; `make status` shows how far it is: run the experiment when it has ended"


def unusable(error: OSError) -> str:
    """A file or folder that DVC cannot use, and what helps."""
    return (
        f"{error.filename}: {error.strerror}: DVC cannot use it; if it is DVC's cache for the whole "
        "machine, set DVC_SITE_CACHE_DIR to a folder of your own"
    )


def unreadable(error: DvcException) -> str:
    """What DVC says of a file that it cannot read, and what helps where it is one that git has."""
    line = " ".join(str(error).split())
    named = [name for name in ("dvc.lock", "dvc.yaml") if name in line]
    return f"{line}; {BACK.format(named[0])}" if named else line


def require_moderate_files() -> None:
    """Of dvc.yaml and dvc.lock, before DVC reads them: it sets no limits.

    Raises:
        InputError: one is too deep, or stands for too much.
    """
    for name in ("dvc.yaml", LOCK_FILE):
        try:
            require_moderate_lock(Path(name).read_text(encoding="utf-8"), name)
        except InputError as error:
            raise InputError(f"{error}; {BACK.format(name)}") from error
        except (OSError, ValueError, YAMLError):  # DVC says what is wrong
            continue


class Dag:
    """Stages by name in the order in which ``dvc repro`` would run them.

    Raises:
        InputError: DVC cannot read dvc.yaml, params.yaml or dvc.lock.
    """

    def __init__(self) -> None:
        require_moderate_files()
        merge_journal()
        try:
            self.repo = Repo(_wait_for_lock=True)
            index = self.repo.index
            graph = get_active_graph(index.graph)
        except DvcException as error:
            raise InputError(unreadable(error)) from error
        except OSError as error:
            raise InputError(unusable(error)) from error
        if not len(graph):
            raise InputError(f"dvc.yaml: no stages; {BACK.format('dvc.yaml')}")
        self.stages: dict[str, PipelineStage] = {stage.name: stage for stage in plan_repro(graph, list(graph))}
        self.upstream: dict[str, list[str]] = {}
        self.downstream: dict[str, list[str]] = {}
        for stage in graph:  # an edge of DVC's graph leads to what a stage depends on
            self.upstream[stage.name] = [before.name for before in graph.successors(stage)]
            self.downstream[stage.name] = [after.name for after in graph.predecessors(stage)]
        self._code: dict[str, str | None] = {}
        self._made: dict[str, LockEntry] = {}
        self._unwritten: set[str] = set()

    def changed(self, name: str) -> bool:
        """Whether ``dvc repro`` would run the stage now."""
        with self.repo.lock:
            return self.stages[name].changed()

    def following(self, name: str) -> int:
        """How many stages wait for this one, directly or not."""
        waiting, queue = set(), [name]
        while queue:
            for after in self.downstream[queue.pop()]:
                if after not in waiting:
                    waiting.add(after)
                    queue.append(after)
        return len(waiting)

    def code(self, name: str) -> dict[str, str | None]:
        """Hashes of the code that a stage depends on, as it was when a stage first asked for it."""
        dependencies = code_dependencies(self.stages[name])
        for dependency in dependencies:
            if dependency.def_path not in self._code:
                self._code[dependency.def_path] = fingerprint(dependency)
        return {dependency.def_path: self._code[dependency.def_path] for dependency in dependencies}

    def note(self, outcome: Outcome) -> None:
        """Take in what a stage's process left; ``write_lock`` writes it."""
        self._made[outcome.stage] = outcome.lock
        self._unwritten.add(outcome.stage)

    def lock_entry(self, name: str) -> LockEntry:
        """A stage's part of dvc.lock as it is or will be written."""
        return self._made.get(name) or lock_entry(self.stages[name])

    def adopt(self, name: str, entry: LockEntry) -> None:
        """Take an entry for a stage's own: it is true of what is there; ``write_lock`` writes it."""
        stage = self.stages[name]
        StageLoader.fill_from_lock(stage, entry)
        stage.cmd_changed = False
        self._made[name] = entry
        self._unwritten.add(name)

    def write_lock(self) -> None:
        """Bring dvc.lock up to date, stages that were not in it in the order of ``dvc repro``."""
        with self.repo.lock:
            update_lock({name: self._made[name] for name in self.stages if name in self._unwritten})
        self._unwritten.clear()

    def clear_stale_locks(self) -> None:
        """Remove what a killed DVC left in its list of locked paths, unless some DVC still runs."""
        path = Path(self.repo.tmp_dir, "rwlock")
        if not path.exists():
            return
        holders = set(re.findall(r'"pid": (\d+)', path.read_text(encoding="utf-8", errors="replace")))
        if not any(map(runs_dvc, holders)):
            path.unlink()


@contextmanager
def kept_out(repo: Repo) -> Iterator[None]:
    """Let no `dvc exp run` begin in this folder meanwhile, which would check out over what is made.

    DVC's own lock for that names what holds it.

    Raises:
        InputError: an experiment runs here already.
    """
    if isinstance(repo.scm, NoSCM):  # then there are no experiments
        yield
        return
    running = repo.experiments.workspace_queue.get_running_exp()
    if running is not None:
        raise InputError(f"{running}: `dvc exp run` runs this experiment here; `make paper` when it has ended")
    folder = Path(repo.tmp_dir, EXEC_TMP_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    hardlink = repo.config["core"].get("hardlink_lock", False)
    with rwlock(str(folder), repo.fs, SAID, read=["workspace"], write=[], hardlink=hardlink):
        yield


def runs_dvc(pid: str) -> bool:
    """Whether a process of this number exists and is DVC: numbers are used again."""
    try:
        command = " ".join(psutil.Process(int(pid)).cmdline())
    except psutil.Error:
        return False
    return "dvc" in command or "tools.engine.reproduce" in command


def merge_journal() -> None:
    """Write to dvc.lock what a head that was killed could not: stages that had been completed.

    Raises:
        InputError: an entry is of another version.
    """
    entries = {}
    for path in sorted(JOURNAL.glob("*.json")):
        try:
            outcome = Outcome.model_validate_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path}: not an entry of this version's journal; remove it") from error
        entries[outcome.stage] = outcome.lock
    update_lock(entries)


def update_lock(entries: dict[str, LockEntry]) -> None:
    """Put entries into dvc.lock, whole or not at all, and take them from the journal."""
    if not entries:
        return
    path = Path(LOCK_FILE)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    data = parse_yaml_for_update(text, str(path)) or {"schema": "2.0"}
    stages = data.setdefault("stages", {})
    stages.update(entries)
    with written_whole(path) as beside:
        dump_yaml(str(beside), data)
    for name in entries:
        journal_path(name).unlink(missing_ok=True)
