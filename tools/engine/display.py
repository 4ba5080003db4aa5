"""How the study's state is shown: a bar that moves and a line a finished stage; in a log, a line an event."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tools.engine.state import StageState, Status, StudyState, seconds_left

if TYPE_CHECKING:
    from distributed import Client

LISTED = 3  # names of a long list that are shown
BAR_WIDTH = 24  # characters
SAY_EVERY = 300.0  # seconds that a study is without workers
ENDED: tuple[Status, ...] = ("done", "unchanged", "failed", "blocked")
SINGLE_MARKS = 4  # with more seeds, counts
MARKS: dict[Status, tuple[str, str]] = {
    "done": ("●", "green"),
    "unchanged": ("●", "dim green"),
    "running": ("▶", "yellow"),
    "failed": ("✗", "red"),
    "blocked": ("-", "red"),
    "waiting": ("·", "dim"),
}
LEGEND = "● done  ▶ running  ✗ failed  · waiting"


def duration(seconds: float) -> str:
    """In the unit that suits: 45 s, 12 min, 7.5 h, 12 days."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.0f} days"


def headline(state: StudyState) -> str:
    """Counts of runs, and the time that they may take."""
    statuses = [run.status for run in state.of_runs]
    counts = {
        "done": statuses.count("done") + statuses.count("unchanged"),
        "running": statuses.count("running"),
        "failed": statuses.count("failed"),
        "waiting": statuses.count("waiting") + statuses.count("blocked"),
    }
    words = ", ".join(f"{number} {word}" for word, number in counts.items() if number or word == "done")
    left = seconds_left(state)
    return f"{words} of {len(statuses)} runs" + (f", about {duration(left)} left" if left else "")


def bar(state: StudyState) -> Table:
    """One line: how much of all stages has ended, the runs in numbers, time left, and what runs now."""
    statuses = [stage.status for stage in state.stages.values()]
    ended = sum(status in ENDED for status in statuses)
    running = [name for name, stage in state.stages.items() if stage.status == "running"]
    words = "; ".join([headline(state), *([listed(running)] if running else [])])
    line = Table.grid(padding=(0, 1))
    line.add_column(width=BAR_WIDTH)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_row(ProgressBar(total=max(len(statuses), 1), completed=ended, width=BAR_WIDTH), Text(words))
    return line


def table(state: StudyState) -> Table:
    """Configurations down, architectures across, a mark a seed and rate; then the other stages that run or failed."""
    statuses: dict[tuple[str, str], list[Status]] = {}
    for run in state.runs:
        statuses.setdefault((run.configured, run.architecture), []).append(state.stages[run.stage].status)
    configurations = dict.fromkeys(run.configured for run in state.runs)
    architectures = dict.fromkeys(run.architecture for run in state.runs)
    shown = Table(title=headline(state), title_justify="left", caption=caption(state), caption_justify="left")
    for column in ("configuration", *architectures):
        shown.add_column(column)
    for configuration in configurations:
        cells = [marks(statuses.get((configuration, architecture), [])) for architecture in architectures]
        shown.add_row(configuration, *cells)
    return shown


def marks(statuses: list[Status]) -> Text:
    """Of the runs of one cell: a mark each, or how many of each where there are many."""
    shown = Text()
    if len(statuses) <= SINGLE_MARKS:
        for status in statuses:
            mark, style = MARKS[status]
            shown.append(f"{mark} ", style)
        return shown
    for status, (mark, style) in MARKS.items():
        if number := statuses.count(status):
            shown.append(f"{number}{mark} ", style)
    return shown


def caption(state: StudyState) -> str:
    """What the marks mean, and what else runs or failed."""
    runs = {run.stage for run in state.runs}
    others = {name: stage.status for name, stage in state.stages.items() if name not in runs}
    busy = [f"{name} {status}" for name, status in others.items() if status in ("running", "failed")]
    return "\n".join([LEGEND, ", ".join(busy)]) if busy else LEGEND


def short_line(state: StudyState, name: str) -> str:
    """What became of a stage."""
    stage: StageState = state.stages[name]
    line = f"{name} {stage.status}"
    if stage.started and stage.ended:
        line += f" in {duration(stage.ended - stage.started)}"
    return f"{line}: {stage.cause}" if stage.cause else line


def event_line(state: StudyState, name: str) -> str:
    """The same, after a run with how far all runs are."""
    stage, line = state.stages[name], short_line(state, name)
    is_run = any(run.stage == name for run in state.runs)
    return f"{line} ({headline(state)})" if is_run and stage.status in ("done", "failed") else line


def listed(names: list[str]) -> str:
    """The first few, and how many more."""
    if len(names) <= LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:LISTED])} and {len(names) - LISTED} more"


class Display:
    """Shows a state that changes; a context."""

    def __init__(self, state: StudyState) -> None:
        self.state = state
        self.console = Console(highlight=False, soft_wrap=True)
        self.live = Live(console=self.console, get_renderable=lambda: bar(state), refresh_per_second=1, transient=True)
        self.interactive = sys.stdout.isatty()

    def __enter__(self) -> "Display":
        if self.interactive:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None):
        if self.interactive:
            self.live.stop()

    def event(self, name: str) -> None:
        """A stage changed its status: say so; on a terminal, where the bar says what runs, what came of it alone."""
        if not self.interactive:
            self.say(event_line(self.state, name))
        elif self.state.stages[name].status in ENDED:
            self.say(short_line(self.state, name))

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)
        self.console.file.flush()


class Vigil:
    """A study without workers waits for them: says so at once and then at intervals, and when it goes on."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.began: float | None = None  # of the wait
        self.say_after = 0.0

    def look(self, workers: int, client: "Client") -> None:
        """``workers``: how many there are now."""
        now = time.monotonic()
        if workers:
            if self.began is not None:
                self.say(f"{workers} workers: the study goes on")
            self.began = None
            return
        if self.began is None:
            self.began = self.say_after = now
        if now >= self.say_after:
            waited = f" ({duration(now - self.began)} so far)" if now > self.began else ""
            self.say(f"no worker: the study waits for one{waited}; {remedy(client)}")
            self.say_after = now + SAY_EVERY


def remedy(client: "Client") -> str:
    """Of a study without workers."""
    if client.cluster is not None:  # `local`
        return "Dask starts it again"
    return f"`make worker SCHEDULER={client.scheduler.address}` starts it"
