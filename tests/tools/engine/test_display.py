"""What is seen of a study that runs: on a terminal a bar and a line a finished stage, in a log a line an event."""

import io

import pytest
from rich.console import Console

from stages.training.settings import Run
from tools.engine.display import Display, bar
from tools.engine.state import StudyState, new_state

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def study() -> StudyState:
    """Two runs, one done in ten seconds and one running on one worker; and a stage after them."""
    runs = [Run(architecture="roberta", configuration="full", seed=seed, role="train") for seed in (1, 2)]
    state = new_state(runs, [*(run.stage for run in runs), "collect"])
    state.slots = 1
    done, running = (state.stages[run.stage] for run in runs)
    done.status, done.started, done.ended = "done", 100.0, 110.0
    running.status, running.started = "running", 1e12  # just now, whatever the clock says
    return state


def shown(state: StudyState, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(bar(state))
    return console.file.getvalue()


def test_the_bar_is_one_line_with_counts_time_left_and_what_runs():
    text = shown(study())
    assert text.count("\n") == 1
    assert text.rstrip().endswith("left; train@roberta-full-2")
    assert "1 done, 1 running of 2 runs, about " in text


def test_the_bar_stays_one_line_on_a_narrow_terminal():
    text = shown(study(), width=50)
    assert text.count("\n") == 1
    assert len(text.rstrip("\n")) <= 50


def test_the_bar_is_full_when_all_has_ended():
    state = study()
    for stage in state.stages.values():
        stage.status, stage.started, stage.ended = "done", 100.0, 110.0
    assert "2 done of 2 runs" in shown(state)
    assert shown(state).count("━") == 24


@pytest.mark.parametrize(
    ("interactive", "lines"),
    [
        (True, ["train@roberta-full-1 done in 10 s", "collect failed: no room"]),
        (
            False,
            [
                "train@roberta-full-1 done in 10 s (1 done, 1 running of 2 runs)",
                "train@roberta-full-2 running",
                "collect failed: no room",
            ],
        ),
    ],
)
def test_a_line_a_finished_stage_on_a_terminal_and_a_line_an_event_in_a_log(interactive, lines):
    state = study()
    state.stages["collect"].status, state.stages["collect"].cause = "failed", "no room"
    display = Display(state)
    display.console = Console(file=io.StringIO(), width=200, highlight=False)
    display.interactive = interactive
    state.stages["train@roberta-full-2"].started = 0.5  # it has taken longer than the other: nothing is left
    for name in state.stages:
        display.event(name)
    assert display.console.file.getvalue().splitlines() == lines
