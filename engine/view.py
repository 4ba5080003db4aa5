"""What a person sees while the study runs: one live table in a terminal, else a line an event."""

import sys
from types import TracebackType

from rich.console import Console
from rich.live import Live

from engine.board import State, duration, headline, table

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
        of_grid = stage in {cell.stage for cell in self.state.cells} and entry.status in ("done", "failed")
        tail = f" ({headline(self.state)})" if of_grid else ""
        self.say(f"{stage} {entry.status}{took}{why}{tail}")

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)
        self.console.file.flush()
