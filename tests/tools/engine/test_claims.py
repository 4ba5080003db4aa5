"""Workers that are started by hand on one machine share its GPUs out."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from stages.core.errors import InputError
from tests.helpers.tiny_study import ROOT
from tools import gpus
from tools.engine import worker
from tools.gpus import Claim

CLAIM = """
import sys
from tools import gpus
gpus.cuda_of_torch = lambda: "13.0"
gpus.nvidia_smi = lambda *arguments: ""
claim = gpus.claim_gpu()
print(claim and f"{claim.name} {claim.others}", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(gpus, "cuda_of_torch", lambda: "13.0")
    monkeypatch.setattr(gpus, "nvidia_smi", lambda *arguments: "")


class Workers:
    """Processes that have claimed a GPU."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen] = []

    def start(self, visible: str) -> str:
        """What it got: a GPU and how many had it before."""
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIM],
            cwd=ROOT,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": visible},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.started.append(process)
        return process.stdout.readline().strip()

    def kill(self, number: int) -> None:
        self.started[number].send_signal(signal.SIGKILL)
        self.started[number].wait()


@contextmanager
def some_workers():
    workers = Workers()
    try:
        yield workers
    finally:
        for process in workers.started:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def test_two_workers_on_two_gpus_have_one_each_and_a_third_shares():
    with some_workers() as workers:
        assert [workers.start("0,1") for _ in range(3)] == ["0 0", "1 0", "0 1"]
        workers.kill(1)  # as by a batch system: its GPU is free at once
        assert workers.start("0,1") == "1 0"


def test_a_worker_takes_none_but_those_that_it_may_see():
    with some_workers() as workers:
        assert [workers.start(visible) for visible in ("0", "0,1", "1", "", "2,3")] == [
            "0 0",
            "1 0",
            "1 1",
            "None",
            "2 0",
        ]


def test_gpus_that_batch_systems_number_anew_are_told_apart(monkeypatch):
    """Each job sees one GPU, and both call it 0."""
    claims = []
    for identity in ("GPU-0a", "GPU-0b"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
        monkeypatch.setattr(gpus, "nvidia_smi", lambda *_, id=identity: f"GPU 0: NVIDIA H100 (UUID: {id})\n")
        claims.append(gpus.claim_gpu())
    assert [(claim.name, claim.identity, claim.others) for claim in claims] == [("0", "GPU-0a", 0), ("0", "GPU-0b", 0)]
    for claim in claims:
        claim.lock.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path, monkeypatch):
    folder = tmp_path / f"study-gpus-{os.getuid()}"
    folder.write_text("a file")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    remedy = "workers note there who has which GPU; XDG_RUNTIME_DIR names another place"
    with pytest.raises(InputError, match=f"^{re.escape(f'{folder}: File exists: {remedy}')}$"):
        gpus.claim_gpu()


@pytest.mark.parametrize(
    ("claim", "line", "told"),
    [
        (Claim("1", "GPU-0b", 0, None), " on GPU 1", {"CUDA_VISIBLE_DEVICES": "1"}),
        (Claim("1", "GPU-0b", 1, None), " on GPU 1, which 1 more of yours has", {"CUDA_VISIBLE_DEVICES": "1"}),
        (Claim("1", "GPU-0b", 2, None), " on GPU 1, which 2 more of yours have", {"CUDA_VISIBLE_DEVICES": "1"}),
        (None, "", None),
    ],
)
def test_a_worker_says_which_gpu_it_has_and_shows_runs_no_other(claim, line, told, monkeypatch, capsys):
    class Nanny:
        """Of Dask, which notes what it is given."""

        worker_address = "tcp://here:2"

        def __init__(self, scheduler: str, **options: object) -> None:
            assert options.get("env") == told
            assert options.get("resources") == (claim and {"GPU GPU-0b": 1})

        async def __aenter__(self) -> "Nanny":
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def finished(self) -> None:
            pass

    monkeypatch.setattr(worker, "Nanny", Nanny)
    monkeypatch.setattr(worker, "own_address", lambda scheduler: "here")
    asyncio.run(worker.serve("tcp://there:1", claim))
    assert capsys.readouterr().out == f"worker tcp://here:2 of tcp://there:1{line}\n"
