"""A published checkpoint, from a local folder or the hub."""

from pathlib import Path

from stages.encoders import snapshot
from stages.encoders.base_report import Measured
from stages.encoders.settings import BaseSettings, LocalBase
from stages.encoders.verification import require_files, verify
from stages.hub import client as hub


def fetch(settings: BaseSettings, folder: Path) -> Measured:
    """Put the checkpoint into ``folder``, once it is known to be fit for training.

    Raises:
        InputError: it cannot be had, or is not fit.
    """
    if isinstance(settings.base, LocalBase):
        source = Path(settings.base.path, settings.architecture)
        shown = str(source)
    else:
        repository = hub.Repository("model", settings.family.hub_id, settings.family.revision)
        shown = str(repository)
        # names are checked before anything is downloaded
        source = hub.fetch(repository, snapshot.FILES, lambda names: require_files(names, settings.family, shown))
    verify(source, settings.family, shown)
    snapshot.copy(source, folder)
    snapshot.complete(folder)
    return snapshot.count(folder)
