"""The Hugging Face hub, at full commit ids alone: what a repository holds, and its files through the hub's own cache.

A commit does not change, so a cached snapshot is as good as the hub: ``HF_HUB_OFFLINE=1`` and a missing network
work alike. Files come by ``snapshot_download``, which shows its progress, goes on where a connection broke, and keeps
whole files from one call to the next.
"""

from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, NamedTuple

from stages.core.errors import InputError
from stages.hub.disk import require_space

TIMEOUT = 5  # seconds to wait for the hub's answer; its client would try for half a minute


class Repository(NamedTuple):
    """One repository at one commit."""

    kind: Literal["model", "dataset"]
    id: str
    revision: str  # 40 hexadecimal digits

    def __str__(self) -> str:
        return f"{self.id}@{self.revision[:12]}"


class HubError(Exception):
    """The hub was not reached or does not have the repository; the text is the reason in a word or two."""


def list_files(repository: Repository) -> dict[str, int]:
    """Names and bytes of a repository's files, from the hub.

    Raises:
        HubError: no answer, or a refusal.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        info = HfApi().repo_info(
            repository.id,
            repo_type=repository.kind,
            revision=repository.revision,
            files_metadata=True,
            timeout=TIMEOUT,
        )
    except OfflineModeIsEnabled as error:
        raise HubError("HF_HUB_OFFLINE is set") from error
    except (OSError, httpx2.HTTPError) as error:
        raise HubError(type(error).__name__) from error
    return {file.rfilename: file.size or 0 for file in info.siblings or []}


def cached(repository: Repository, patterns: Collection[str]) -> Path | None:
    """The snapshot's folder in the hub's cache, None where it is not there or known to lack a file; no network."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return _download(repository, patterns, local_files_only=True)
    except LocalEntryNotFoundError:
        return None


def fetch(repository: Repository, patterns: Collection[str], inspect: Callable[[Collection[str]], None]) -> Path:
    """A folder with the repository's files that match ``patterns``.

    Args:
        repository: what to fetch.
        patterns: shell patterns of the files that are read; nothing else is downloaded.
        inspect: is given the names of the files that are there, before any is downloaded; it may raise.

    Raises:
        InputError: the hub cannot be asked and the snapshot is not cached, or the disk is too small.
    """
    import httpx2
    from huggingface_hub import constants

    try:
        files = list_files(repository)
    except HubError as error:
        folder = cached(repository, patterns)
        if folder is None:
            raise InputError(unreachable(repository, str(error))) from error
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        inspect(names)
        return folder
    inspect(files)
    folder = cached(repository, patterns)
    missing = [name for name in matching(files, patterns) if folder is None or not (folder / name).exists()]
    missing_bytes = sum(files[name] for name in missing)
    require_space(Path(constants.HF_HUB_CACHE), missing_bytes, f"the download of {repository}")
    try:
        return _download(repository, patterns)
    except (OSError, httpx2.HTTPError) as error:
        raise InputError(unreachable(repository, type(error).__name__)) from error


def matching(names: Iterable[str], patterns: Collection[str]) -> list[str]:
    """The names that a download with these patterns fetches."""
    wanted = []
    for name in names:
        if any(fnmatch(name, pattern) for pattern in patterns):
            wanted.append(name)
    return wanted


def unreachable(repository: Repository, why: str) -> str:
    """The line that says so, and the three ways on."""
    section = {"model": "base", "dataset": "data"}[repository.kind]
    return (
        f"{section}.source: 'hub': {repository}: not cached and cannot be downloaded ({why}); go online, or give a "
        f"local copy ({section}: {{source: local, path: <folder>}}), or use `profile: mini`, which needs neither"
    )


def _download(repository: Repository, patterns: Collection[str], **options: bool) -> Path:
    from huggingface_hub import snapshot_download

    folder = snapshot_download(
        repository.id,
        repo_type=repository.kind,
        revision=repository.revision,
        allow_patterns=list(patterns),
        **options,
    )
    return Path(folder)
