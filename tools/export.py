"""Copy a run to a folder from which everything loads it, ``AutoPeftModelForSequenceClassification`` too.

PEFT takes a base that is on no hub from a path, and looks that up from the working directory. A run's own folder holds
no path of this machine; the copy holds its own. Moved once more, it wants to be exported once more.
"""

import argparse
import shutil
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.core.files import written_whole
from stages.saved.saved_run import ADAPTER, BASE, SavedRun, run_folder
from stages.training.startup import quiet_bitsandbytes


def main(run: str, folder: str) -> None:
    """Write the copy, the base of an adapter beside it.

    Raises:
        InputError: there is no such run, or something lies at ``folder``.
    """
    source, target = run_folder(run), free_folder(folder)
    quiet_bitsandbytes()
    from stages.saved.base_beside import WEIGHTS, Base, put_weights_beside, refer_to
    from stages.saved.loading import base_of

    settings = SavedRun.of(source).settings
    with written_whole(target) as beside:
        shutil.copytree(source, beside)
        if (beside / ADAPTER).exists() and settings.checkpoint_hub_id is None:
            put_weights_beside(Path(base_of(source, settings, None).name) / WEIGHTS, beside)
            refer_to(Base(str(target / BASE), None), beside)
    print(f"{target}: loads from any working directory, as its README.md says")


def free_folder(folder: str) -> Path:
    """An absolute path at which nothing lies, or an empty folder."""
    path = Path(folder).absolute()
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise InputError(f"FOLDER: {folder}: exists; allowed: a new or an empty folder")
    return path


def parse(description: str | None) -> argparse.Namespace:
    """The arguments of a command that makes a folder of a run."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("run", metavar="RUN", help="<architecture>/<configuration>/<seed>, or a copy of a run's folder")
    parser.add_argument("folder", metavar="FOLDER", help="a new folder")
    return parser.parse_args()


if __name__ == "__main__":
    run_stage(main, **vars(parse(__doc__)))
