"""Whether a profile's data and checkpoints are at hand: made here, in a local folder, cached, or on the hub."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.hub_dataset import PATTERNS as DATA_FILES
from stages.data.hub_dataset import repository_of
from stages.data.settings import DataSettings, GeneratedData, HubData, LocalData
from stages.encoders import snapshot
from stages.encoders.package import folder_of, require_unchanged
from stages.encoders.settings import Architecture, HubBase, LocalBase, PackageBase
from stages.encoders.verification import require_files, verify
from stages.hub import client as hub
from stages.hub.disk import gigabytes
from stages.prepare import prepared
from stages.study.params import Params
from stages.study.source_link import require_source

PATIENCE = hub.TIMEOUT + 3  # seconds; a name server that does not answer knows no time-out of the client's


class Availability(NamedTuple):
    """The place of one input, and what stands in its way.

    ``missing`` is one line, empty if nothing does; ``no_hub`` is why the hub does not have it, empty if it was not
    that; ``made_here`` is true of what no network and no disk is needed for.
    """

    name: str
    place: str
    missing: str = ""
    no_hub: str = ""
    made_here: bool = False


def sources(params: Params) -> list[Availability]:
    """The data, then the checkpoint of each architecture; the hub is asked, and given up on quickly."""
    asker = Hub()
    data = _data(params.profiles[params.profile].data, params.protocols[params.protocol].deduplicate, asker)
    return [data, *(_checkpoint(params, name, asker) for name in params.architectures)]


class Hub:
    """The hub as one check sees it: once it did not answer, it is not asked again."""

    def __init__(self) -> None:
        self.silent = ""

    def files(self, repository: hub.Repository) -> dict[str, int]:
        """As ``hub.list_files``, within ``PATIENCE``.

        Raises:
            HubError: no answer, now or before, or a refusal.
        """
        if self.silent:
            raise hub.HubError(self.silent)
        answers: list[dict[str, int] | hub.HubError] = []

        def ask() -> None:
            try:
                answers.append(hub.list_files(repository))
            except hub.HubError as error:
                answers.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        answer = answers[0] if answers else hub.HubError(f"no answer in {PATIENCE} s")
        if isinstance(answer, hub.HubError):
            self.silent = "" if "NotFound" in str(answer) else str(answer)
            raise answer
        return answer


def _data(data: GeneratedData | LocalData | HubData, deduplicate: bool, asker: Hub) -> Availability:
    if isinstance(data, GeneratedData):
        return Availability("data", "generated here", made_here=True)
    if isinstance(data, LocalData):
        return _attempt("data", data.path, lambda: _local(DataSettings(data=data, deduplicate=deduplicate)))
    return _on_hub("data", repository_of(data), DATA_FILES, asker, lambda folder: None, lambda names: None)


def _local(settings: DataSettings) -> None:
    """As the stages settings and prepare look at local data, in their order."""
    require_source(settings.data)
    prepared(settings)


def _checkpoint(params: Params, name: str, asker: Hub) -> Availability:
    base, family = params.profiles[params.profile].base, params.architecture[name]
    label = f"{name} checkpoint"
    if isinstance(base, LocalBase):
        folder = Path(base.path, name)
        return _attempt(label, str(folder), lambda: verify(folder, family, str(folder)))
    if isinstance(base, PackageBase):
        return _attempt(label, f"package {base.shown}", lambda: _in_package(base, family))
    if not isinstance(base, HubBase):
        return Availability(label, "pretrained here", made_here=True)
    repository = hub.Repository("model", family.hub_id, family.revision)
    return _on_hub(
        label,
        repository,
        snapshot.FILES,
        asker,
        lambda folder: verify(folder, family, str(repository)),
        lambda names: require_files(names, family, str(repository)),
    )


def _in_package(base: PackageBase, family: Architecture) -> None:
    """As the base stage looks at it."""
    require_unchanged(base, snapshot.FILES)
    verify(folder_of(base), family, base.shown)


def _on_hub(
    name: str,
    repository: hub.Repository,
    patterns: tuple[str, ...],
    asker: Hub,
    verify: Callable[[Path], None],
    inspect: Callable[[list[str]], None],
) -> Availability:
    folder = hub.cached(repository, patterns)
    if folder is not None:
        return _attempt(name, f"{repository}, cached", lambda: verify(folder))
    try:
        files = asker.files(repository)
    except hub.HubError as error:
        return Availability(name, str(repository), hub.unreachable(repository, str(error)), str(error))
    size = sum(files[file] for file in hub.matching(files, patterns))
    return _attempt(name, f"{repository}, {gigabytes(size)} to download", lambda: inspect(list(files)))


def _attempt(name: str, place: str, check: Callable[[], object]) -> Availability:
    try:
        check()
    except InputError as error:
        return Availability(name, place, str(error))
    return Availability(name, place)


def no_hub(inputs: list[Availability]) -> list[str]:
    """What the hub does not give, as one line with the ways on."""
    names = [source.name for source in inputs if source.no_hub]
    if not names:
        return []
    return [
        f"{', '.join(names)}: go online, or give local copies (data: {{source: local, path: <file or folder>}}, base: "
        "{source: local, path: <folder>}), or use `profile: mini`, which needs neither"
    ]
