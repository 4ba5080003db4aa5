"""Workers with clones of their own: does the head end with every record without training anything?

``python -m tools.benchmarks.clones`` starts a scheduler, two workers in clones, and the study in a third clone that
shares nothing with them but a DVC remote: a folder, or with ``--s3`` an S3-compatible server on this machine
(``requirements-cluster.txt``). With ``--kill`` one worker is killed while it trains: its run is made elsewhere.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from tools.benchmarks.common import working_copy
from tools.engine.messages import LOGS

WAIT_SECONDS = 60
BUCKET = "study"


def main(size: str, s3: bool, kill: bool) -> None:
    """Print who trained what.

    Raises:
        InputError: a record is missing, the head trained, or the result differs from DVC's own view.
    """
    with TemporaryDirectory() as name, ExitStack() as stack:
        base = Path(name)
        head = working_copy.make(base / "head", working_copy.SIZES[size])
        configure_remote(head, base, s3, stack)
        working_copy.commit(head)
        workers = [Path(shutil.copytree(head, base / f"worker{number}", symlinks=True)) for number in (1, 2)]
        address = start_scheduler(base, stack)
        processes = [start(stack, folder, sys.executable, "-m", "tools.engine.worker", address) for folder in workers]
        started = time.monotonic()
        driver = start(stack, head, *working_copy.study(1, "--scheduler", address, "--remote", "shared"))
        killed = kill_while_training(processes[0], driver) if kill else None
        status = driver.wait()
        rows = [[folder.name, trained(folder), completed(folder)] for folder in (head, *workers)]
        print(tabulate(rows, headers=["clone", "trainings begun", "of them ended"]))
        if killed:
            print(f"killed: {killed}")
        check(head, status, (base / "head.log").read_text(encoding="utf-8"))
        records = len(working_copy.runs(head))
        print(f"{records} records at the head, dvc status clean, {time.monotonic() - started:.0f} s")


def configure_remote(head: Path, base: Path, s3: bool, stack: ExitStack) -> None:
    """A DVC remote named ``shared``, in the configuration that clones share."""
    if not s3:
        working_copy.execute(head, "dvc", "remote", "add", "shared", str(base / "remote"))
        return
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    port = free_port()
    start(stack, base, sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    endpoint = f"http://127.0.0.1:{port}"
    create_bucket(endpoint)
    working_copy.execute(head, "dvc", "remote", "add", "shared", f"s3://{BUCKET}/cache")
    working_copy.execute(head, "dvc", "remote", "modify", "shared", "endpointurl", endpoint)


def create_bucket(endpoint: str) -> None:
    import boto3  # of requirements-cluster.txt
    from botocore.exceptions import EndpointConnectionError

    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
            return
        except EndpointConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def free_port(host: str = "127.0.0.1") -> int:
    with closing(socket.socket()) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def start_scheduler(base: Path, stack: ExitStack) -> str:
    """A scheduler on the loopback; its address."""
    port = str(free_port())
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port]
    start(stack, base, *command, "--no-dashboard")
    return f"tcp://127.0.0.1:{port}"


def start(stack: ExitStack, folder: Path, *command: str) -> subprocess.Popen:
    """In the background until the end of the benchmark."""
    process = working_copy.start(folder, *command)
    stack.callback(end, process)
    return process


def end(process: subprocess.Popen) -> None:
    for victim in [*descendants(process.pid), process]:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    process.wait()


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill_while_training(worker: subprocess.Popen, driver: subprocess.Popen) -> str | None:
    """Kill a worker with all its processes as soon as it trains, as a machine that fails does."""
    while driver.poll() is None:
        lines = [command_line(process) for process in descendants(worker.pid)]
        training = [line for line in lines if "stages.train" in line]
        if training:
            time.sleep(2)
            for victim in (psutil.Process(worker.pid), *descendants(worker.pid)):
                if victim.is_running():
                    os.kill(victim.pid, signal.SIGKILL)
            return f"worker1 while it trained {training[0].split('stages.train ')[1]}"
        time.sleep(0.2)
    return None


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def logs(folder: Path) -> list[str]:
    """Of the runs that a clone was given."""
    return [path.read_text(encoding="utf-8") for path in (folder / LOGS).glob("*@*-*-*.log")]


def trained(folder: Path) -> int:
    """How many trainings began in a clone."""
    return sum("[run " in text for text in logs(folder))


def completed(folder: Path) -> int:
    """How many of them ended."""
    return sum(re.search(r"^test accuracy", text, re.MULTILINE) is not None for text in logs(folder))


def check(head: Path, status: int, log: str) -> None:
    """Raises InputError: names what is wrong."""
    missing = [run.stage for run in working_copy.runs(head) if not (head / run.record_path).exists()]
    if status or missing:
        raise InputError(f"the study ended with {status}; no record of {', '.join(missing) or 'none'}\n{log}")
    if trained(head):
        raise InputError("the head trained")
    if not working_copy.clean(head):
        raise InputError(f"dvc status: {working_copy.execute(head, 'dvc', 'status').stdout}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    working_copy.add_size(parser)
    parser.add_argument("--s3", action="store_true", help="an S3-compatible server instead of a folder")
    parser.add_argument("--kill", action="store_true", help="kill a worker while it trains")
    run_stage(main, **vars(parser.parse_args()))
