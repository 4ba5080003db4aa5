"""A published checkpoint, from a local folder, a Python package or the hub."""

from pathlib import Path

from stages.core.errors import InputError
from stages.encoders import snapshot
from stages.encoders.base_report import Measured
from stages.encoders.conversion import convert, is_to_convert
from stages.encoders.package import folder_of, require_unchanged
from stages.encoders.settings import Architecture, BaseSettings, HubBase, LocalBase, PackageBase
from stages.encoders.snapshot import PICKLE, WEIGHTS
from stages.encoders.verification import require_files, require_settings, verify
from stages.hub import client as hub


def fetch(settings: BaseSettings, folder: Path) -> Measured:
    """Put the checkpoint into ``folder``, once it is known to be fit for training.

    Raises:
        InputError: it cannot be had, or is not fit.
    """
    family = settings.family
    source, shown = source_of(settings)
    converts = is_to_convert(snapshot.file_names(source), family)
    if converts:
        require_settings(source, family, shown)
        snapshot.copy(source, folder)
        convert(source, folder, shown, family.revision if isinstance(settings.base, HubBase) else None)
        print(f"{settings.architecture}: {PICKLE} of {shown} converted to {WEIGHTS}, the same numbers bit by bit")
    elif family.convert and (source / WEIGHTS).exists():
        print(f"{settings.architecture}: nothing to convert: {shown} has {WEIGHTS}")
    found = verify(folder if converts else source, family, shown)
    from stages.encoders.checkpoint import positions  # seconds of imports
    from stages.encoders.completion import complete, count

    most, wanted = positions(found.model), settings.max_length
    if most is not None and wanted > most:
        raise InputError(f"tokenize.max_length: {wanted}: more than {shown} takes; allowed: at most {most}")
    if not converts:
        snapshot.copy(source, folder)
    complete(folder, family, found)
    return count(folder, family)


def source_of(settings: BaseSettings) -> tuple[Path, str]:
    """The folder where the checkpoint lies, downloaded where it has to be, and what messages call it."""
    family = settings.family
    if isinstance(settings.base, LocalBase):
        source = Path(settings.base.path, settings.architecture)
        return source, str(source)
    if isinstance(settings.base, PackageBase):
        return in_package(settings.base, family), settings.base.shown
    repository = hub.Repository("model", family.hub_id, family.revision)
    listed: list[str] = []

    def inspect(names: list[str]) -> None:  # before anything is downloaded
        require_files(names, family, str(repository))
        listed.extend(names)

    source = hub.fetch(repository, snapshot.FILES, inspect)
    if is_to_convert(listed, family):  # where there are safetensors too, no pickle is downloaded
        source = hub.fetch(repository, [PICKLE], lambda names: None)
    return source, str(repository)


def in_package(base: PackageBase, family: Architecture) -> Path:
    """The folder of a package's checkpoint, once the files that are read of it are known to be those installed."""
    source = folder_of(base)
    names = snapshot.FILES
    if is_to_convert(snapshot.file_names(source), family):
        names = (*names, PICKLE)
    require_unchanged(base, names)
    return source
