"""``dvc exp run`` beside ``make paper`` would check out over what that makes: whoever comes later is told so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvc.repo import Repo
from dvc.repo.experiments.utils import EXEC_TMP_DIR
from dvc.rwlock import rwlock
from dvc.scm import NoSCM

from stages.core.errors import InputError

# DVC shows it behind "'workspace' is busy, it is being blocked by: (PID …)".
SAID = "make paper, which runs in this folder; `make status` shows how far it is: run the experiment when it has ended"


@contextmanager
def kept_out(repo: Repo) -> Iterator[None]:
    """Let no experiment begin in this folder meanwhile: DVC's own lock for that names what holds it.

    Raises:
        InputError: an experiment runs here already.
    """
    if isinstance(repo.scm, NoSCM):  # then there are no experiments
        yield
        return
    running = repo.experiments.workspace_queue.get_running_exp()
    if running is not None:
        raise InputError(f"{running}: `dvc exp run` runs this experiment here; `make paper` when it has ended")
    folder = Path(repo.tmp_dir, EXEC_TMP_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    hardlink = repo.config["core"].get("hardlink_lock", False)
    with rwlock(str(folder), repo.fs, SAID, read=["workspace"], write=[], hardlink=hardlink):
        yield
