"""``make lock``: the hashes of every file that may be installed, for ``pip install --require-hashes``.

``requirements.txt`` says which versions. Of torch there are two builds: that of the CPU index, which brings nothing
along, and that of PyPI, which on Linux brings CUDA. Each has a file of its own (``make`` takes the one that pip finds).
"""

import re
import subprocess
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text

STUDY, DEV = Path("requirements.txt"), Path("requirements-dev.txt")
STUDY_LOCK, DEV_LOCK = Path("requirements.lock"), Path("requirements-dev.lock")
CPU_LOCK, CUDA_LOCK = Path("requirements-torch-cpu.lock"), Path("requirements-torch.lock")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# Every platform and Python that a version has files for, whichever this is.
COMPILE = ("uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes")
COMPILE += ("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet")
HEAD = "# Made by `make lock`"
MADE_OF = {STUDY_LOCK: STUDY, DEV_LOCK: DEV, CUDA_LOCK: STUDY, CPU_LOCK: STUDY}
NAME = re.compile(r"[A-Za-z0-9._-]+")


def main() -> None:
    """Write the four files.

    Raises:
        InputError: a version is not on the index, or torch has no known hashes of its CPU build.
    """
    study = entries(compiled(pins(STUDY), "--no-deps"))
    torch = study.pop("torch")
    version = re.search(r"==(\S+)", torch)[1]
    brought = entries(compiled([f"torch=={version}"], "--constraint", str(STUDY)))
    cuda = {name: entry for name, entry in brought.items() if name not in study}
    dev = {name: entry for name, entry in entries(compiled(pins(DEV), "--no-deps")).items() if name not in study}
    files = {STUDY_LOCK: study, DEV_LOCK: dev, CUDA_LOCK: cuda | {"torch": torch}, CPU_LOCK: cpu_build(version)}
    for path, found in files.items():
        write_text(path, f"{head(MADE_OF[path])}\n{''.join(found.values())}")
        print(f"{path}: {len(found)} packages, {sum(entry.count('sha256:') for entry in found.values())} hashes")


def head(pinned: Path) -> str:
    """The first line of a lock file: ``make`` sees by it that the pins were edited since."""
    with pinned.open("rb") as stream:
        sum_and_size = subprocess.run(["cksum"], stdin=stream, capture_output=True, check=True).stdout.decode().strip()
    return f"{HEAD} of {pinned}, cksum {sum_and_size}; do not edit."


def cpu_build(version: str) -> dict[str, str]:
    """The CPU index's wheels of torch; where it cannot be reached, those that the file has of this version."""
    pin = f"torch=={version}+cpu"
    try:
        return entries(compiled([pin], "--no-deps", "--index-url", CPU_INDEX))
    except InputError as error:
        known = entries(CPU_LOCK.read_text(encoding="utf-8")) if CPU_LOCK.exists() else {}
        if not known.get("torch", "").startswith(f"{pin} "):
            raise
        print(f"{CPU_INDEX}: not reached; {CPU_LOCK} stays as it is ({error})")
        return known


def pins(path: Path) -> list[str]:
    """The lines of a requirements file that name a package.

    Raises:
        InputError: none does: its lock file would be of nothing.
    """
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    named = [line for line in lines if "==" in line and not line.startswith(("#", "-"))]
    if not named:
        raise InputError(f"{path}: pins nothing; `git checkout {path}` brings it back")
    return named


def compiled(requirements: list[str], *options: str) -> str:
    """What uv says of these requirements.

    Raises:
        InputError: it found no such version.
    """
    done = subprocess.run(
        [*COMPILE, *options, "-"],
        input="\n".join(requirements),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise InputError(f"uv: {' '.join(done.stderr.split())}")
    return done.stdout


def entries(lock: str) -> dict[str, str]:
    """By package, its lines of a lock file; a package that another platform has at another version has both."""
    found: dict[str, str] = {}
    for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        if match := NAME.match(entry):
            name = re.sub(r"[-_.]+", "-", match[0]).lower()
            found[name] = found.get(name, "") + entry
    return found


if __name__ == "__main__":
    run_stage(main)
