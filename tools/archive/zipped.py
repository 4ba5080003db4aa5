"""A folder as a ZIP file of fixed bytes: names in order, one time, modes as git has them."""

import os
import stat
import time
import zipfile
from pathlib import Path

EARLIEST = 315_532_800  # 1980-01-01, before which a ZIP file knows no time
FILE, PROGRAM = 0o644, 0o755


def zip_folder(folder: Path, target: Path, seconds: int) -> int:
    """Write all of ``folder``, links as links and empty folders too, and say how many files.

    Args:
        seconds: since the epoch, the time of every entry, in UTC.
    """
    moment = time.gmtime(max(seconds, EARLIEST))[:6]
    paths = sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            name = path.relative_to(folder).as_posix()
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    archive.writestr(_entry(f"{name}/", moment, stat.S_IFDIR | PROGRAM), b"")
                continue
            count += 1
            if path.is_symlink():
                archive.writestr(_entry(name, moment, stat.S_IFLNK | 0o777), os.readlink(path))
                continue
            mode = PROGRAM if path.stat().st_mode & stat.S_IXUSR else FILE
            entry = _entry(name, moment, stat.S_IFREG | mode)
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as stream:
                while block := source.read(1 << 20):
                    stream.write(block)
    return count


def _entry(name: str, moment: tuple[int, ...], mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, moment)
    entry.create_system = 3  # Unix, whose modes these are
    entry.external_attr = mode << 16 | (0x10 if stat.S_ISDIR(mode) else 0)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
