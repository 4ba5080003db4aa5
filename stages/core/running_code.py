"""Is the code that runs still the code that is there? What an edit leaves behind must not be recorded as what ran."""

import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = ROOT / "stages"
PACKAGES = ROOT / "requirements.txt"


def _hashes() -> dict[Path, bytes]:
    files = [PACKAGES, *STAGES.rglob("*.py"), *STAGES.rglob("*.yaml")]
    return {file: hashlib.sha256(file.read_bytes()).digest() for file in files if file.is_file()}


AT_START = _hashes()  # while the first import of a stage is made, so that of the project its own file alone is read


def edited() -> str | None:
    """The first file that this process runs, or its packages' pins, that is not what it was; None if all are."""
    now = _hashes()
    for file in sorted(_used(now)):
        if now.get(file) != AT_START.get(file):
            return file.relative_to(ROOT).as_posix()
    return None


def is_stage() -> bool:
    """Whether this process is a stage: a tool may be edited while it waits for one."""
    main = getattr(sys.modules["__main__"], "__file__", None)
    return main is not None and Path(main).resolve().parent == STAGES


def _used(files: dict[Path, bytes]) -> set[Path]:
    """Modules that are loaded, data beside them, and the pins."""
    loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    code = {Path(file) for file in loaded if file and file.startswith(f"{STAGES}{os.sep}")}  # of some 2,000 modules
    folders = {file.parent for file in code}
    return code | {file for file in files if file.suffix == ".yaml" and file.parent in folders} | {PACKAGES}
