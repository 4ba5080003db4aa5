"""Where a run happened: package versions, commit, device, hashes of its inputs."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.saved.saved_run import converted_from
from stages.training.record import Environment
from stages.training.settings import Device, RunSettings

PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers", "numpy", "dvc")
# What decides a run beside its data and settings: the code that ``train`` depends on in dvc.yaml, and the packages.
CODE = (
    "stages/train.py",
    "stages/core",
    "stages/encoders/checkpoint.py",
    "stages/meters",
    "stages/methods",
    "stages/saved",
    "stages/training",
    "requirements.txt",
)


def packages() -> dict[str, str]:
    """Versions of the packages that decide a result."""
    return {name: version(name) for name in PACKAGES}


# A part of what git says -> why a run's commit is unknown, as its record has it, and what to do about it.
FAULTS = {
    "git: ": ("git could not be run", "install it: sudo apt-get install git"),
    "dubious ownership": (
        "the repository belonged to another user",
        "if you trust it: git config --global --add safe.directory {folder}",
    ),
    "not a git repository": (
        "the files were not in a git repository",
        "clone the repository, as an archive has no history; or go on without: dvc config --local core.no_scm true",
    ),
    "not have any commits": ("the repository had no commit", "make one: git add -A && git commit -m start"),
}
BROKEN = ("git could not read the repository", "clone it again, or see what `git fsck` says")


class GitError(InputError):
    """Git cannot be asked here, or the repository cannot be used; the text is git's own reason and a remedy.

    Args:
        said: git's first line.

    Attributes:
        why: the same in a few words for a record, without a path of this machine.
    """

    def __init__(self, said: str) -> None:
        self.why, remedy = next((fault for part, fault in FAULTS.items() if part in said), BROKEN)
        if self.why == FAULTS["not a git repository"][0] and _has_git_folder():
            self.why, remedy = BROKEN
        folder = re.search(r"'.*'", said)
        super().__init__(f"{said}; {remedy.format(folder=folder[0] if folder else Path.cwd())}")


def _has_git_folder() -> bool:
    """Whether git says of a broken repository what it says where there is none."""
    here = Path.cwd()
    return any(os.path.lexists(folder / ".git") for folder in (here, *here.parents))


def git(*arguments: str) -> str:
    """A git command's output.

    Raises:
        GitError: it failed.
    """
    # Git says why in the language of the locale, and what it prints of a commit in the encoding of the user's choice.
    command = ["git", "-c", "i18n.logOutputEncoding=UTF-8", *arguments]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        process = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", env=environment)
    except OSError as error:
        reason = "not found" if isinstance(error, FileNotFoundError) else error.strerror
        raise GitError(f"git: {reason}") from error
    if process.returncode:
        raise GitError(_reason(process.stderr) or f"git {arguments[0]}: exit status {process.returncode}")
    return process.stdout.strip()


def _reason(said: str) -> str:
    """The line in which git says why it ends, else the first; it may warn before, and explain after."""
    lines = said.strip().splitlines() or [""]
    reasons = [line for line in lines if line.startswith("fatal: ")]
    return (reasons or lines)[0].removeprefix("fatal: ")


def head() -> tuple[str, str]:
    """The commit that is checked out, and its subject.

    Raises:
        GitError: there is none, or git cannot tell.
    """
    commit, _, subject = git("log", "-1", "--no-show-signature", "--format=%H%n%s").partition("\n")
    return commit, subject


def processor() -> str:
    """Its name, as far as the system gives one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    for line in lines:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


BF16_KERNELS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")  # what x86 and Arm processors call them


def has_bf16() -> bool:
    """Whether the device that computes multiplies bf16 itself; else it is emulated, slower than fp32."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in BF16_KERNELS)


def use_device(device: Device) -> None:
    """See to it that a process computes where its run is told to; before anything asks torch for a GPU.

    Raises:
        InputError: it is told cuda, and torch sees no GPU.
    """
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # holds for every library, and for processes that it starts
    if device == "cuda":
        import torch  # a run on the CPU imports it later, in the way that starts fastest

        if not torch.cuda.is_available():
            raise InputError("train.device: 'cuda': torch sees no GPU; allowed here: cpu, auto; `make check` says why")


def describe(settings: RunSettings, tokenized: Path, checkpoint: Path) -> Environment:
    """The record's ``environment`` section; ``dirty``: whether what decides the run differs from the commit's."""
    import torch  # here, so that who asks git alone does not wait for it

    try:
        commit, subject = head()
        changes = git("status", "--porcelain", "--", *CODE, "params.yaml")  # of which the settings were made
        source = {"commit": commit, "commit_subject": subject, "dirty": bool(changes)}
    except GitError as error:
        source = {"commit": None, "commit_subject": None, "dirty": None, "commit_unknown": error.why}
    on_gpu = torch.cuda.is_available()
    return Environment(
        **source,
        python=platform.python_version(),
        platform=platform.platform(),
        processor=processor(),
        packages=packages(),
        device=torch.cuda.get_device_name() if on_gpu else "cpu",
        threads=torch.get_num_threads(),
        runs_at_once=int(os.environ.get("STUDY_JOBS_OF_GPU" if on_gpu else "STUDY_JOBS", "1")),
        dataset_sha256={split: sha256(tokenized / split) for split in ("train", "validation", "test")},
        checkpoint_sha256=sha256(checkpoint / "model.safetensors"),
        checkpoint_revision=settings.checkpoint_revision,
        checkpoint_pickle_sha256=(converted_from(checkpoint) or {}).get("sha256"),
    )
