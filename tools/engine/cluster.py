"""Dask: a cluster on this machine, or the scheduler of another; one task a worker at a time."""

import importlib.util
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dask
from distributed import Client, Nanny, Scheduler, SpecCluster
from distributed.comm import get_address_host
from distributed.security import Security
from distributed.utils import LoopRunner, get_ip, get_mp_context
from tornado.ioloop import IOLoop

from stages.core.errors import InputError
from stages.training.settings import Device
from tools.gpus import usable_gpus

# Dask would set the threads and the allocator of everything a worker starts: stages decide that themselves, and the
# memory of a run would not be comparable with one started by `dvc repro`.
UNTOUCHED = {"distributed.nanny.pre-spawn-environ": {}, "distributed.worker.daemon": False}
# Dask profiles its workers and wakes fifty times a second to see whether it does: a tenth of a core that runs lack.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
# Dask's workers and schedulers always have an HTTP server, without keys; without routes it answers nothing.
CLOSED = {"distributed.worker.http.routes": []}
CLOSED_SCHEDULER = {"distributed.scheduler.http.routes": []}
TIMEOUT = "30s"
LOOPBACK = "127.0.0.1"
GPU = "GPU "  # before its name, among what Dask calls a worker's resources
LOCKS = 6  # of a worker and the process that watches it: two queues of three
SILENT = 50  # level of Dask's log: a worker that ends after the scheduler, as by Ctrl-C, takes that for an error
GONE = "the Dask scheduler is gone; `make paper` goes on from here"


