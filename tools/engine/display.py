"""How the study's state is shown: live, or a line an event where the output is no terminal."""

import sys
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tools.engine.state import StageState, Status, StudyState, seconds_left

LISTED = 3  # names of a long list that are shown
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


def event_line(state: StudyState, name: str) -> str:
    """What became of a stage, after a run with how far all runs are."""
    stage: StageState = state.stages[name]
    line = f"{name} {stage.status}"
    if stage.started and stage.ended:
        line += f" in {duration(stage.ended - stage.started)}"
    if stage.cause:
        line += f": {stage.cause}"
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
        self.live = Live(console=self.console, get_renderable=lambda: table(state), refresh_per_second=1)
        self.interactive = sys.stdout.isatty()

    def __enter__(self) -> "Display":
        if self.interactive:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None):
        if self.interactive:
            self.live.stop()

    def event(self, name: str) -> None:
        """A stage changed its status: say so, unless the live table does."""
        if not self.interactive or self.state.stages[name].status == "failed":
            self.say(event_line(self.state, name))

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)
        self.console.file.flush()
