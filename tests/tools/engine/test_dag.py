import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.errors import InputError
from tests.helpers.pipeline import run, status
from tools.engine import dag
from tools.engine.dag import Dag
from tools.engine.messages import JOURNAL
from tools.engine.plan import plan
from tools.engine.state import new_state

pytestmark = pytest.mark.usefixtures("repository")

BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))]).encode()


def test_dvc_agrees_with_what_was_run_and_written():
    dag = Dag()
    assert list(dag.stages) == ["first", "second", "bad", "last"]
    assert dag.upstream["last"] == ["second"]
    assert dag.following("first") == 3
    for name in ("first", "second", "last"):
        dag.note(run(name))
    assert not Path("dvc.lock").exists()
    dag.write_lock()
    assert Path("b.txt").read_text(encoding="utf-8") == "1\n1\n"
    assert not list(JOURNAL.iterdir())
    assert "first:" not in status()
    assert "bad:" in status()
    state = new_state([], Dag().stages)
    plan(Dag(), state, allow_failed=False)
    assert {name: stage.status for name, stage in state.stages.items()} == {
        "first": "unchanged",
        "second": "unchanged",
        "last": "unchanged",
        "bad": "waiting",
    }


def test_what_a_killed_head_could_not_write_is_taken_from_the_journal():
    run("first")
    assert [path.name for path in JOURNAL.iterdir()] == ["first.json"]
    assert not Dag().changed("first")
    assert "first:" not in status()


def test_lock_file_is_written_as_dvc_writes_it():
    dag = Dag()
    for name in ("first", "second", "last"):
        dag.note(run(name))
    dag.write_lock()
    ours = Path("dvc.lock").read_bytes()
    Path("dvc.lock").unlink()
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet", "last"], check=True)
    assert Path("dvc.lock").read_bytes() == ours


def test_corrupt_journal_is_named():
    JOURNAL.mkdir(parents=True)
    (JOURNAL / "first.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"first\.json: not an entry of this version's journal; remove it"):
        Dag()


def test_locks_of_dead_processes_are_removed():
    dag = Dag()
    left = Path(".dvc/tmp/rwlock")
    left.write_text(json.dumps({"write": {"a.txt": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}), encoding="utf-8")
    dag.clear_stale_locks()  # process 1 exists and is no DVC
    assert not left.exists()


@pytest.mark.usefixtures("in_empty_folder")
def test_a_cache_of_the_machine_that_cannot_be_written_is_named(monkeypatch):
    def refuse(**options):
        raise PermissionError(13, "Permission denied", "/var/tmp/dvc")

    monkeypatch.setattr(dag, "Repo", refuse)
    with pytest.raises(InputError) as error:
        Dag()
    assert str(error.value) == (
        "/var/tmp/dvc: Permission denied: DVC cannot use it; if it is DVC's cache for the whole machine, "
        "set DVC_SITE_CACHE_DIR to a folder of your own"
    )


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        ("dvc.yaml", b"", "dvc.yaml: no stages"),
        ("dvc.yaml", b"\x86\xff", "unable to read: 'dvc.yaml', is not valid utf-8"),
        ("dvc.lock", b"", "'./dvc.lock' validation failed"),
        ("dvc.lock", b"\x86\xff", "unable to read: 'dvc.lock', is not valid utf-8"),
        ("dvc.lock", b"stages: [", "unable to read: 'dvc.lock'"),
        ("dvc.yaml", b"[" * 100_000, "dvc.yaml: lists and maps 101 deep; allowed: at most 100"),
        ("dvc.lock", b"{a: " * 5000 + b"}" * 5000, "dvc.lock: lists and maps 101 deep; allowed: at most 100"),
        (
            "dvc.yaml",
            BOMB,
            "dvc.yaml: more than 200000 values or 20000000 characters, with what aliases (*name) repeat",
        ),
        (
            "dvc.lock",
            BOMB,
            "dvc.lock: more than 200000 values or 20000000 characters, with what aliases (*name) repeat",
        ),
        ("dvc.lock", b"stages: &a {a: *a}", "dvc.lock: *a stands before or within what it names; allowed: after it"),
    ],
)
def test_a_file_of_dvc_that_is_lost_is_named(file, content, fault):
    Path(file).write_bytes(content)
    with pytest.raises(InputError) as error:
        Dag()
    line = str(error.value)
    assert line.startswith(fault)
    assert line.endswith(f"; `git checkout {file}` brings back what is committed")
