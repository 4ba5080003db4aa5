"""Dask: a cluster on this machine, or the scheduler of another; one task a worker at a time."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster

from stages.core.errors import InputError

# Dask would set the threads and the allocator of everything a worker starts: stages decide that themselves, and the
# memory of a run would not be comparable with one started by `dvc repro`.
UNTOUCHED = {"distributed.nanny.pre-spawn-environ": {}, "distributed.worker.daemon": False}
# Dask profiles its workers and wakes fifty times a second to see whether it does: a tenth of a core that runs lack.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
TIMEOUT = "30s"
LOOPBACK = "127.0.0.1"


@contextmanager
def connect(address: str | None, jobs: int) -> Iterator[Client]:
    """A client of the scheduler at ``address``, or of ``jobs`` new workers here that end with it.

    Raises:
        InputError: nothing answers at the address.
    """
    dask.config.set({**UNTOUCHED, **QUIET, "distributed.scheduler.allowed-failures": 3})
    if address is None:
        with local(jobs) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(address, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise InputError(f"SCHEDULER={address}: no Dask scheduler answers: {error}") from error
    with client:
        yield client


def local(jobs: int) -> SpecCluster:
    """Workers as processes of their own, each with a GPU to itself as far as there are enough."""
    gpus = visible_gpus()
    workers = {}
    for number in range(jobs):
        options = {"nthreads": 1, "memory_limit": 0, "host": LOOPBACK, "dashboard": False, "silence_logs": 40}
        if gpus:
            options["env"] = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]}
        workers[number] = {"cls": Nanny, "options": options}
    dashboard = {"dashboard": has_dashboard(), "dashboard_address": f"{LOOPBACK}:0"}
    scheduler = {"cls": Scheduler, "options": {"host": LOOPBACK, "port": 0, **dashboard}}
    return SpecCluster(workers=workers, scheduler=scheduler, silence_logs=40)


def visible_gpus() -> list[str]:
    """Those that this process may use, by number or id."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [name for name in allowed.split(",") if name]
    if shutil.which("nvidia-smi") is None:
        return []
    shown = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    return shown.stdout.split() if shown.returncode == 0 else []


def has_dashboard() -> bool:
    """Dask's own needs Bokeh, which the study does not."""
    return importlib.util.find_spec("bokeh") is not None


def slots(client: Client) -> dict[str, list[str]]:
    """Addresses of the workers by host name; a worker counts once, whatever its threads."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    hosts: dict[str, list[str]] = {}
    for address, worker in workers.items():
        hosts.setdefault(worker["host"], []).append(address)
    return hosts
