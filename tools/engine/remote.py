"""Outputs to and from a DVC remote, for workers that do not share the head's workspace."""

from collections.abc import Iterable

from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc_data.hashfile.tree import Tree

from stages.core.errors import InputError


def require_remote(repo: Repo, name: str) -> None:
    """Check that DVC knows a remote, before anything is made for it.

    Raises:
        InputError: it does not.
    """
    known = repo.config["remote"]
    if name not in known:
        names = ", ".join(known) or "none is set up yet: dvc remote add"
        raise InputError(f"REMOTE: {name!r}: no such remote of DVC; allowed: {names}")


def push(stages: Iterable[PipelineStage], remote: str) -> None:
    """Upload what the stages' cached outputs consist of.

    Raises:
        InputError: some of it did not arrive.
    """
    stages = list(stages)
    objects = set().union(*(contents(stage.get_used_objs()) for stage in stages))
    if not objects:
        return
    failed = stages[0].repo.cloud.push(objects, remote=remote).failed
    if failed:
        raise InputError(f"remote {remote}: {len(failed)} files were not uploaded")


def fetch(stage: PipelineStage, remote: str | None) -> None:
    """Download a stage's cached outputs, as its lock entry has them, and put them in place.

    Raises:
        InputError: the remote does not have them.
    """
    for out in stage.outs:
        if not out.use_cache or (out.exists and not out.changed_checksum()):
            continue
        if out.changed_cache():
            objects = contents(out.get_used_objs(remote=remote))
            result = stage.repo.cloud.pull(objects, remote=remote) if objects else None
            if result is None or result.failed:
                raise InputError(f"remote {remote}: does not have {out.def_path} as {stage.addressing} made it")
        require_within(out)
        out.checkout(force=True)


def require_within(out: Output) -> None:
    """Check that no file of a folder would be put elsewhere: a listing in a remote is as good as who wrote it.

    Raises:
        InputError: one would.
    """
    listing = out.get_obj()
    for parts, *_ in listing if isinstance(listing, Tree) else []:
        if any(part in ("", ".", "..") or "/" in part or "\\" in part for part in parts):
            raise InputError(f"{out.def_path}: {'/'.join(parts)!r}: a file elsewhere; allowed: files of the folder")


def contents(used: dict[object, set]) -> set:
    """The objects of all stores that DVC names."""
    return set().union(*used.values())
