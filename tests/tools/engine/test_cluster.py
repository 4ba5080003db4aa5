"""A study on a real Dask scheduler, whose workers come late, die and are replaced."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import urlopen

import dask
import psutil
import pytest
from distributed import comm
from distributed.comm.core import CommClosedError, FatalCommClosedError
from distributed.security import Security

from stages.core.errors import InputError
from stages.training.settings import Run
from tests.helpers.tiny_study import ROOT
from tools.engine import cluster
from tools.engine.cluster import GONE, connect, slots
from tools.engine.dag import Dag
from tools.engine.scheduler import Head, Options
from tools.engine.state import StudyState, new_state

SLOW = """
stages:
  slow: {cmd: touch started && sleep 4 && echo 1 > a.txt, outs: [a.txt]}
  last: {cmd: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt]}
"""


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen]:
    """In a group of its own, killed with all that it started."""
    started = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        kill(started)


def kill(started: subprocess.Popen) -> None:
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of one without workers."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with process("distributed.cli.dask_scheduler", *options):
        yield f"tcp://127.0.0.1:{port}"


def study(address: str, exclusive: bool = False) -> tuple[StudyState, list[str]]:
    """Run the pipeline of this folder; how it ended and what was said."""
    said = []
    dag = Dag()
    state = new_state([], dag.stages)
    run = Run(architecture="a", configuration="slow", seed=1, role="train")
    options = Options(runs={"slow": run}, allow_failed=False, exclusive=exclusive, remote=None)
    display = SimpleNamespace(event=lambda stage: None, say=said.append)
    with connect(address, 1) as client:
        Head(dag, state, display, client, options).run()
    return state, said


@pytest.mark.usefixtures("repository")
def test_a_scheduler_with_keys_of_the_users_own(tmp_path_factory, monkeypatch):
    """As README shows: Dask's settings name the keys, for scheduler, worker and head alike."""
    keys = Security.temporary()
    folder = tmp_path_factory.mktemp("keys")
    (folder / "key.pem").write_text(keys.tls_client_key)
    (folder / "cert.pem").write_text(keys.tls_client_cert)
    settings = {"ca-file": str(folder / "cert.pem")}
    for role in ("scheduler", "worker", "client"):
        settings[role] = {"key": str(folder / "key.pem"), "cert": str(folder / "cert.pem")}
    config = {"distributed": {"comm": {"require-encryption": True, "tls": settings}}}
    (folder / "dask.json").write_text(json.dumps(config))  # JSON is YAML
    (folder / "dask.json").rename(folder / "dask.yaml")
    monkeypatch.setenv("DASK_CONFIG", str(folder))
    address = f"tls://127.0.0.1:{free_port()}"
    options = ["--host", "127.0.0.1", "--protocol", "tls", "--port", address.rpartition(":")[2], "--no-dashboard"]
    with (
        process("distributed.cli.dask_scheduler", *options),
        process("tools.engine.worker", address),
        dask.config.set(dask.config.merge(dask.config.config, config)),
    ):
        state, _ = study(address)
    assert {stage.status for stage in state.stages.values()} == {"done", "failed"}


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_workers_may_come_after_the_study(scheduler):
    with ExitStack() as stack:
        late = threading.Timer(3, lambda: stack.enter_context(process("tools.engine.worker", scheduler)))
        late.start()
        state, said = study(scheduler)
    assert {name: stage.status for name, stage in state.stages.items()} == {
        "first": "done",
        "second": "done",
        "bad": "failed",
        "last": "done",
    }
    assert said == [
        f"no worker: the study waits for one; `make worker SCHEDULER={scheduler}` starts it",
        "1 workers: the study goes on",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("exclusive", [False, True])
def test_the_only_worker_may_be_killed_and_replaced(scheduler, exclusive):
    """Also where a run was given to that worker alone."""
    Path("dvc.yaml").write_text(SLOW, encoding="utf-8")
    with process("tools.engine.worker", scheduler) as worker, ExitStack() as stack:

        def replace() -> None:
            while not Path("started").exists():
                time.sleep(0.1)
            kill(worker)
            time.sleep(3)
            stack.enter_context(process("tools.engine.worker", scheduler))

        threading.Thread(target=replace, daemon=True).start()
        state, said = study(scheduler, exclusive)
    assert {stage.status for stage in state.stages.values()} == {"done"}
    assert [re.sub(" \\(.*\\)", "", line) for line in said[-2:]] == [
        f"no worker: the study waits for one; `make worker SCHEDULER={scheduler}` starts it",
        "1 workers: the study goes on",
    ]


def listening(pids: set[int]) -> set[str]:
    """Addresses at which these processes take connections."""
    addresses = set()
    for connection in psutil.net_connections("tcp"):
        if connection.pid in pids and connection.status == psutil.CONN_LISTEN:
            addresses.add(connection.laddr.ip)
    return addresses


def family(pid: int) -> set[int]:
    process = psutil.Process(pid)
    return {process.pid, *(child.pid for child in process.children(recursive=True))}


def test_the_local_cluster_takes_no_client_without_its_keys():
    with connect(None, 1) as client:
        address = client.scheduler.address
        assert client.submit(sum, [1, 2]).result() == 3
        assert listening(family(os.getpid())) == {"127.0.0.1"}
        assert address.startswith("tls://127.0.0.1:")
        with pytest.raises(CommClosedError, match="ConnectionResetError"):
            asyncio.run(comm.connect(address.replace("tls", "tcp"), timeout=5))
        with pytest.raises(FatalCommClosedError, match="TLS certificate does not match"):
            asyncio.run(comm.connect(address, timeout=5, **Security.temporary().get_connection_args("client")))


def test_the_local_cluster_shows_no_page_without_a_dashboard(monkeypatch):
    """Those pages have no keys: every user of the machine could read of the study."""
    monkeypatch.setattr(cluster, "has_dashboard", lambda: False)
    with connect(None, 1) as client:
        require_no_page(client.scheduler_info()["services"]["dashboard"])
        (worker,) = client.scheduler_info(n_workers=-1)["workers"].values()
        require_no_page(worker["services"]["dashboard"])


def require_no_page(port: int) -> None:
    """Of those that Dask's schedulers or workers have without keys."""
    for page in ("", "health", "metrics", "json/identity.json", "info/main/workers.html"):
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{port}/{page}")


def test_a_worker_listens_only_where_its_scheduler_reaches_it(scheduler, in_empty_folder):
    with process("tools.engine.worker", scheduler) as worker, connect(scheduler, 1) as client:
        client.wait_for_workers(1, timeout=30)
        (info,) = client.scheduler_info(n_workers=-1)["workers"].values()
        assert listening(family(worker.pid)) == {"127.0.0.1"}
        require_no_page(info["services"]["dashboard"])


def test_a_scheduler_that_ends_while_a_study_waits_is_named():
    """Dask then knows nothing of workers."""
    client = SimpleNamespace(scheduler_info=lambda n_workers: {"type": "Scheduler"})
    with pytest.raises(InputError, match=f"^{re.escape(GONE)}$"):
        slots(client)


def test_a_machine_without_loopback_is_named_at_once():
    """Dask would wait a minute for workers that it cannot reach."""
    script = "from tools.engine.cluster import GONE, connect, slots\nfrom stages.core.errors import run_stage\n"
    script += "run_stage(lambda: connect(None, 1).__enter__())"
    namespace = ["unshare", "--map-root-user", "--net"]
    if not may_run(*namespace, "true"):
        pytest.skip("this user may make no namespace")
    done = subprocess.run(
        [*namespace, sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    remedy = "bring the loopback up (`ip link set lo up`), or run `dvc repro`, which needs no network"
    line = f"error: 127.0.0.1: workers here cannot be reached (Network is unreachable); {remedy}\n"
    assert (done.returncode, done.stderr) == (1, line)


def may_run(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def test_settings_of_the_users_own_that_dask_cannot_start_with_are_named():
    with dask.config.set({"temporary-directory": "/proc/none"}), pytest.raises(InputError) as error, connect(None, 1):
        pass
    assert str(error.value).startswith("Dask cannot start workers here: ")
    assert "/proc/none" in str(error.value)
    assert str(error.value).endswith("; DASK_* variables or ~/.config/dask may say what it cannot do")
