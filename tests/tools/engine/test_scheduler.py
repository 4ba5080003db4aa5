"""The head's decisions."""

from types import SimpleNamespace

import pytest

from stages.training.settings import Run
from tests.helpers.pipeline import run
from tools.engine.dag import Dag
from tools.engine.display import Vigil
from tools.engine.scheduler import Head, Options
from tools.engine.state import new_state

ELSEWHERE = {"cluster": None, "scheduler": SimpleNamespace(address="tcp://host:8786")}


def test_runs_know_their_stage():
    probe = Run(architecture="roberta", configuration="lora-r8", seed=42, role="probe")
    assert probe.stage == "probe@roberta-lora-r8-42"


@pytest.mark.parametrize(
    ("exclusive", "busy", "a_run", "another_stage"),
    [
        (False, ["train@a"], True, True),
        (False, ["train@a", "other"], False, False),
        (True, [], True, True),
        (True, ["train@a"], False, False),
        (True, ["other"], False, True),
    ],
)
def test_an_exclusive_run_shares_its_machine_with_nothing(exclusive, busy, a_run, another_stage):
    """Two workers on one machine: may another run of the grid start, may another stage?"""
    head = object.__new__(Head)
    head.options = Options(
        runs=dict.fromkeys(["train@a", "train@b"]), allow_failed=False, exclusive=exclusive, remote=None
    )
    head.in_flight = dict.fromkeys(busy, True)
    head.hosts = head.devices = {"machine": ["worker-1", "worker-2"]}
    head.state = SimpleNamespace(slots=2)
    assert (head.has_room("train@b"), head.has_room("tables")) == (a_run, another_stage)


@pytest.mark.usefixtures("repository")
def test_dvc_is_asked_once_whether_a_stage_that_could_start_is_out_of_date(monkeypatch):
    """Not while no worker is free: a busy study looks each second whether something can start."""
    workers = {}
    monkeypatch.setattr("tools.engine.scheduler.cluster.slots", lambda client: workers)
    made, asked, submitted = Dag(), [], []
    for name in ("first", "second", "last"):
        made.note(run(name))
    made.write_lock()
    dag = Dag()
    changed = dag.changed
    dag.changed = lambda name: asked.append(name) or changed(name)
    state = new_state([], dag.stages)
    display = SimpleNamespace(event=lambda stage: None, say=print)
    client = SimpleNamespace(**ELSEWHERE)
    head = Head(dag, state, display, client, Options(runs={}, allow_failed=False, exclusive=False, remote=None))
    head.submit = submitted.append
    assert [head.submit_ready() for _ in range(3)] == [False, False, False]
    assert asked == []
    workers["machine"] = ["worker-1"]
    assert [head.submit_ready() for _ in range(5)] == [True] * 5
    assert sorted(asked) == ["bad", "first", "last", "second"]
    assert set(submitted) == {"bad"}


@pytest.mark.usefixtures("repository")
def test_a_study_waits_for_its_first_worker(monkeypatch):
    """One that a batch system starts later."""
    looks = iter([{}, {}, {"machine": ["worker-1"]}])
    monkeypatch.setattr("tools.engine.scheduler.cluster.slots", lambda client: next(looks, {"machine": ["worker-1"]}))
    monkeypatch.setattr("tools.engine.scheduler.POLL_SECONDS", 0.01)
    dag = Dag()
    state = new_state([], dag.stages)
    said = []
    display = SimpleNamespace(event=lambda stage: None, say=said.append)
    client = SimpleNamespace(status="running", **ELSEWHERE)
    head = Head(dag, state, display, client, Options(runs={}, allow_failed=False, exclusive=False, remote=None))
    head.submit = lambda name: head.set(name, "failed" if name == "bad" else "done")
    head.run()
    assert {stage.status for name, stage in state.stages.items() if name != "bad"} == {"done"}
    assert said == [
        "no worker: the study waits for one; `make worker SCHEDULER=tcp://host:8786` starts it",
        "1 workers: the study goes on",
    ]


def test_a_wait_for_workers_is_said_at_intervals(monkeypatch):
    said, clock = [], iter([0.0, 299.0, 300.0, 1000.0])
    monkeypatch.setattr("tools.engine.display.time.monotonic", lambda: next(clock))
    vigil = Vigil(said.append)
    for workers in (0, 0, 0, 2):
        vigil.look(workers, SimpleNamespace(**ELSEWHERE))
    assert said == [
        "no worker: the study waits for one; `make worker SCHEDULER=tcp://host:8786` starts it",
        "no worker: the study waits for one (5 min so far); `make worker SCHEDULER=tcp://host:8786` starts it",
        "2 workers: the study goes on",
    ]


@pytest.mark.usefixtures("repository")
def test_what_is_blocked_says_by_what(monkeypatch):
    """Of everything that follows from a stage that failed."""
    monkeypatch.setattr("tools.engine.scheduler.cluster.slots", lambda client: {"machine": ["worker-1"]})
    dag = Dag()
    state = new_state([], dag.stages)
    display = SimpleNamespace(event=lambda stage: None, say=print)
    client = SimpleNamespace(status="running", **ELSEWHERE)
    head = Head(dag, state, display, client, Options(runs={}, allow_failed=False, exclusive=False, remote=None))
    head.submit = lambda name: head.set(name, "failed" if name == "second" else "done")
    head.run()
    assert (state.stages["last"].status, state.stages["last"].cause) == ("blocked", "second failed")
