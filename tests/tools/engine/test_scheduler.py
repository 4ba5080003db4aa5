"""The head's decisions and what a stage's process leaves, on a pipeline of a few shell commands in a repository."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from stages.core.errors import InputError
from stages.training.settings import Run
from tests.helpers.tiny_study import ROOT
from tools.engine import worker as task
from tools.engine.dag import Dag
from tools.engine.messages import JOURNAL, Failure, Job, Outcome, code_fingerprint
from tools.engine.plan import plan
from tools.engine.progress import new_state, read_state
from tools.engine.scheduler import Options, Study

PIPELINE = """
stages:
  first: {cmd: echo 1 > a.txt, outs: [a.txt: {cache: false}]}
  second: {cmd: cat a.txt a.txt > b.txt, deps: [a.txt], outs: [b.txt]}
  bad: {cmd: "echo 'error: diverged: loss nan'; exit 3", deps: [a.txt], outs: [c.txt]}
  last: {cmd: cat b.txt > d.txt, deps: [b.txt], outs: [d.txt]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], check=True)
    Path("dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    for name in ("params.yaml", "requirements.txt"):
        Path(name).touch()
    Path("stages").mkdir()
    return tmp_path


def run(stage: str, **changes) -> Outcome | Failure:
    job = Job(**{"stage": stage, "workspace": str(Path.cwd()), "code": code_fingerprint()} | changes)
    text = task.run(job.model_dump_json())
    return Failure.model_validate_json(text) if "cause" in json.loads(text) else Outcome.model_validate_json(text)


def status() -> str:
    return subprocess.run([sys.executable, "-m", "dvc", "status"], capture_output=True, text=True, check=True).stdout


def test_dvc_agrees_with_what_was_run_and_written(folder):
    pipeline = Dag()
    assert list(pipeline.stages) == ["first", "second", "bad", "last"]
    assert pipeline.upstream["last"] == ["second"]
    assert pipeline.following("first") == 3
    for name in ("first", "second", "last"):
        pipeline.note(run(name))
    assert not Path("dvc.lock").exists()
    pipeline.write_lock()
    assert Path("b.txt").read_text() == "1\n1\n"
    assert not list(JOURNAL.iterdir())
    assert "first:" not in status()
    assert "bad:" in status()
    state = new_state([], Dag().stages)
    plan(Dag(), state, allow_failed=False)
    assert {name: entry.status for name, entry in state.stages.items()} == {
        "first": "unchanged",
        "second": "unchanged",
        "last": "unchanged",
        "bad": "waiting",
    }


def test_what_a_killed_head_could_not_write_is_taken_from_the_journal(folder):
    run("first")
    assert [path.name for path in JOURNAL.iterdir()] == ["first.json"]
    assert not Dag().changed("first")
    assert "first:" not in status()


def test_lock_file_is_written_as_dvc_writes_it(folder):
    pipeline = Dag()
    for name in ("first", "second", "last"):
        pipeline.note(run(name))
    pipeline.write_lock()
    ours = Path("dvc.lock").read_bytes()
    Path("dvc.lock").unlink()
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet", "last"], check=True)
    assert Path("dvc.lock").read_bytes() == ours


def test_a_failing_command_is_diagnosed_and_logged(folder):
    run("first")
    found = run("bad")
    assert (found.kind, found.cause) == ("diverged", "diverged: loss nan")
    assert Path("models/.study/logs/bad.log").read_text().splitlines()[-1] == "error: diverged: loss nan"
    assert found.inputs == run("bad").inputs
    assert not (JOURNAL / "bad.json").exists()


@pytest.mark.parametrize(
    ("status", "log", "expected"),
    [
        (-9, "", ("killed", "killed by SIGKILL; the system does so when memory runs out")),
        (137, "", ("killed", "killed by SIGKILL; the system does so when memory runs out")),
        (1, "x\nMemoryError\n", ("out of memory", "MemoryError")),
        (1, "RuntimeError: can't allocate memory\n", ("out of memory", "RuntimeError: can't allocate memory")),
        (1, "torch.OutOfMemoryError: of CUDA\n", ("out of memory", "torch.OutOfMemoryError: of CUDA")),
        (1, "error: params.yaml: lr: no\n", ("error", "params.yaml: lr: no")),
        (2, "", ("error", "exit status 2")),
    ],
)
def test_diagnosis(status, log, expected):
    assert task.diagnose(status, log) == expected


def test_a_worker_with_other_code_says_so(folder):
    found = run("first", code="0" * 64)
    assert found.cause.endswith("code or params.yaml differ from the head's: check out the same commit there")
    assert not Path("a.txt").exists()


def test_the_command_ends_with_its_worker(folder):
    """The process group goes when the other end of standard input does."""
    Path("dvc.yaml").write_text("stages: {slow: {cmd: sleep 60 & echo $! > pid; wait}}", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.engine.reproduce"], stdin=subprocess.PIPE, start_new_session=True
    )
    process.stdin.write(Job(stage="slow", code="").model_dump_json().encode() + b"\n")
    process.stdin.flush()
    while not (Path("pid").exists() and Path("pid").read_text().strip()):
        assert process.poll() is None
    command = int(Path("pid").read_text())
    process.stdin.close()
    assert process.wait(20) == -9
    psutil.wait_procs([psutil.Process(command)] if psutil.pid_exists(command) else [], timeout=10)
    assert not psutil.pid_exists(command)


def test_corrupt_journal_and_missing_state_are_named(folder):
    JOURNAL.mkdir(parents=True)
    (JOURNAL / "first.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"first\.json: not an entry of this version's journal; remove it"):
        Dag()
    with pytest.raises(InputError, match="not found; `make paper` runs the study"):
        read_state()


def test_locks_of_dead_processes_are_removed(folder):
    pipeline = Dag()
    left = Path(".dvc/tmp/rwlock")
    left.write_text(json.dumps({"write": {"a.txt": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}), encoding="utf-8")
    pipeline.clear_stale_locks()  # process 1 exists and is no DVC
    assert not left.exists()


def test_cells_know_their_stage():
    cell = Run(architecture="roberta", configuration="lora-r8", seed=42, role="probe")
    assert cell.stage == "probe@roberta-lora-r8-42"


@pytest.mark.parametrize(
    ("exclusive", "busy", "cell", "other"),
    [
        (False, ["train@a"], True, True),
        (False, ["train@a", "other"], False, False),
        (True, [], True, True),
        (True, ["train@a"], False, False),
        (True, ["other"], False, True),
    ],
)
def test_an_exclusive_run_shares_its_machine_with_nothing(exclusive, busy, cell, other):
    """Two workers on one machine: may another run of the grid start, may another stage?"""
    study = object.__new__(Study)
    study.options = Options(
        runs=dict.fromkeys(["train@a", "train@b"]), allow_failed=False, exclusive=exclusive, remote=None
    )
    study.in_flight = dict.fromkeys(busy, True)
    study.hosts, study.state = {"machine": ["worker-1", "worker-2"]}, SimpleNamespace(slots=2)
    assert (study.has_room("train@b"), study.has_room("tables")) == (cell, other)


def test_dvc_is_asked_once_whether_a_waiting_stage_is_out_of_date(folder, monkeypatch):
    """A busy study looks each second whether something can start; no worker is free here."""
    monkeypatch.setattr("tools.engine.scheduler.cluster.slots", lambda client: {})
    made, asked = Dag(), []
    for name in ("first", "second", "last"):
        made.note(run(name))
    made.write_lock()
    pipeline = Dag()
    changed = pipeline.changed
    pipeline.changed = lambda name: asked.append(name) or changed(name)
    state = new_state([], pipeline.stages)
    view = SimpleNamespace(event=lambda stage: None)
    study = Study(pipeline, state, view, None, Options(runs={}, allow_failed=False, exclusive=False, remote=None))
    assert [study.submit_ready() for _ in range(6)] == [True, True, True, False, False, False]
    assert sorted(asked) == ["bad", "first", "last", "second"]
    assert study.status("bad") == "waiting"
