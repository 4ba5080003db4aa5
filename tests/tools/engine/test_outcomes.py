"""What a head takes from a worker: what the stage declares, and nothing else."""

import hashlib
import json
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.core.errors import InputError
from tests.helpers.pipeline import run
from tools.engine.dag import Dag
from tools.engine.messages import Failure, Outcome
from tools.engine.outcomes import accepted
from tools.engine.remote import fetch
from tools.engine.reproduce import load
from tools.engine.scheduler import Head, Options
from tools.engine.state import new_state

MADE = "1\n"


@pytest.fixture
def dag(repository) -> Dag:
    return Dag()


@pytest.fixture
def honest(dag) -> Outcome:
    """Of the stage `first`, as a worker with a clone of its own brings it."""
    outcome = run("first")
    assert isinstance(outcome, Outcome)
    return outcome.model_copy(update={"files": {"a.txt": MADE}})


def test_what_a_stage_declares_is_taken(dag, honest):
    assert accepted(honest, dag.stages["first"]) == honest
    second = run("second")
    assert accepted(second, dag.stages["second"]) == second


def test_of_the_real_pipeline_every_stage_that_was_made_is_taken(dag):
    """The entries of dvc.lock are what workers bring."""
    for name in ("first", "second", "last"):
        outcome = run(name)
        assert accepted(outcome, dag.stages[name]) == outcome


FILES = ["../x", "/tmp/x", "./a.txt", "a.txt/../../x", "b.txt", "dvc.lock", "params.yaml", ".git/hooks/post-commit", ""]


@pytest.mark.parametrize("path", FILES)
def test_another_file_than_the_stages_own_is_refused(dag, honest, path):
    hostile = honest.model_copy(update={"files": {"a.txt": MADE, path: "written"}})
    failure = accepted(hostile, dag.stages["first"])
    assert failure == Failure(
        stage="first",
        kind="error",
        cause=f"worker: brings {path!r}; allowed: what dvc.yaml says of first",
        log="",
    )


def changed(entry: dict, **changes: object) -> dict:
    """The first output of an entry of dvc.lock, otherwise."""
    return entry | {"outs": [entry["outs"][0] | changes]}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (lambda lock: lock | {"cmd": "rm -rf /"}, "ran 'rm -rf /'"),
        (lambda lock: lock | {"wdir": "/"}, "its entry of dvc.lock has 'wdir'"),
        (lambda lock: changed(lock, path="../x"), "its entry of dvc.lock has '../x' among outs"),
        (lambda lock: changed(lock, path="b.txt"), "its entry of dvc.lock has 'b.txt' among outs"),
        (lambda lock: changed(lock, md5="../../../x"), "its entry of dvc.lock gives a.txt the hash '../../../x'"),
        (lambda lock: changed(lock, md5=None), "its entry of dvc.lock gives a.txt the hash None"),
        (lambda lock: lock | {"outs": []}, "its entry of dvc.lock has 0 of 1 outs"),
        (lambda lock: lock | {"outs": lock["outs"] * 2}, "its entry of dvc.lock has 2 of 1 outs"),
        (lambda lock: lock | {"outs": "a.txt"}, "its entry of dvc.lock has no list of outs"),
        (lambda lock: lock | {"deps": lock["outs"]}, "its entry of dvc.lock has 'a.txt' among deps"),
    ],
)
def test_another_entry_of_the_lock_than_the_stages_is_refused(dag, honest, changes, fault):
    hostile = honest.model_copy(update={"lock": changes(honest.lock)})
    assert accepted(hostile, dag.stages["first"]).cause == (f"worker: {fault}; allowed: what dvc.yaml says of first")


def test_a_result_of_another_stage_is_refused(dag, honest):
    assert accepted(honest, dag.stages["second"]).cause == (
        "worker: reports on 'first'; allowed: what dvc.yaml says of second"
    )


def test_a_failure_is_of_the_stage_that_was_asked_for_and_plain_text(dag):
    """Its stage names a log's file; its cause and log are shown on a terminal."""
    hostile = Failure(stage="../../x", kind="error", cause="\x1b]0;owned\x07" + "c" * 5000, log="a\x1b[2Jb\nc")
    failure = accepted(hostile, dag.stages["first"])
    assert (failure.stage, failure.log) == ("first", "a [2Jb\nc")
    assert failure.cause == " ]0;owned " + "c" * 990


def test_the_head_writes_nothing_that_is_refused(dag, honest, tmp_path):
    """Through the head itself, as a future of Dask ends."""
    state = new_state([], dag.stages)
    display = SimpleNamespace(event=lambda stage: None, say=print)
    options = Options(runs={}, allow_failed=False, exclusive=False, remote="store")
    head = Head(dag, state, display, SimpleNamespace(status="running"), options)
    head.in_flight["first"] = True
    future: Future = Future()
    future.set_result(honest.model_copy(update={"files": {"../x": "written"}}).model_dump_json())
    head.finished.put(("first", future))
    head.take_finished()
    assert (state.stages["first"].status, state.stages["first"].cause) == (
        "failed",
        "worker: brings '../x'; allowed: what dvc.yaml says of first",
    )
    assert not (tmp_path.parent / "x").exists()


def test_a_folder_whose_listing_names_a_file_elsewhere_is_not_put_in_place(repository):
    """Who can write to the remote can write such a listing: DVC's cache knows it by its hash alone."""
    Path("dvc.yaml").write_text("stages:\n  it: {cmd: 'mkdir -p d; echo 1 > d/x', outs: [d]}\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], check=True)
    dag = Dag()
    entry = dag.lock_entry("it")
    cache = Path(".dvc/cache/files/md5")
    old = entry["outs"][0]["md5"]
    content = json.loads((cache / old[:2] / old[2:]).read_text(encoding="utf-8"))
    content[0]["relpath"] = "../outside"
    listing = json.dumps(content).encode()
    digest = hashlib.md5(listing).hexdigest()  # DVC checks a listing against its own name
    (cache / digest[:2]).mkdir(exist_ok=True)
    (cache / digest[:2] / f"{digest[2:]}.dir").write_bytes(listing)
    entry["outs"][0]["md5"] = f"{digest}.dir"
    subprocess.run(["rm", "-r", "d"], check=True)
    stage = load(dag.repo, "it", entry)
    with dag.repo.lock, pytest.raises(InputError) as caught:
        fetch(stage, None)
    assert str(caught.value) == "d: '../outside': a file elsewhere; allowed: files of the folder"
    assert not Path("outside").exists()
