import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.helpers.pipeline import job_of, run
from tools.engine import worker
from tools.engine.cluster import deaf
from tools.engine.messages import Failure, Order, Outcome, log_path
from tools.engine.worker import WarmProcess, WarmProcesses

pytestmark = pytest.mark.usefixtures("repository")
SLOW = 'stages: {slow: {cmd: "sleep 60 & echo $! > pid; wait", outs: [never.txt]}}'
# A repository whose runs are a script that says what it finds.
RUNS = """
stages:
  train:
    matrix: {seed: [1, 2]}
    cmd: python -m stages.train a ${item.seed}
    outs: ["run-${item.seed}"]
"""
BESIDE = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"  # the project's other modules
SAYS = """import os
import sys
from pathlib import Path

looked_for = ("dvc", "torch", "transformers", "stages.training.run", "tools.engine.reproduce")
loaded = [name for name in looked_for if name in sys.modules]
Path("run-" + sys.argv[2]).write_text(repr([*sys.argv[1:], __name__, loaded, os.environ["DVC_STAGE"]]))
print("error: said", file=sys.stderr)
END
"""

COMPILES = """from stages.training.startup import lean_imports
with lean_imports(Path("settings that ask for a compiler, as all do that cannot be read")):
    import torch._dynamo
Path("run-1").write_text(f"{sys.argv} {torch._dynamo.__file__} {loaded}")
"""


def order_of(stage: str) -> Order:
    log = log_path(stage)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    job = job_of(stage)
    return Order(job=job.model_dump_json(), log=str(log.absolute()), environment=worker.environment(job))


def wait_for(file: str) -> int:
    """The number in it, as soon as it is there."""
    until = time.monotonic() + 60
    while not (Path(file).exists() and Path(file).read_text(encoding="utf-8").strip()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(Path(file).read_text(encoding="utf-8"))


def assert_gone(pid: int) -> None:
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert not psutil.pid_exists(pid)


def runs_of(end: str) -> None:
    Path("stages").mkdir(exist_ok=True)
    Path("stages/__init__.py").write_text(BESIDE, encoding="utf-8")
    Path("stages/train.py").write_text(SAYS.replace("END", end), encoding="utf-8")
    Path("dvc.yaml").write_text(RUNS, encoding="utf-8")


def test_the_command_ends_with_its_worker():
    """Here the worker closes its end, as the system does of one that is gone."""
    Path("dvc.yaml").write_text(SLOW, encoding="utf-8")
    order = order_of("slow")
    warm = WarmProcess(Path.cwd(), order)
    running = threading.Thread(target=warm.run, args=(order,))
    running.start()
    command = wait_for("pid")
    warm.socket.shutdown(2)
    running.join(20)
    assert warm.end() == -signal.SIGKILL
    assert_gone(command)


def test_the_command_ends_with_dvc_and_the_next_stage_is_made():
    Path("dvc.yaml").write_text(SLOW.replace("}}", "}, next: {cmd: echo 1 > b.txt, outs: [b.txt]}}"), encoding="utf-8")
    failures: list[Failure | Outcome] = []
    running = threading.Thread(target=lambda: failures.append(run("slow")))
    running.start()
    command = wait_for("pid")
    dvc = next(process for process in psutil.Process(command).parents() if "reproduce" in " ".join(process.cmdline()))
    os.kill(dvc.pid, signal.SIGKILL)
    running.join(20)
    assert [(failure.kind, failure.inputs) for failure in failures] == [("killed", None)]
    assert_gone(command)
    assert run("next").ran


def test_a_run_is_forked_with_its_libraries_loaded_and_its_code_read_anew():
    runs_of("")
    for seed in (1, 2):
        assert run(f"train@{seed}").ran
        said = ["a", str(seed), "__main__", ["dvc", "torch", "transformers"], f"train@{seed}"]
        assert Path(f"run-{seed}").read_text(encoding="utf-8") == repr(said)
    Path("run-1").unlink()
    runs_of("sys.exit(3)")
    failure = run("train@1")
    assert (failure.kind, failure.cause) == ("error", "said")
    assert failure.inputs
    runs_of("os.kill(os.getpid(), 9)")
    assert run("train@1").cause == "killed by SIGKILL; the system does so when memory runs out"


def test_a_run_that_compiles_starts_from_nothing():
    """What the process it was forked from has left out cannot be had any more."""
    runs_of(COMPILES)
    assert run("train@1").ran
    said = Path("run-1").read_text(encoding="utf-8")
    assert "'a', '1'] " in said
    assert said.endswith("torch/_dynamo/__init__.py []")


def test_processes_of_another_folder_are_ended(tmp_path_factory):
    processes = WarmProcesses()
    Path("dvc.yaml").write_text("stages: {a: {cmd: echo 1 > a.txt, outs: [a.txt]}}", encoding="utf-8")
    assert processes.run(Path.cwd(), order_of("a")) == 0
    [idle] = processes.idle
    assert processes.take(tmp_path_factory.mktemp("other")) is None
    assert idle.process.returncode == 0


def test_where_libraries_may_not_survive_a_fork_a_process_does_one_stage(monkeypatch):
    Path("dvc.yaml").write_text("stages: {a: {cmd: echo 1 > a.txt, outs: [a.txt]}}", encoding="utf-8")
    order = order_of("a")
    command = [sys.executable, "-c", "from tools.engine import warm; warm.FORKS = False; warm.main()"]
    monkeypatch.setattr("tools.engine.worker.WARM", command)
    processes = WarmProcesses()
    assert (processes.run(Path.cwd(), order), processes.idle) == (0, [])
    assert Path("a.txt").read_text(encoding="utf-8") == "1\n"


def test_a_stage_hears_ctrl_c_though_its_worker_does_not():
    """The mask of signals is inherited, from a worker to all that it starts."""
    pipeline = "stages: {mask: {cmd: grep SigBlk /proc/self/status > mask.txt, outs: [mask.txt]}}"
    Path("dvc.yaml").write_text(pipeline, encoding="utf-8")
    with deaf():
        assert run("mask").ran
    blocked = int(Path("mask.txt").read_text(encoding="utf-8").split()[1], 16)
    assert not blocked & 1 << signal.SIGINT - 1
