"""Which build of torch is installed: as told, by the GPU's driver, and by what pip can reach."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.tiny_study import ROOT
from tools import lock

LOCK, CPU, PYPI = f"-r {lock.STUDY_LOCK}", f"-r {lock.CPU_LOCK}", f"-r {lock.CUDA_LOCK}"
INDEX = "https://download.pytorch.org/whl"
SIZE = "4.6 GB with its libraries on Linux, where the CPU build has 0.7"
ON_INDEX = f"--retries 1 --timeout 15 --extra-index-url {INDEX}/cpu {CPU}"
HASHED = "install --quiet --disable-pip-version-check --no-deps --require-hashes"
VERSION = next(line for line in lock.pins(ROOT / lock.STUDY) if line.startswith("torch=="))
BY_VERSION = "install --quiet --disable-pip-version-check --extra-index-url {index}/{build} -c requirements.txt {torch}"
NONE = "ERROR: No matching distribution found for torch==0"
CONFLICT = "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/"
# A pip that notes what it is told, and lacks torch where a line of `lacking` is part of that.
PIP = """#!/bin/sh
echo "$@" >>asked
while read -r part; do case "$*" in *"$part"*)
	cat words >&2; exit 1;; esac; done <lacking
if [ -e full ]; then case "$*" in *torch*) echo 'ERROR: No space left on device' >&2; exit 1;; esac; fi
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    for path in (Path("Makefile"), lock.STUDY, lock.DEV, *lock.MADE_OF):
        shutil.copy(ROOT / path, tmp_path)
    (tmp_path / "lacking").touch()
    (tmp_path / "words").write_text(f"{NONE}\n", encoding="utf-8")
    program(tmp_path / "pip", PIP)
    program(tmp_path / "python", "#!/bin/sh\nmkdir -p .venv/bin && cp pip .venv/bin/\n")
    return tmp_path


def program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def driver(folder: Path, version: str) -> None:
    (folder / "programs").mkdir()
    program(folder / "programs/nvidia-smi", f"#!/bin/sh\necho '{version}'\n")


def install(folder: Path, *given: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """``make .venv/study``; what pip was asked for, torch alone."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TORCH", "MAKELEVEL", "MAKEFLAGS")}
    environment = kept | {"PATH": f"{folder}/programs{os.pathsep}{os.environ['PATH']}"}
    (folder / "asked").unlink(missing_ok=True)
    command = ["make", "PYTHON=./python", ".venv/study", *given]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    asked = (folder / "asked").read_text(encoding="utf-8").splitlines() if (folder / "asked").exists() else []
    return done, [line.removeprefix(f"{HASHED} ") for line in asked if not line.endswith(LOCK)]


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith(("torch: ", "note: "))]


NOTE = f"note: no CPU build of torch from {INDEX}/cpu; PyPI's is installed ({SIZE})"


@pytest.mark.parametrize(
    ("lacking", "asked", "lines", "build"),
    [
        ([], [CPU], [], "cpu"),
        ([f"hashes {CPU}"], [CPU, ON_INDEX], [], "cpu"),
        ([CPU], [CPU, ON_INDEX, PYPI], [NOTE], "pypi"),  # no network, or an index of one's own
    ],
)
@pytest.mark.parametrize("words", [NONE, CONFLICT])
def test_without_a_gpu_it_is_the_cpu_build_where_that_can_be_had(words, lacking, asked, lines, build, folder):
    """A constraint of the user's that names torch makes a conflict of what pip does not find."""
    (folder / "words").write_text(f"{words}\n", encoding="utf-8")
    (folder / "lacking").write_text("".join(f"{part}\n" for part in lacking), encoding="utf-8")
    done, told = install(folder)
    assert (done.returncode, told, said(done)) == (0, asked, lines)
    assert (folder / ".venv/torch").read_text(encoding="utf-8") == f"{build}\n"


CUDA_13 = f"torch: for CUDA 13 ({SIZE}; TORCH=cpu installs that)"
NO_CUDA = "note: no torch for CUDA; the CPU build is installed, which uses no GPU"
OLD = ["torch: the GPU's driver is older than 580, so TORCH=cu126", f"torch: {INDEX}/cu126, by version and not by hash"]
CU126 = BY_VERSION.format(index=INDEX, build="cu126", torch=f"{VERSION}+cu126")


@pytest.mark.parametrize(
    ("version", "lacking", "asked", "lines"),
    [
        ("580.65.06", "", [PYPI], [CUDA_13]),
        ("1000.1", "", [PYPI], [CUDA_13]),
        ("580.65.06", f"{PYPI}\n", [PYPI, CPU], [CUDA_13, NO_CUDA]),
        ("579.1", "", [CU126], OLD),
        ("99.1", "", [CU126], OLD),
        ("NVIDIA-SMI has failed because it could not communicate with the driver. Make sure", "", [CPU], []),
        ("No devices were found", "", [CPU], []),
    ],
)
def test_with_a_gpu_its_driver_decides(version, lacking, asked, lines, folder):
    driver(folder, version)
    (folder / "lacking").write_text(lacking, encoding="utf-8")
    done, told = install(folder)
    assert (done.returncode, told, said(done)) == (0, asked, lines)


@pytest.mark.parametrize("build", ["cu126", "cu128", "cu130"])
def test_a_build_that_is_asked_for_comes_by_version(build, folder):
    done, told = install(folder, f"TORCH={build}")
    assert told == [BY_VERSION.format(index=INDEX, build=build, torch=f"{VERSION}+{build}")]
    assert said(done) == [f"torch: {INDEX}/{build}, by version and not by hash"]


def test_the_cpu_build_that_is_asked_for_is_that_or_none(folder):
    driver(folder, "580.65.06")
    (folder / "lacking").write_text(f"{CPU}\n", encoding="utf-8")
    done, told = install(folder, "TORCH=cpu")
    assert (done.returncode, told) == (2, [CPU, ON_INDEX])
    assert done.stderr.splitlines()[0] == NONE
    assert not (folder / ".venv/study").exists()


def test_another_fault_of_pip_is_shown_and_nothing_else_is_tried(folder):
    (folder / "full").touch()
    done, told = install(folder)
    assert (done.returncode, told) == (2, [CPU])
    assert done.stderr.splitlines()[0] == "ERROR: No space left on device"


@pytest.mark.parametrize(
    "value", ["cu99", "CPU", "cpu cu126", "$(shell touch made)", "`touch made`", "'; touch made; '"]
)
def test_another_word_is_named_before_anything_is_installed(value, folder):
    done, told = install(folder, f"TORCH={value}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"error: TORCH: '{value}'; allowed: cpu, cu126, cu128, cu130"
    assert told == []
    assert not (folder / ".venv").exists()
    assert not (folder / "a").exists()


def test_an_environment_has_the_build_that_is_asked_for_later(folder):
    assert install(folder)[1] == [CPU]
    assert install(folder)[1] == []
    assert install(folder, "TORCH=cpu")[1] == []
    assert install(folder, "TORCH=cu126")[1] == [CU126]
    assert install(folder, "TORCH=cu126")[1] == []
    assert install(folder)[1] == []
    os.utime(folder / ".venv/study", (0, 0))  # what was asked for stays when pins change
    assert install(folder)[1] == [CU126]
    done, _ = install(folder, "TORCH=x")
    assert done.stderr.splitlines()[0] == "error: TORCH: 'x'; allowed: cpu, cu126, cu128, cu130"
