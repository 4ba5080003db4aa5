"""Who may come in while a study runs: where do its processes listen, and is a client without its keys refused?

``python -m tools.benchmarks.ports`` runs a small study by `make paper` alone, and again on a scheduler with keys of its
own and a worker. Every socket at which one of these processes listens is noted, and each stranger tries it once. A
scheduler without keys comes last: it must take a stranger, or these tries would prove nothing. The tally is in
metrics/bench/ports.json.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from distributed.security import Security
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from tools.benchmarks.clones import command_line, descendants, free_port, start
from tools.benchmarks.common import strangers, working_copy
from tools.benchmarks.common.results import publish
from tools.engine.cluster import LOOPBACK

REPORT = Path("metrics/bench/ports.json")
STUDY = working_copy.FEW | working_copy.LITTLE | {"configurations": ["full"], "seeds": [42]}
LOCAL, KEYS, OPEN = "make paper", "a scheduler with keys, make worker", "a scheduler without keys, make worker"
KINDS = {  # of processes, by what stands in their command lines; the first that fits
    "tools.study": "head",
    "dask_scheduler": "scheduler",
    "tools.engine.worker": "nanny",
    "tools.engine.reproduce": "DVC",
    "tools.engine.warm": "libraries",
    "multiprocessing": "worker",
    "stages.": "stage",
}
INTERVAL = 0.1  # seconds between two looks
SETTLED = 5.0  # seconds without a new socket


class Socket(Strict):
    """Where a process listened, and how it received strangers. ``elsewhere``: not at the interface that was chosen."""

    case: str
    process: str
    address: str  # `loopback`, `chosen interface` or what it is
    elsewhere: bool
    attempts: list[strangers.Attempt]


class Report(Strict):
    """``escapes``: sockets elsewhere, and strangers that were taken by a socket with keys."""

    processes: dict[str, int]  # that were looked at, by case
    sockets: list[Socket]
    attempts: int
    refused: int
    taken_without_keys: int  # of the scheduler that has none
    escapes: list[str]


def main() -> None:
    """Write the report.

    Raises:
        InputError: an escape; a study failed; or nothing was proved.
    """
    chosen = interface()
    with TemporaryDirectory() as name:
        folder = working_copy.make(Path(name, "alone"), STUDY)
        others = Path(shutil.copytree(folder, Path(name, "shared"), symlinks=True))
        watches = [alone(folder)]
        with keys(Path(name)):
            watches.append(on_scheduler(KEYS, others, f"tls://{chosen}", chosen))
        watches.append(on_scheduler(OPEN, others, f"tcp://{chosen}", chosen))
    report = reported(watches)
    publish(report, REPORT, table)
    if report.escapes:
        raise InputError(f"{REPORT}: {len(report.escapes)} escapes: {'; '.join(report.escapes)}")
    if not report.taken_without_keys:
        raise InputError(f"{REPORT}: not even a scheduler without keys took a stranger, so that nothing is proved")


def interface() -> str:
    """An address of this machine that others reach; the loopback where there is none."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET and not each.address.startswith("127."):
                return each.address
    return LOOPBACK


class Watch:
    """The sockets of some processes and of all that they start, each tried once."""

    def __init__(self, case: str, allowed: str) -> None:
        self.case, self.allowed = case, allowed
        self.roots: list[int] = []
        self.processes: set[int] = set()
        self.sockets: dict[tuple[int, str, int], Socket] = {}  # by process and address

    def until(self, driver: subprocess.Popen) -> None:
        """Look until it ends.

        Raises:
            InputError: it failed, or listened nowhere.
        """
        while driver.poll() is None:
            self.look()
            time.sleep(INTERVAL)
        if driver.returncode or not self.sockets:
            raise InputError(f"{self.case}: ended with {driver.returncode}, sockets {len(self.sockets)}")

    def until_settled(self) -> None:
        """Look until no socket has come for a while."""
        last, count = time.monotonic(), 0
        while time.monotonic() - last < SETTLED:
            self.look()
            if len(self.sockets) > count:
                last, count = time.monotonic(), len(self.sockets)
            time.sleep(INTERVAL)

    def look(self) -> None:
        """Once; a process may end meanwhile."""
        for root in self.roots:
            for process in [psutil.Process(root), *descendants(root)]:
                self.processes.add(process.pid)
                for ip, port in listening(process):
                    if (process.pid, ip, port) not in self.sockets:
                        self.try_at(process, ip, port)

    def try_at(self, process: psutil.Process, ip: str, port: int) -> None:
        kind = next((kind for mark, kind in KINDS.items() if mark in command_line(process)), "other")
        attempts = strangers.try_all(ip, port)
        if (ip, port) not in listening(process):
            return  # it has ended, so that a refusal says nothing
        elsewhere = ip not in (self.allowed, LOOPBACK)
        name = "loopback" if ip == LOOPBACK else ip if elsewhere else "chosen interface"
        self.sockets[process.pid, ip, port] = Socket(
            case=self.case, process=kind, address=name, elsewhere=elsewhere, attempts=attempts
        )


