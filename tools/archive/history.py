"""The commit's files, and a repository beside them that says which commit they are: git's, without this machine's.

Of the repository's folder only what git needs is kept: the history of one commit in a pack, its tags, an index. There
are no hooks, no other branches, no settings of the user's.
"""

import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.training.environment import git, head

BRANCH = "main"
# A program's bit that an unpacker drops is no change of a file.
CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = false\n\tlogallrefupdates = false\n"


class Commit:
    """The commit that is checked out.

    Attributes:
        id: its hash.
        subject: first line of its message.
        seconds: its time, since the epoch.

    Raises:
        InputError: there is none, git cannot tell, or the project is not all of the repository.
    """

    def __init__(self) -> None:
        self.id, self.subject = head()
        if prefix := git("rev-parse", "--show-prefix"):
            raise InputError(f"{prefix}: a part of a larger repository; allowed: a project that is all of it")
        self.seconds = int(git("log", "-1", "--no-show-signature", "--format=%ct"))


def changed_files() -> list[str]:
    """Files that git has and that are not the commit's."""
    return sorted(name for name in git("diff", "--name-only", "-z", "HEAD").split("\0") if name)


def write_tree(commit: Commit, folder: Path) -> None:
    """All files of the commit."""
    with TemporaryDirectory() as beside:
        packed = Path(beside, "tree.tar")
        git("-c", "tar.umask=0022", "archive", "--format=tar", f"--output={packed}", commit.id)
        with tarfile.open(packed) as archive:
            archive.extraction_filter = lambda member, _: member  # links as the commit has them
            archive.extractall(folder)  # whose own argument for it Python has since 3.11.4


def write_history(commit: Commit, folder: Path, hidden: list[str]) -> None:
    """``folder/.git``, for the files that ``write_tree`` has written there.

    Args:
        hidden: what else is in the folder, as patterns, of which git is to say nothing.
    """
    target = folder / ".git"
    with TemporaryDirectory() as beside:
        bare = Path(beside, "bare.git")
        git("init", "--quiet", "--bare", "--template=", str(bare))
        git("-C", str(bare), "fetch", "--quiet", "--update-shallow", str(Path.cwd()), f"HEAD:refs/heads/{BRANCH}")
        # One thread and all deltas anew: the pack does not depend on how objects lie here.
        repack = ("repack", "--quiet", "-a", "-d", "-F", "--threads=1")
        git("-C", str(bare), "-c", "pack.writeReverseIndex=false", *repack)
        git("-C", str(bare), "pack-refs", "--all")
        git("-C", str(bare), "read-tree", commit.id)
        for name in ("objects/pack", "refs/heads", "refs/tags"):
            (target / name).mkdir(parents=True)
        for pack in sorted((bare / "objects/pack").glob("pack-*.*")):
            if pack.suffix in (".pack", ".idx"):
                shutil.copyfile(pack, target / "objects/pack" / pack.name)
        for name in ("packed-refs", "index", "shallow"):
            if (bare / name).exists():
                shutil.copyfile(bare / name, target / name)
    write_text(target / "HEAD", f"ref: refs/heads/{BRANCH}\n")
    write_text(target / "config", CONFIG)
    write_text(target / "info/exclude", "".join(f"/{pattern}\n" for pattern in hidden))
