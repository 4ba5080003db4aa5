"""DVC's cache as a store of contents: a file a content, by its name (``stages/core/contents.py``)."""

import os
import shutil
from pathlib import Path

from dvc.output import Output
from dvc.repo import Repo

from stages.core.contents import FOLDER, Contents, Listing, as_bytes, from_bytes, md5
from stages.core.files import written_whole

READ_ONLY = 0o444  # by which DVC tells that an object is whole


class Store:
    """What is asked for is read, once: an object that is not what its name says is removed, as if it were not there."""

    def __init__(self, repo: Repo) -> None:
        self.folder = Path(repo.cache.local.path)
        self.damaged: set[str] = set()
        self._whole: dict[str, bool] = {}

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]

    def has(self, name: str) -> bool:
        """Whether all of it is there: of a folder, each of its files too."""
        if name not in self._whole:
            self._whole[name] = self._is_whole(name)
        return self._whole[name]

    def listing(self, name: str) -> Listing:
        """Of a folder that ``has`` found whole."""
        return from_bytes(self.path(name).read_bytes())

    def put(self, path: Path, name: str, contents: Contents) -> bool:
        """Keep what lies at ``path``, whose content has this name; whether something of it was not there."""
        if self.has(name):
            return False
        if name.endswith(FOLDER):
            listing = contents.listing(path)
            for within, file in listing.items():
                self.put(path / within, file, contents)
            with written_whole(self._place(name)) as beside:
                beside.write_bytes(as_bytes(listing))
                beside.chmod(READ_ONLY)
        else:
            with written_whole(self._place(name)) as beside:
                shutil.copyfile(path, beside)
                beside.chmod(READ_ONLY)
        self._whole[name] = True
        return True

    def take(self, name: str, path: Path, contents: Contents) -> None:
        """Put a content that ``has`` found whole in its place: of a folder, what differs there."""
        if not name.endswith(FOLDER):
            if path.is_dir():
                shutil.rmtree(path)
            self._copy(name, path)
        else:
            if not path.is_dir():
                path.unlink(missing_ok=True)
                path.mkdir(parents=True)
            wanted, there = self.listing(name), contents.listing(path)
            for within in there.keys() - wanted.keys():
                (path / within).unlink()
            for within, file in wanted.items():
                if there.get(within) != file:
                    self._copy(file, path / within)
        contents.forget(path)

    def _copy(self, name: str, path: Path) -> None:
        with written_whole(path) as beside:
            shutil.copyfile(self.path(name), beside)

    def _place(self, name: str) -> Path:
        """Where an object goes, made free for it."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _is_whole(self, name: str) -> bool:
        path = self.path(name)
        if not path.is_file():
            return False
        if md5(path) != name.removesuffix(FOLDER):
            os.unlink(path)
            self.damaged.add(name)
            return False
        within = self.listing(name).values() if name.endswith(FOLDER) else []
        return all([self.has(file) for file in within])  # a list: each is looked at


def is_watched(out: Output) -> bool:
    """Whether an output is a link to what the user has elsewhere, or says that there is none: DVC does not copy it."""
    return out.persist and not out.use_cache
