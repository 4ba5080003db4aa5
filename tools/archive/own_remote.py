"""What DVC holds of the study, as a remote inside the archive, from which ``dvc pull`` works where it is unpacked.

Texts that others wrote are never in it: what their licence allows is for who publishes them to ask.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.data.card import Card

if TYPE_CHECKING:
    from tools.engine.dag import Dag

FOLDER, NAME = "dvc-remote", "archive"
CONFIG = f"[core]\n    remote = {NAME}\n['remote \"{NAME}\"']\n    url = ../{FOLDER}\n"  # a path from .dvc
MODELS = Path("models")
TEXTS = (Path("data/raw"), Path("data/tokenized"))


class Outputs:
    """DVC's outputs by path, in order, with the hash by which dvc.lock names their content.

    Attributes:
        pushed: those that are in the remote.
        left_out: those that are not, models or texts.
        is_whole: whether the remote has all that the study made; what a failed run did not make is in none.
    """

    def __init__(self, dag: "Dag", card: Card, with_models: bool) -> None:
        self.pushed: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        outs = [out for stage in dag.stages.values() for out in stage.outs if out.use_cache]
        made = [out for out in outs if out.exists]
        for out in made:
            path = Path(dag.repo.fs.relpath(out.fs_path, dag.repo.root_dir)).as_posix()
            kept = self.pushed if is_kept(Path(path), card, with_models) else self.left_out
            kept[path] = out.hash_info.value
        self.pushed, self.left_out = dict(sorted(self.pushed.items())), dict(sorted(self.left_out.items()))
        self.is_whole = not self.left_out and len(made) == len(outs)


def is_kept(path: Path, card: Card, with_models: bool) -> bool:
    """Whether an output goes into the archive's remote."""
    if path.is_relative_to(MODELS):
        return with_models
    return card.source == "generated" or not is_text(path)


def is_text(path: Path) -> bool:
    """Whether an output holds the texts themselves, as they are or as tokens."""
    return any(path.is_relative_to(folder) for folder in TEXTS) and path != Card.path()


def write_remote(outputs: Outputs, folder: Path) -> None:
    """Push into ``folder/dvc-remote``, and tell DVC there, for this folder alone, that it is the remote.

    Raises:
        InputError: DVC's cache here lacks something.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    (folder / FOLDER).mkdir()
    config = {"core": {"remote": NAME}, "remote": {NAME: {"url": str((folder / FOLDER).absolute())}}}
    try:
        with Repo(config=config) as repo:
            repo.push(targets=list(outputs.pushed), remote=NAME)
    except DvcException as error:
        raise InputError(f"DVC's cache: {' '.join(str(error).split())}; `dvc fetch`, or `make paper`") from error
    missing = [path for path, content in outputs.pushed.items() if not (folder / object_of(content)).is_file()]
    if missing:
        raise InputError(f"DVC's cache: lacks {', '.join(missing)}; `dvc fetch`, or `make paper`")
    write_text(folder / ".dvc/config.local", CONFIG)


def object_of(content: str) -> Path:
    """The file of the archive that holds a content, of a folder its listing."""
    return Path(FOLDER, "files/md5", content[:2], content[2:])
