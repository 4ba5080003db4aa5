"""Which GPUs a study may use here, and why torch sees none that ``nvidia-smi`` sees."""

import importlib.util
import os
import re
import runpy
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from itertools import count, takewhile
from pathlib import Path
from typing import NamedTuple

from zc.lockfile import LockError, LockFile

from stages.core.errors import InputError
from stages.study.params import Params
from stages.training.settings import Device

GPU_NAME = re.compile(r"\d+|(GPU|MIG)-.+")  # by number or by id
LISTED_GPU = re.compile(r"^ *(GPU|MIG) .*\(UUID: ((?:GPU|MIG)-[^)\s]+)\)")  # a line of `nvidia-smi -L`
# The oldest driver by the major version of CUDA (NVIDIA, "CUDA Compatibility", minor version compatibility).
OLDEST_DRIVER = {12: 525, 13: 580}
NO_GPU, UNSEEN = "no GPU", "nvidia-smi sees a GPU, torch does not"


def usable_gpus(device: Device = "auto") -> list[str]:
    """Those that runs of a profile will use, told without importing torch, which takes seconds."""
    return [] if device == "cpu" or cuda_of_torch() is None or build_fault() else visible_gpus()


def visible_gpus() -> list[str]:
    """Those that this process may use, by number or id."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:  # as CUDA reads it: what follows a name that it does not know is hidden too, as by -1
        names = [name.strip() for name in allowed.split(",")]
        return list(takewhile(GPU_NAME.fullmatch, names))
    return listed_gpus(nvidia_smi("-L"))


def listed_gpus(shown: str) -> list[str]:
    """Ids of what ``nvidia-smi -L`` shows: of a GPU that is divided, its parts, which CUDA takes in its place."""
    names: list[str] = []
    for line in shown.splitlines():
        if match := LISTED_GPU.match(line):
            if match[1] == "MIG" and names and names[-1].startswith("GPU-"):
                names.pop()
            names.append(match[2])
    return names


@cache  # it may take a second
def nvidia_smi(*arguments: str) -> str:
    """What it says; nothing where it is not there, or there is no driver that it could ask."""
    try:
        shown = subprocess.run(["nvidia-smi", *arguments], capture_output=True, encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return shown.stdout if shown.returncode == 0 else ""


def build_fault() -> str:
    """Why the torch that is installed cannot use the GPUs that are here, and what can; empty where it should.

    Told by its build and the driver's version.
    """
    if not (nvidia_smi("-L") and visible_gpus()):
        return ""
    again = "make paper TORCH="
    built_for = cuda_of_torch()
    built = f"{UNSEEN}: torch {version('torch')} is built"
    if built_for is None:
        return f"{built} without CUDA; {again}cu130 (driver 580 or newer) or TORCH=cu126 installs one with it"
    driver = re.match(r"\d+", nvidia_smi("--query-gpu=driver_version", "--format=csv,noheader"))
    oldest = OLDEST_DRIVER.get(int(built_for.split(".")[0]), 0)
    if driver and int(driver[0]) < oldest:
        asks = f"{built} for CUDA {built_for}, which asks for driver {oldest} or newer, and here is {driver[0]}"
        return f"{asks}; update it, or {again}cu126 takes an older one"
    return ""


def cuda_of_torch() -> str | None:
    """The version of CUDA, or of AMD's HIP, that the installed torch is built for; None of a build for CPUs alone."""
    spec = importlib.util.find_spec("torch")
    built = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    return built.get("cuda") or built.get("hip")


def installed_torch() -> str:
    """Version and build, and how another is had."""
    built_for = cuda_of_torch()
    build = f"for CUDA {built_for}" if built_for else "for the CPU"
    return f"{version('torch')}, {build} (another: make paper TORCH=cpu|cu126|cu128|cu130)"


def gpu_fault() -> str:
    """Why torch, once imported, sees no GPU though ``nvidia-smi`` does; empty where it sees one or there is none."""
    import torch

    if torch.cuda.is_available() or not (nvidia_smi("-L") and visible_gpus()):
        return ""
    return build_fault() or f"{UNSEEN}: `python -c 'import torch; torch.cuda.init()'` says why"


class Claim(NamedTuple):
    """A GPU that a worker started by hand has, until its process ends."""

    name: str  # as CUDA takes it
    identity: str  # the same for every process of this machine
    others: int  # workers that have it, too
    lock: LockFile


def claim_gpu() -> Claim | None:
    """Of the GPUs that this process may use, one that the fewest of this user's workers have; None where there is none.

    Raises:
        InputError: the folder of locks cannot be used.
    """
    names = usable_gpus()
    if not names:
        return None
    folder = lock_folder()
    for others in count():
        for name in names:
            identity = identity_of(name)
            with suppress(LockError):
                return Claim(name, identity, others, LockFile(str(folder / f"{identity}.{others}")))


def identity_of(name: str) -> str:
    """A GPU's id where it is given by number: batch systems number those of each job from 0."""
    listed = listed_gpus(nvidia_smi("-L"))
    return listed[int(name)] if name.isdecimal() and int(name) < len(listed) else name


def lock_folder() -> Path:
    """In the user's runtime folder, or one of the user's own among temporary files.

    Raises:
        InputError: it cannot be written, or is another user's.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime or tempfile.gettempdir()) / f"study-gpus-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = "" if folder.stat().st_uid == os.getuid() else "belongs to another user"
        if not os.access(folder, os.W_OK):
            reason = reason or "not writable"
    except OSError as error:
        reason = error.strerror
    if reason:
        raise InputError(
            f"{folder}: {reason}: workers note there who has which GPU; XDG_RUNTIME_DIR names another place"
        )
    return folder


def require_device(params: Params) -> None:
    """That there is a GPU where the profile has to have one; a note where torch misses one that it could have.

    Raises:
        InputError: there is none.
    """
    device = params.profiles[params.profile].train.device
    if device == "cpu":
        return
    fault = build_fault()
    if device == "cuda" and (fault or not (usable_gpus() or _torch_has_gpu())):
        reason = fault or gpu_fault() or NO_GPU
        raise InputError(f"profiles.{params.profile}.train.device: 'cuda': {reason}; allowed here: cpu, auto")
    if fault:
        print(f"note: {fault}", file=sys.stderr)


def _torch_has_gpu() -> bool:
    """Asked where nothing else tells of one: a container may have a GPU without ``nvidia-smi``."""
    import torch

    return torch.cuda.is_available()


def needed_device(params: Params) -> str:
    """What a profile computes on, as far as it says."""
    profile = params.profiles[params.profile]
    if profile.train.device == "cpu":
        return "the CPU"
    return "any" if profile.train.device == "auto" and profile.small_scale else "a CUDA GPU"
