"""Whether a profile's data and checkpoints are at hand: made here, in a local folder, cached, or on the hub."""

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.hub_dataset import PATTERNS as DATA_FILES
from stages.data.hub_dataset import repository_of
from stages.data.settings import DataSettings, GeneratedData, HubData, LocalData
from stages.encoders import snapshot
from stages.encoders.conversion import is_to_convert
from stages.encoders.fetching import in_package
from stages.encoders.settings import Architecture, HubBase, LocalBase, PackageBase
from stages.encoders.snapshot import PICKLE, WEIGHTS
from stages.encoders.verification import require_files, require_settings, verify
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
    repository = repository_of(data)
    folder = hub.cached(repository, DATA_FILES)
    if folder is not None:
        return Availability("data", f"{repository}, cached")
    return _on_hub("data", repository, lambda names: DATA_FILES, asker)


def _local(settings: DataSettings) -> None:
    """As the stages settings and prepare look at local data, in their order."""
    require_source(settings.data)
    prepared(settings)


def _checkpoint(params: Params, name: str, asker: Hub) -> Availability:
    base, family = params.profiles[params.profile].base, params.architecture[name]
    label = f"{name} checkpoint"
    if isinstance(base, LocalBase):
        folder = Path(base.path, name)
        place = f"{folder}{_to_convert(snapshot.file_names(folder), family)}"
        return _attempt(label, place, lambda: _require_fit(folder, family, str(folder)))
    if isinstance(base, PackageBase):
        shown = base.shown
        return _attempt(label, f"package {shown}", lambda: _require_fit(in_package(base, family), family, shown))
    if not isinstance(base, HubBase):
        return Availability(label, "pretrained here", made_here=True)
    return _published(label, hub.Repository("model", family.hub_id, family.revision), family, asker)


def _published(label: str, repository: hub.Repository, family: Architecture, asker: Hub) -> Availability:
    """A checkpoint of the hub, as the base stage gets it: of a pickle, only one that is to be converted."""
    folder, shown = hub.cached(repository, snapshot.FILES), str(repository)
    found = [] if folder is None else snapshot.file_names(folder)
    lacks_pickle = family.convert is not None and not {WEIGHTS, PICKLE} & set(found)
    if folder is not None and not lacks_pickle:
        place = f"{repository}, cached{_to_convert(found, family)}"
        return _attempt(label, place, lambda: _require_fit(folder, family, shown))

    def patterns(names: Collection[str]) -> Collection[str]:
        require_files(names, family, shown)
        return (*snapshot.FILES, PICKLE) if is_to_convert(names, family) else snapshot.FILES

    return _on_hub(label, repository, patterns, asker, lambda names: _to_convert(names, family))


def _to_convert(names: Collection[str], family: Architecture) -> str:
    return f", {PICKLE} to convert" if is_to_convert(names, family) else ""


def _require_fit(folder: Path, family: Architecture, shown: str) -> None:
    """As far as it can be told without converting a pickle, which takes time and disk."""
    if is_to_convert(snapshot.file_names(folder), family):
        require_settings(folder, family, shown)
    else:
        verify(folder, family, shown)


def _on_hub(
    name: str,
    repository: hub.Repository,
    patterns: Callable[[Collection[str]], Collection[str]],
    asker: Hub,
    note: Callable[[Collection[str]], str] = lambda names: "",
) -> Availability:
    """What is not cached: ``patterns``, given the names of its files, says which are downloaded, or raises."""
    try:
        files = asker.files(repository)
    except hub.HubError as error:
        return Availability(name, str(repository), hub.unreachable(repository, str(error)), str(error))
    try:
        wanted = patterns(files)
    except InputError as error:
        return Availability(name, str(repository), str(error))
    size = sum(files[file] for file in hub.matching(files, wanted))
    return Availability(name, f"{repository}, {gigabytes(size)} to download{note(files)}")


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
