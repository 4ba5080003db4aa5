"""Where the study stands: a small file that the head keeps and ``make status`` reads."""

import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Literal

import psutil
from pydantic import BaseModel

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.training.settings import Run
from tools.engine.messages import FOLDER

STATE = FOLDER / "state.json"
Status = Literal["waiting", "running", "done", "unchanged", "failed", "blocked"]


class StageState(BaseModel):
    """One stage; times are seconds since the epoch."""

    status: Status = "waiting"
    started: float | None = None
    ended: float | None = None
    cause: str | None = None


class StudyState(BaseModel):
    """The file."""

    process_id: int
    created: float  # when that process started: its number alone may be another's by now
    slots: int = 0
    dashboard: str | None = None
    finished: bool = False
    runs: list[Run]
    stages: dict[str, StageState]

    @property
    def alive(self) -> bool:
        """Whether the head still runs."""
        try:
            return psutil.Process(self.process_id).create_time() == self.created
        except psutil.Error:
            return False

    @property
    def of_runs(self) -> list[StageState]:
        """The stages that are runs, in the order of the grid."""
        return [self.stages[run.stage] for run in self.runs]

    def write(self) -> None:
        write_text(STATE, self.model_dump_json(indent=1))


def new_state(runs: list[Run], stages: Iterable[str]) -> StudyState:
    """Of this process, everything waiting."""
    head = psutil.Process()
    waiting = {name: StageState() for name in stages}
    return StudyState(process_id=head.pid, created=head.create_time(), runs=runs, stages=waiting)


def read_state(path: Path = STATE) -> StudyState:
    """Raises InputError: no study has been run here, or by another version."""
    try:
        return StudyState.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; `make paper` runs the study") from error
    except ValueError as error:
        raise InputError(f"{path}: of another version; `make paper` writes it anew") from error


def seconds_left(state: StudyState) -> float | None:
    """Of the runs, from the median of those made so far; None before the first."""
    spent = [run.ended - run.started for run in state.of_runs if run.status == "done" and run.started]
    if not spent or not state.slots:
        return None
    now, usual = time.time(), median(spent)
    of_running = sum(max(usual - (now - run.started), 0) for run in state.of_runs if run.status == "running")
    waiting = sum(run.status == "waiting" for run in state.of_runs)
    return (of_running + usual * waiting) / state.slots
