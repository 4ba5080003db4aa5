"""What of this machine a study may use, asked in processes that may use less of it."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import torch

from stages.core.errors import InputError
from tests.helpers.tiny_study import ROOT
from tools import gpus, machine

ALLOWED = "allowed: a number from 1 to 9999, or auto (what this process may use)"
NAMESPACE = ["unshare", "--map-root-user", "--mount", "--cgroup"]
QUOTAS = {  # one core's worth of time, as the two versions of cgroups say it
    "cpu.max": "100000 100000",
    "cpu/cpu.cfs_quota_us": "100000",
    "cpu/cpu.cfs_period_us": "100000",
}


def printed(command: list[str], **options: object) -> str:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True, **options
    )
    return done.stdout.strip()


def may_mount() -> bool:
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "none", "/sys/fs/cgroup"]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize(("told", "number"), [("1", 1), ("12", 12), ("07", 7), ("auto", 3), ("", 3)])
def test_jobs_are_a_number_or_what_there_is(told, number, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(machine, "cores", lambda: 3)
    assert machine.jobs(told) == number


@pytest.mark.parametrize(("device", "number"), [("auto", 4), ("cuda", 4), ("cpu", 3)])
def test_jobs_are_one_a_gpu_where_the_profile_uses_them(device, number, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    monkeypatch.setattr(gpus, "cuda_of_torch", lambda: "13.0")
    monkeypatch.setattr(machine, "cores", lambda: 3)
    assert machine.jobs("auto", device) == number
    assert machine.jobs("2", device) == 2


def test_what_is_measured_is_where_the_profile_computes(monkeypatch):
    """A profile on the CPU, beside a GPU that torch would see."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(machine, "matrix_rate", lambda device, dtype: {"cpu": 1e9}[device])
    monkeypatch.setattr(machine, "cores", lambda: 3)
    host = machine.measure("fp32", "cpu")
    assert (host.name, host.is_gpu, host.flops_a_second) == ("3 CPU cores", False, 1e9)


@pytest.mark.parametrize("told", ["0", "-1", "two", "1.5", "00", "+2", "1 2", "AUTO", "10000", "1_0", "²", "٣"])
def test_anything_else_is_named(told):
    with pytest.raises(InputError, match=f"^{re.escape(f'JOBS: {told!r}: {ALLOWED}')}$"):
        machine.jobs(told)


@pytest.mark.parametrize("command", ["tools.study", "tools.check", "tools.machine"])
@pytest.mark.parametrize("told", ["0", "-1", "two"])
def test_every_command_that_is_told_refuses_in_one_line(command, told):
    done = subprocess.run(
        [sys.executable, "-m", command, f"--jobs={told}"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: JOBS: {told!r}: {ALLOWED}\n"


@pytest.mark.parametrize("target", ["paper", "check", "test", "test-all"])
def test_make_leaves_it_to_python_to_read_jobs(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE).group(1)
    assert set(re.findall(r"\S*\$\$JOBS\S*", recipe.replace('")', '"'))) == {'--jobs="$$JOBS"'}
    assert "$(JOBS)" not in recipe


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system pins no process")
def test_a_process_pinned_to_one_core_has_one():
    (first, *_) = os.sched_getaffinity(0)
    command = [sys.executable, "-m", "tools.machine", "--jobs="]
    assert printed(command, preexec_fn=lambda: os.sched_setaffinity(0, {first})) == "1"


@pytest.mark.skipif(not may_mount(), reason="this user may make no namespace")
@pytest.mark.parametrize("files", [["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]])
def test_the_quota_of_a_container_counts(files):
    """Of either version of cgroups."""
    plant = "".join(f" && echo {QUOTAS[name]} > {name}" for name in files)
    script = f"mount -t tmpfs none /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir cpu {plant} && cd {ROOT} && "
    script += f"{sys.executable} -m tools.machine --jobs=auto"
    assert printed([*NAMESPACE, "sh", "-c", script]) == "1"
