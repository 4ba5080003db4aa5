"""How many runs share what one computes on: a GPU, or without one the machine."""

import os
from types import SimpleNamespace

import pytest
import torch

from stages.training.environment import describe
from stages.training.settings import RunSettings
from tests.helpers.tiny_study import write_study
from tools import gpus
from tools.engine import cluster, worker
from tools.engine.messages import Job
from tools.engine.scheduler import Head, Options


def client(*workers: tuple[str, str]) -> SimpleNamespace:
    """Of workers on hosts with GPUs, none where it is empty."""
    known = {}
    for number, (host, gpu) in enumerate(workers):
        known[f"tcp://{host}:{number}"] = {"host": host, "resources": {f"GPU {gpu}": 1.0} if gpu else {}}
    return SimpleNamespace(scheduler_info=lambda n_workers: {"workers": known})


def counted(workers: list[tuple[str, str]], by_gpu: bool, alone: bool = False) -> list[tuple[int, int]]:
    there = client(*workers)
    hosts = cluster.slots(there)
    counts = cluster.runs_at_once(hosts, cluster.devices(there) if by_gpu else hosts, alone)
    return [counts[address] for address in there.scheduler_info(-1)["workers"]]


ONE_EACH = [("a", "0"), ("a", "1"), ("a", "2"), ("a", "3")]
ALL_ON_ONE = [("a", "0")] * 4
ON_CPU = [("a", "")] * 4


@pytest.mark.parametrize(
    ("workers", "together", "alone"),
    [
        (ONE_EACH, [(4, 1)] * 4, [(4, 1)] * 4),
        (ALL_ON_ONE, [(4, 4)] * 4, [(1, 1)] * 4),
        (ON_CPU, [(4, 4)] * 4, [(1, 1)] * 4),
        ([("a", "0"), ("a", "1"), ("a", "0")], [(3, 2), (3, 1), (3, 2)], [(2, 1)] * 3),
        ([("a", "0"), ("a", "")], [(2, 2)] * 2, [(1, 1)] * 2),  # which GPU the second takes nobody knows
        ([("a", "0"), ("b", "0")], [(1, 1)] * 2, [(1, 1)] * 2),
    ],
    ids=["four on four", "four on one", "no GPU", "three on two", "one without", "two machines"],
)
def test_runs_are_counted_by_gpu(workers, together, alone):
    assert counted(workers, by_gpu=True) == together
    assert counted(workers, by_gpu=True, alone=True) == alone


def test_a_study_on_the_cpu_counts_by_machine_whatever_gpus_its_workers_have():
    assert counted(ONE_EACH, by_gpu=False) == [(4, 4)] * 4
    assert counted(ONE_EACH, by_gpu=False, alone=True) == [(1, 1)] * 4


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(("sees_a_gpu", "recorded"), [(True, 1), (False, 4)])
def test_a_record_counts_what_it_computed_on(sees_a_gpu, recorded, monkeypatch):
    """Four workers with a GPU each, of which torch sees none where its build or the driver is wrong."""
    write_study("distilbert")
    job = Job(stage="train", runs_at_once={"tcp://a:0": (4, 1)})
    monkeypatch.setattr(worker, "address", lambda: "tcp://a:0")
    for name, value in worker.environment(job).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: sees_a_gpu)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A GPU")
    settings = RunSettings.read("distilbert", "full")
    folders = (worker.Path("data/tokenized/distilbert"), worker.Path("models/base/distilbert"))
    assert describe(settings, *folders).runs_at_once == recorded


@pytest.mark.parametrize(("workers", "others"), [(ONE_EACH, [True, True, True, False]), (ALL_ON_ONE, [False])])
def test_runs_alone_on_their_gpus_run_side_by_side(workers, others):
    head = object.__new__(Head)
    runs = [f"train@{number}" for number in range(9)]
    head.options = Options(runs=dict.fromkeys(runs), allow_failed=False, exclusive=True, remote=None, by_gpu=True)
    head.client, head.withdrawn, head.pinned, head.in_flight = client(*workers), set(), {}, {}
    head.state = SimpleNamespace(slots=len(workers), stages={})
    head.vigil = SimpleNamespace(look=print)
    head.look_for_workers()
    for number, has_room in enumerate(others, start=1):
        head.in_flight[runs[number - 1]] = True
        assert head.has_room(runs[number]) == has_room


@pytest.mark.parametrize(
    ("device", "seen", "counted"), [("auto", {"0", "1"}, (2, 1)), ("cpu", {"0,1"}, (2, 2))]
)  # of a study on the CPU, runs hide them
def test_workers_here_have_a_gpu_each(device, seen, counted, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(gpus, "cuda_of_torch", lambda: "13.0")
    monkeypatch.setattr(gpus, "nvidia_smi", lambda *arguments: "")
    with cluster.connect(None, 2, device) as here:
        here.wait_for_workers(2)
        told = here.run(lambda: os.environ["CUDA_VISIBLE_DEVICES"])
        assert set(told.values()) == seen
        counts = cluster.runs_at_once(cluster.slots(here), cluster.devices(here), alone=False)
    assert set(counts.values()) == {counted}