def listening(process: psutil.Process) -> list[tuple[str, int]]:
    """Address and port of each socket at which it takes connections."""
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return []
    return [(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN]


def alone(folder: Path) -> Watch:
    """The study by workers of its own."""
    watch = Watch(LOCAL, LOOPBACK)
    with ExitStack() as stack:
        driver = start(stack, folder, *working_copy.study(1))
        watch.roots = [driver.pid]
        watch.until(driver)
    return watch


def on_scheduler(case: str, folder: Path, address: str, host: str) -> Watch:
    """A scheduler as README starts it, with one worker; the study too where it is not made."""
    watch = Watch(case, host)
    scheme, port = address.partition(":")[0], str(free_port(host))
    options = ["--host", host, "--port", port, "--protocol", scheme, "--dashboard-address", f"{host}:{free_port(host)}"]
    options += ["--no-dashboard"] if case == KEYS else []
    address = f"{address}:{port}"
    with ExitStack() as stack:
        scheduler = start(stack, folder, sys.executable, "-m", "distributed.cli.dask_scheduler", *options)
        worker = start(stack, folder, sys.executable, "-m", "tools.engine.worker", address)
        watch.roots = [scheduler.pid, worker.pid]
        watch.until_settled()
        if case == KEYS:
            driver = start(stack, folder, *working_copy.study(1, "--scheduler", address))
            watch.roots.append(driver.pid)
            watch.until(driver)
    return watch


@contextmanager
def keys(folder: Path) -> Iterator[None]:
    """Dask's settings as README has them, for what is started meanwhile."""
    made = Security.temporary()
    files = {"key": folder / "key.pem", "cert": folder / "cert.pem"}
    files["key"].write_text(made.tls_client_key, encoding="utf-8")
    files["cert"].write_text(made.tls_client_cert, encoding="utf-8")
    tls = {"ca-file": str(files["cert"])}
    for role in ("scheduler", "worker", "client"):
        tls[role] = {name: str(file) for name, file in files.items()}
    distributed = {"comm": {"require-encryption": True, "tls": tls}, "scheduler": {"http": {"routes": []}}}
    settings = folder / "dask"
    settings.mkdir()
    (settings / "keys.yaml").write_text(json.dumps({"distributed": distributed}), encoding="utf-8")  # JSON is YAML
    os.environ["DASK_CONFIG"] = str(settings)
    try:
        yield
    finally:
        del os.environ["DASK_CONFIG"]


def reported(watches: list[Watch]) -> Report:
    sockets = [each for watch in watches for each in watch.sockets.values()]
    escapes, refused, control = [], 0, 0
    for each in sockets:
        if each.elsewhere:
            escapes.append(f"{each.case}: {each.process} listens at {each.address}")
        for attempt in each.attempts:
            if not attempt.taken:
                refused += 1
            elif each.case == OPEN:
                control += 1
            else:
                escapes.append(f"{each.case}: {each.process} took {attempt.stranger} ({attempt.said})")
    return Report(
        processes={watch.case: len(watch.processes) for watch in watches},
        sockets=sockets,
        attempts=sum(len(each.attempts) for each in sockets),
        refused=refused,
        taken_without_keys=control,
        escapes=escapes,
    )


def table(report: Report, style: str) -> str:
    """A row a socket."""
    names = [*strangers.CLIENTS, "browser"]
    rows = []
    for each in report.sockets:
        outcomes = {attempt.stranger: "taken" if attempt.taken else "refused" for attempt in each.attempts}
        rows.append([each.case, each.process, each.address, *(outcomes[name] for name in names)])
    return tabulate(rows, ["case", "process", "listens at", *names], tablefmt=style)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    run_stage(main)
