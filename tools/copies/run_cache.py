"""DVC's run cache: lock entries of stages as they were made, by the command and the contents that they read.

A second copy of dvc.lock, then, and the way back to results of parameters that the study had before. DVC itself keeps
no entry of a stage with outputs in git.
"""

import json
from pathlib import Path
from typing import Self

from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils import dict_sha256
from dvc.utils.serialize import ParseError, parse_yaml

from stages.core.contents import Contents
from stages.core.files import write_text
from tools.engine.messages import LockEntry

SIZES = ["size", "nfiles"]  # which DVC leaves out of an entry's name


class RunCache:
    """Of one repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, repo: Repo) -> Self:
        return cls(Path(repo.stage_cache.cache_dir))

    def remember(self, stage: PipelineStage) -> None:
        """Keep a stage's lock entry, which must be true of what is there: as JSON, which is YAML and read ten times as
        fast.
        """
        if not can_be_kept(stage):
            return
        entry = lock_entry(stage)
        path, text = self._folder(entry) / dict_sha256(entry, exclude=SIZES), json.dumps(entry)
        if not path.is_file() or path.read_bytes() != text.encode():
            write_text(path, text)

    def recall(self, stage: PipelineStage, contents: Contents) -> list[LockEntry]:
        """Entries of the stage as it would run now, the last made first; damaged ones are removed."""
        if not self.folder.is_dir() or not can_be_kept(stage) or any(map(_has_other_values, stage.deps)):
            return []
        entry = lock_entry(stage)
        for dependency in entry.get("deps", []):
            dependency["md5"] = contents.of(Path(dependency["path"]))
        made = sorted(self._folder(entry).glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        return [found for found in map(_read, made) if found is not None]

    def _folder(self, entry: LockEntry) -> Path:
        read = entry | {"outs": [out["path"] for out in entry.get("outs", [])]}
        key = dict_sha256(read, exclude=SIZES)
        return self.folder / key[:2] / key


def can_be_kept(stage: PipelineStage) -> bool:
    """What DVC asks of a stage: it reads and writes, and none of its outputs outlives its runs."""
    return bool(stage.cmd and stage.deps and stage.outs) and not any(out.persist for out in stage.outs)


def lock_entry(stage: PipelineStage) -> LockEntry:
    return json.loads(json.dumps(to_single_stage_lockfile(stage)))


def _has_other_values(dependency: object) -> bool:
    """Whether parameters that a stage depends on are not those of its lock entry."""
    return hasattr(dependency, "params") and dependency.changed()


def _read(path: Path) -> LockEntry | None:
    """An entry that is what its name says; None where it is not, and then it is not there any more."""
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        entry = json.loads(text) if text.startswith("{") else parse_yaml(text, str(path))  # the latter: DVC's own
        if isinstance(entry, dict) and dict_sha256(entry, exclude=SIZES) == path.name:
            return entry
    except (ValueError, ParseError):
        pass
    path.unlink()
    return None
