"""What is installed has its hash in a lock file, and the lock files are of today's pins."""

import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from stages.core.errors import InputError
from tests.helpers.tiny_study import ROOT
from tools import lock

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pinned(path: Path) -> dict[str, str]:
    """Versions by normalised name; of an entry for some platforms alone, that of the first."""
    found = {}
    for name, entry in lock.entries(path.read_text(encoding="utf-8")).items():
        found[name] = re.match(r"[^=\s]+==([^\s;\\]+)", entry)[1]
    return found


def named(path: Path) -> dict[str, str]:
    pairs = [line.split("==") for line in lock.pins(ROOT / path)]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def test_the_locks_have_every_pin_and_nothing_else():
    study = pinned(ROOT / lock.STUDY_LOCK)
    cuda, cpu = pinned(ROOT / lock.CUDA_LOCK), pinned(ROOT / lock.CPU_LOCK)
    assert study | {"torch": cuda["torch"]} == named(lock.STUDY)
    assert cpu == {"torch": f"{cuda['torch']}+cpu"}
    assert pinned(ROOT / lock.DEV_LOCK) == named(lock.DEV)
    assert not set(cuda) & set(study)


@pytest.mark.parametrize("path", lock.MADE_OF)
def test_every_entry_has_hashes_and_no_file_says_where_it_was_made(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.startswith(f"{lock.HEAD} of {lock.MADE_OF[path]}, cksum ")
    for entry in lock.entries(text.partition("\n")[2]).values():
        assert HASH.search(entry), entry
    rest = [line for line in text.splitlines()[1:] if not re.fullmatch(rf"\s+{HASH.pattern}( \\)?", line)]
    assert [line for line in rest if not re.fullmatch(r"[A-Za-z0-9._-]+==[^\s/:]+( ; [^/:]+)? \\", line)] == []


@pytest.mark.parametrize(
    ("edited", "locked"), [("requirements.txt", "requirements.lock"), ("requirements-dev.txt", "requirements-dev.lock")]
)
def test_pins_that_were_edited_since_are_named(edited, locked, tmp_path):
    for path in (Path("Makefile"), lock.STUDY, lock.DEV, *lock.MADE_OF):
        shutil.copy(ROOT / path, tmp_path)
    with (tmp_path / edited).open("a", encoding="utf-8") as stream:
        stream.write("left-pad==1\n")
    target = ".venv/study" if edited == "requirements.txt" else ".venv/dev"
    command = ["make", "--old-file=.venv/study", target] if target == ".venv/dev" else ["make", target]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"error: {edited}: edited since {locked} was made of it; run: make lock"
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("content", [b"", b"# ruff\n-r requirements.txt\n", b"\x86\xff"])
def test_a_file_without_pins_is_named_and_no_lock_made_of_it(content, tmp_path):
    path = tmp_path / "requirements-dev.txt"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        lock.pins(path)
    assert str(error.value) == f"{path}: pins nothing; `git checkout {path}` brings it back"


def test_without_the_index_of_cpu_builds_known_hashes_stay(monkeypatch, tmp_path, capsys):
    def unreachable(requirements, *options):
        raise InputError("uv: no such host")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lock, "compiled", unreachable)
    shutil.copy(ROOT / lock.CPU_LOCK, tmp_path)
    version = pinned(ROOT / lock.CUDA_LOCK)["torch"]
    assert lock.cpu_build(version) == lock.entries((ROOT / lock.CPU_LOCK).read_text(encoding="utf-8"))
    assert "stays as it is (uv: no such host)" in capsys.readouterr().out
    with pytest.raises(InputError, match="no such host"):  # of another version nothing is known
        lock.cpu_build(f"{version}1")


def test_a_file_of_another_hash_is_not_installed(tmp_path):
    """As pip sees it: a wheel that lies at hand, whose hash is not the one of the lock."""
    version = pinned(ROOT / lock.CPU_LOCK)["torch"]
    wheel = tmp_path / f"wheels/torch-{version}-py3-none-any.whl"
    wheel.parent.mkdir()
    with ZipFile(wheel, "w") as made:
        folder = f"torch-{version}.dist-info"
        made.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        made.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{folder}/RECORD", "")
    command = [
        "pip",
        "--isolated",
        "install",
        "--no-index",
        "--find-links",
        wheel.parent,
        "--target",
        tmp_path / "here",
    ]
    command += ["--no-deps", "--require-hashes", "-r", ROOT / lock.CPU_LOCK]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "here").exists()


def test_make_installs_nothing_without_a_hash(tmp_path):
    """A pip stands in that notes what it is told."""
    for path in (Path("Makefile"), lock.STUDY, lock.DEV, *lock.MADE_OF):
        shutil.copy(ROOT / path, tmp_path)
    (tmp_path / "pip").write_text('#!/bin/sh\necho "$@" >> asked\n', encoding="utf-8")
    (tmp_path / "pip").chmod(0o755)
    (tmp_path / "python").write_text("#!/bin/sh\nmkdir -p .venv/bin && cp pip .venv/bin/\n", encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    command = ["make", "PYTHON=./python", ".venv/study", ".venv/dev"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert [line.rpartition(" -r ")[2] for line in asked] == [
        str(path) for path in (lock.STUDY_LOCK, lock.CPU_LOCK, lock.DEV_LOCK)
    ]
    assert [line for line in asked if not {"install", "--no-deps", "--require-hashes"} <= set(line.split())] == []
