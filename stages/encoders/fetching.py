"""A published checkpoint, from a local folder, a Python package or the hub."""

from pathlib import Path

from stages.core.errors import InputError
from stages.encoders import snapshot
from stages.encoders.base_report import Measured
from stages.encoders.package import folder_of, require_unchanged
from stages.encoders.settings import BaseSettings, LocalBase, PackageBase
from stages.encoders.verification import require_files, verify
from stages.hub import client as hub


def fetch(settings: BaseSettings, folder: Path) -> Measured:
    """Put the checkpoint into ``folder``, once it is known to be fit for training.

    Raises:
        InputError: it cannot be had, or is not fit.
    """
    family = settings.family
    if isinstance(settings.base, LocalBase):
        source = Path(settings.base.path, settings.architecture)
        shown = str(source)
    elif isinstance(settings.base, PackageBase):
        require_unchanged(settings.base, snapshot.FILES)
        source = folder_of(settings.base)
        shown = settings.base.shown
    else:
        repository = hub.Repository("model", family.hub_id, family.revision)
        shown = str(repository)
        # names are checked before anything is downloaded
        source = hub.fetch(repository, snapshot.FILES, lambda names: require_files(names, family, shown))
    found = verify(source, family, shown)
    from stages.encoders.checkpoint import positions  # seconds of imports
    from stages.encoders.completion import complete, count

    most, wanted = positions(found.model), settings.max_length
    if most is not None and wanted > most:
        raise InputError(f"tokenize.max_length: {wanted}: more than {shown} takes; allowed: at most {most}")
    snapshot.copy(source, folder)
    complete(folder, family, found)
    return count(folder, family)
