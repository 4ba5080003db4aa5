"""base@<architecture>: the checkpoint that every run of an architecture starts from.

Four sources: the hub's snapshot at a pinned commit, a local folder laid out the same way, a Python package that
holds such a folder, or a miniature encoder pretrained here. Weights are safetensors only: a pickle is refused, or
converted in a process of its own where the architecture says so. No remote code runs.
"""

import argparse
from pathlib import Path

from stages.core.errors import run_stage
from stages.core.files import written_whole
from stages.encoders.base_report import BaseReport, Measured
from stages.encoders.conversion import converted_from
from stages.encoders.fetching import fetch
from stages.encoders.package import licence
from stages.encoders.settings import BaseSettings, PackageBase, PretrainedBase
from stages.encoders.snapshot import hashes


def main(architecture: str) -> None:
    """Write ``models/base/<architecture>/`` and ``metrics/base/<architecture>.json``.

    Raises:
        InputError: no checkpoint could be had, or the pretraining did not help.
    """
    settings = BaseSettings.read(architecture)
    with written_whole(Path("models/base", architecture)) as folder:
        folder.mkdir()
        measured = make(settings, folder)
        files, pickle = hashes(folder), converted_from(folder)
    stated = licence(settings.base) if isinstance(settings.base, PackageBase) else None
    report = BaseReport.of(settings, files, measured, stated, pickle)
    report.write(architecture)
    if isinstance(settings.base, PretrainedBase):
        report.require_helped(settings.base)


def make(settings: BaseSettings, folder: Path) -> Measured:
    """Pretrain the checkpoint or fetch it, into ``folder``."""
    if isinstance(settings.base, PretrainedBase):
        from stages.encoders.miniature import make_miniature  # seconds of imports

        measured = make_miniature(settings, folder)
    else:
        measured = fetch(settings, folder)
    from stages.encoders.completion import require_head

    require_head(folder, settings.family)
    return measured


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    run_stage(main, parser.parse_args().architecture)