@contextmanager
def connect(address: str | None, jobs: int, device: Device = "auto") -> Iterator[Client]:
    """A client of the scheduler at ``address``, or of ``jobs`` new workers here that end with it.

    Args:
        address: of a scheduler; None: workers are started here.
        jobs: how many.
        device: where runs compute; on the CPU, workers here are given no GPU.

    Raises:
        InputError: nothing answers at the address, or on this machine.
    """
    dask.config.set({**UNTOUCHED, **QUIET, **CLOSED, "distributed.scheduler.allowed-failures": 3})
    if address is None:
        require_loopback()
        require_locks(jobs)
        if not has_dashboard():
            dask.config.set(CLOSED_SCHEDULER)
        with ExitStack() as started:
            loop = started.enter_context(deaf_loop())
            cluster = started.enter_context(start(jobs, device, loop))
            client = started.enter_context(Client(cluster))
            try:
                yield client
            finally:
                with deaf():  # a second Ctrl-C would leave Dask half closed: Python waits ten seconds for it
                    started.close()
        return
    try:
        client = Client(address, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise InputError(f"SCHEDULER={address}: no Dask scheduler answers: {error}") from error
    with client:
        yield client


@contextmanager
def deaf() -> Iterator[None]:
    """Ctrl-C waits; threads and processes that are started meanwhile never hear of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def deaf_loop() -> Iterator[IOLoop]:
    """Dask's event loop, in a thread of its own; the workers that it starts, and starts again, are as deaf as it is.

    Ctrl-C reaches all processes of a terminal: each worker would end by it with a traceback, and be started again.
    """
    with deaf():
        runner = LoopRunner()
        runner.start()
    try:
        yield runner.loop
    finally:
        runner.stop()


def require_loopback() -> None:
    """Raises InputError: this machine's own processes cannot reach each other, for which Dask would wait a minute."""
    try:
        with socket.create_server((LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as error:
        raise InputError(
            f"{LOOPBACK}: workers here cannot be reached ({error.strerror or error}); bring the loopback up "
            "(`ip link set lo up`), or run `dvc repro`, which needs no network"
        ) from error


def require_locks(workers: int) -> None:
    """Raises InputError: the processes of workers cannot share locks, of which Dask would not say why.

    Linux keeps them in /dev/shm, each in a page of its own; other systems keep them in the kernel.
    """
    locks = []
    try:
        for _ in range(LOCKS * workers):
            locks.append(get_mp_context().Lock())
    except OSError as error:
        place = "/dev/shm" if sys.platform.startswith("linux") else "locks between processes"
        raise InputError(
            f"{place}: workers cannot start here ({error.strerror or error}); make it writable, with "
            f"{4 * LOCKS * workers} KiB free (`mount -o remount,rw,size=64m /dev/shm`; of a container: "
            "`--shm-size=64m`), or run `dvc repro`, which needs none"
        ) from error


def start(jobs: int, device: Device, loop: IOLoop) -> SpecCluster:
    """Raises InputError: Dask, which reads settings of the user's own, does not start with them."""
    try:
        return local(jobs, device, loop)
    except (RuntimeError, OSError, ValueError) as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise InputError(
            f"Dask cannot start workers here: {reason}; DASK_* variables or ~/.config/dask may say what it cannot do"
        ) from error


def local(jobs: int, device: Device, loop: IOLoop) -> SpecCluster:
    """Workers as processes of their own, each with a GPU to itself as far as there are enough.

    Whoever reaches a Dask port can run code, and every user of the machine reaches the loopback: keys that exist in
    these processes alone keep them out.
    """
    gpus = usable_gpus(device)
    keys = Security.temporary()
    safe = {"host": LOOPBACK, "protocol": "tls", "security": keys}
    workers = {}
    for number in range(jobs):
        options = {**safe, "nthreads": 1, "memory_limit": 0, "dashboard": False, "silence_logs": SILENT}
        if gpus:
            gpu = gpus[number % len(gpus)]
            options |= with_gpu(gpu, gpu)
        workers[number] = {"cls": Nanny, "options": options}
    dashboard = {"dashboard": has_dashboard(), "dashboard_address": f"{LOOPBACK}:0"}
    scheduler = {"cls": Scheduler, "options": {**safe, "port": 0, **dashboard}}
    return SpecCluster(workers=workers, scheduler=scheduler, loop=loop, security=keys, silence_logs=SILENT)


def with_gpu(name: str, identity: str) -> dict[str, dict]:
    """Options of a worker that has this GPU: nothing that it starts sees another, and the head is told."""
    return {"env": {"CUDA_VISIBLE_DEVICES": name}, "resources": {f"{GPU}{identity}": 1}}


def own_address(scheduler: str) -> str:
    """Of this machine on the way to a scheduler: a worker need not listen anywhere else."""
    return get_ip(get_address_host(scheduler))


def has_dashboard() -> bool:
    """Dask's own needs Bokeh, which the study does not."""
    return importlib.util.find_spec("bokeh") is not None


def slots(client: Client) -> dict[str, list[str]]:
    """Addresses of the workers by host name; a worker counts once, whatever its threads.

    Raises:
        InputError: the scheduler is gone.
    """
    hosts: dict[str, list[str]] = {}
    for address, worker in present(client).items():
        hosts.setdefault(worker["host"], []).append(address)
    return hosts


def devices(client: Client) -> dict[str, list[str]]:
    """As ``slots``, by what they compute on: a GPU where each worker of a machine was given one, else the machine.

    A worker without one would take the machine's first, which is perhaps another's.

    Raises:
        InputError: the scheduler is gone.
    """
    hosts: dict[str, dict[str, str]] = {}
    for address, worker in present(client).items():
        gpu = next((name for name in worker["resources"] if name.startswith(GPU)), "")
        hosts.setdefault(worker["host"], {})[address] = gpu
    found: dict[str, list[str]] = {}
    for host, gpus in hosts.items():
        for address, gpu in gpus.items():
            found.setdefault(f"{host} {gpu}" if all(gpus.values()) else host, []).append(address)
    return found


def runs_at_once(hosts: dict[str, list[str]], devices: dict[str, list[str]], alone: bool) -> dict[str, tuple[int, int]]:
    """By worker, how many runs may share its machine and its GPU; ``alone``: each has its device to itself."""
    found: dict[str, tuple[int, int]] = {}
    for workers in hosts.values():
        shares = [share for share in devices.values() if share[0] in workers]
        for share in shares:
            found |= dict.fromkeys(share, (len(shares), 1) if alone else (len(workers), len(share)))
    return found


def present(client: Client) -> dict[str, dict]:
    """What Dask says of each worker, by address."""
    try:
        return client.scheduler_info(n_workers=-1)["workers"]
    except (KeyError, OSError) as error:  # without a scheduler Dask answers with nothing
        raise InputError(GONE) from error
