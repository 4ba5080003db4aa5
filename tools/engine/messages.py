"""What the head tells a worker about one stage, and what comes back; JSON, so that it passes between processes."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

FOLDER = Path("models/.study")  # the head's notes: state, journal, logs
STUDIES = Path(".studies")  # working copies of studies, a folder a study (tools/studies/working_folder.py)
JOURNAL = FOLDER / "journal"
LOGS = FOLDER / "logs"

LockEntry = dict[str, Any]  # of one stage, as dvc.lock has it
Kind = Literal["diverged", "out of memory", "killed", "error"]


class Job(BaseModel):
    """One stage to reproduce (or to fetch: its outputs, made elsewhere, come from the remote)."""

    stage: str
    action: Literal["reproduce", "fetch"] = "reproduce"
    command: str = ""  # of the stage; this and the next must be the same where it is reproduced
    code: dict[str, str | None] = {}  # what the command runs: DVC's hash of each file and folder (recipe.py)
    lock: LockEntry = {}
    upstream: dict[str, LockEntry] = {}  # whose outputs a worker without the head's workspace must fetch first
    remote: str | None = None  # of DVC; None: the workspace is shared
    workspace: str | None = None  # where to run; None: the worker's own clone
    runs_at_once: dict[str, tuple[int, int]] = {}  # by worker: that share its machine, and its GPU


class Order(BaseModel):
    """A job for a process with libraries loaded (``warm.py``): what it writes to, and finds in its environment."""

    job: str  # as JSON
    log: str
    environment: dict[str, str]


class Command(BaseModel):
    """A module to run as ``python -m`` does."""

    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]


class Outcome(BaseModel):
    """A stage that is up to date: its lock entry, and the outputs that DVC does not cache, by path."""

    stage: str
    ran: bool
    lock: LockEntry
    files: dict[str, str] = {}


class FailureNote(BaseModel):
    """How a stage's command ended (negative: by which signal), and SHA-256 of what it read."""

    status: int
    inputs: str


class Failure(BaseModel):
    """A stage that is not: why, in a word and in a line, and the end of its log."""

    stage: str
    kind: Kind
    cause: str
    log: str
    inputs: str | None = None  # None: DVC itself was killed


def journal_path(stage: str) -> Path:
    return JOURNAL / f"{stage}.json"


def failure_path(stage: str) -> Path:
    return JOURNAL / f"{stage}.failed"


def log_path(stage: str) -> Path:
    return LOGS / f"{stage}.log"
