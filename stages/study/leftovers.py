"""Outputs of runs and architectures that are not of the grid any more, kept aside until a grid has them again.

Stages depend on whole folders (``metrics/runs``, ``models/runs`` …): what an earlier, larger grid left in them would be
hashed with the rest, and dvc.lock would hold on this machine alone, for no clone has it. It is moved, not deleted: DVC
does not cache records, and a grid that grows again takes its runs back without training.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from stages.study.failures import failure_path
from stages.study.grid import StudySettings

ASIDE = Path("models/.aside")
# Where outputs of the grid are in folders that stages depend on. Beside records, git shows what else lies there and
# clones have it; the other folders git ignores, so that nothing of theirs reaches a clone but by DVC.
PLACES = {
    "metrics/runs": "*/*/[0-9]*.json",
    "models/runs": "*/*/*",
    "data/tokenized": "*",
    "metrics/base": "*",
    "metrics/tokenized": "*",
}


def arrange(study: StudySettings) -> None:
    """Take back what the grid has and lacks, and move aside what it has not, each said in one line."""
    wanted = set(outputs(study))
    back = [path for path in sorted(wanted) if not path.exists() and (ASIDE / path).exists()]
    for path in back:
        _move(ASIDE / path, path)
    _say(back, f"of this grid again, taken back from {ASIDE}/")
    leftovers = [path for path in present() if path not in wanted]
    for path in leftovers:
        _move(path, ASIDE / path)
    _say(leftovers, f"not of this grid, moved to {ASIDE}/")


def outputs(study: StudySettings) -> Iterator[Path]:
    """What the stages of the grid write below ``PLACES``, and why a run of it failed."""
    for run in study.every_run:
        yield from (run.record_path, run.model_path, failure_path(run))
    for architecture in study.architectures:
        yield Path("data/tokenized", architecture)
        for reports in ("metrics/base", "metrics/tokenized"):
            yield Path(reports, f"{architecture}.json")


def present() -> Iterator[Path]:
    """What lies below ``PLACES``; hidden files aside, which .dvcignore keeps out of hashes."""
    for folder, pattern in PLACES.items():
        for path in sorted(Path(folder).glob(pattern)):
            if not any(part.startswith(".") for part in path.parts):
                yield path


def _move(source: Path, target: Path) -> None:
    """Into the place of what may be there; folders that are empty afterwards go."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    shutil.move(source, target)
    for folder in source.parents:
        if folder in map(Path, PLACES) or folder == ASIDE or any(folder.iterdir()):
            return
        folder.rmdir()


def _say(paths: list[Path], what: str) -> None:
    if paths:
        others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        print(f"{what}: {paths[0]}{others}")
