"""Where the study stands: kept by the head in a small file, shown live or a line an event, read by ``make status``."""

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Literal

import psutil
from pydantic import BaseModel
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stages.core.errors import InputError
from stages.training.settings import Run
from tools.engine.messages import FOLDER

STATE = FOLDER / "state.json"
SINGLE_MARKS = 4  # with more seeds, counts
Status = Literal["waiting", "running", "done", "unchanged", "failed", "blocked"]
MARKS: dict[Status, tuple[str, str]] = {
    "done": ("●", "green"),
    "unchanged": ("●", "dim green"),
    "running": ("▶", "yellow"),
    "failed": ("✗", "red"),
    "blocked": ("-", "red"),
    "waiting": ("·", "dim"),
}


class Entry(BaseModel):
    """One stage; times are seconds since the epoch."""

    status: Status = "waiting"
    started: float | None = None
    ended: float | None = None
    cause: str | None = None


class State(BaseModel):
    """The head's file."""

    process_id: int
    created: float  # when that process started: its number alone may be another's by now
    slots: int = 0
    dashboard: str | None = None
    finished: bool = False
    runs: list[Run]
    stages: dict[str, Entry]

    @property
    def alive(self) -> bool:
        """Whether the head still runs."""
        try:
            return psutil.Process(self.process_id).create_time() == self.created
        except psutil.Error:
            return False

    def write(self) -> None:
        STATE.parent.mkdir(parents=True, exist_ok=True)
        temporary = STATE.with_suffix(".tmp")
        temporary.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        os.replace(temporary, STATE)


def new_state(runs: list[Run], stages: Iterable[str]) -> State:
    """Of this process, everything waiting."""
    mine = psutil.Process()
    entries = {name: Entry() for name in stages}
    return State(process_id=mine.pid, created=mine.create_time(), runs=runs, stages=entries)


def read_state(path: Path = STATE) -> State:
    """Raises InputError: no study has been run here, or by another version."""
    try:
        return State.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; `make paper` runs the study") from error
    except ValueError as error:
        raise InputError(f"{path}: of another version; `make paper` writes it anew") from error


def seconds_left(state: State) -> float | None:
    """Of the runs, from the median of those made so far; None before the first."""
    entries = [state.stages[cell.stage] for cell in state.runs]
    spent = [entry.ended - entry.started for entry in entries if entry.status == "done" and entry.started]
    if not spent or not state.slots:
        return None
    now, usual = time.time(), median(spent)
    running = [max(usual - (now - entry.started), 0) for entry in entries if entry.status == "running"]
    waiting = sum(entry.status == "waiting" for entry in entries)
    return (sum(running) + usual * waiting) / state.slots


def headline(state: State) -> str:
    """Counts of runs, and the time that they may take."""
    found = [state.stages[cell.stage].status for cell in state.runs]
    counts = {
        "done": found.count("done") + found.count("unchanged"),
        "running": found.count("running"),
        "failed": found.count("failed"),
        "waiting": found.count("waiting") + found.count("blocked"),
    }
    words = ", ".join(f"{number} {word}" for word, number in counts.items() if number or word == "done")
    left = seconds_left(state)
    return f"{words} of {len(found)} runs" + (f", about {duration(left)} left" if left else "")


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def table(state: State) -> Table:
    """Configurations down, architectures across, a mark a seed; then the other stages that run or failed."""
    shown = Table(title=headline(state), title_justify="left", caption=caption(state), caption_justify="left")
    architectures = list(dict.fromkeys(cell.architecture for cell in state.runs))
    shown.add_column("configuration")
    for name in architectures:
        shown.add_column(name)
    for configuration in dict.fromkeys(cell.configuration for cell in state.runs):
        rows = (
            [c for c in state.runs if (c.architecture, c.configuration) == (a, configuration)] for a in architectures
        )
        shown.add_row(configuration, *(marks([state.stages[cell.stage].status for cell in cells]) for cells in rows))
    return shown


def marks(statuses: list[Status]) -> Text:
    if len(statuses) <= SINGLE_MARKS:
        return Text.assemble(*((f"{MARKS[status][0]} ", MARKS[status][1]) for status in statuses))
    counted = ((status, statuses.count(status)) for status in MARKS)
    return Text.assemble(*((f"{number}{MARKS[status][0]} ", MARKS[status][1]) for status, number in counted if number))


def caption(state: State) -> str:
    """What else runs or failed."""
    runs = {cell.stage for cell in state.runs}
    others = [(name, entry.status) for name, entry in state.stages.items() if name not in runs]
    busy = [f"{name} {status}" for name, status in others if status in ("running", "failed")]
    legend = "● done  ▶ running  ✗ failed  · waiting"
    return "\n".join([legend, *([", ".join(busy)] if busy else [])])


REFRESH_SECONDS = 0.5


class View:
    """Shows a state that changes; a context."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.console = Console(highlight=False, soft_wrap=True)
        self.live = Live(console=self.console, get_renderable=lambda: table(state), refresh_per_second=1)
        self.interactive = sys.stdout.isatty()

    def __enter__(self) -> "View":
        if self.interactive:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None):
        if self.interactive:
            self.live.stop()

    def event(self, stage: str) -> None:
        """A stage changed its status: write the state, and say so where there is no live table."""
        self.state.write()
        entry = self.state.stages[stage]
        if self.interactive and entry.status != "failed":
            return
        took = f" in {duration(entry.ended - entry.started)}" if entry.started and entry.ended else ""
        why = f": {entry.cause}" if entry.cause else ""
        of_grid = stage in {cell.stage for cell in self.state.runs} and entry.status in ("done", "failed")
        tail = f" ({headline(self.state)})" if of_grid else ""
        self.say(f"{stage} {entry.status}{took}{why}{tail}")

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)
        self.console.file.flush()
