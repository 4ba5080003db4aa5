import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.archive.zipped import EARLIEST, zip_folder

pytestmark = pytest.mark.usefixtures("in_empty_folder")
MOMENT = 1_700_000_000  # 2023-11-14 22:13:20 UTC


def filled(folder: str, names: list[str]) -> Path:
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    Path(folder, "empty").mkdir()
    Path(folder, "link").symlink_to("a.txt")
    Path(folder, "b/run").chmod(0o700)
    return Path(folder)


def test_bytes_depend_on_contents_alone():
    names = ["b/run", "a.txt", "b/ä.txt", ".hidden/x"]
    one, other = filled("one", names), filled("other", names[::-1])
    os.utime(one / "a.txt", (1, 1))
    (other / "a.txt").chmod(0o640)
    assert zip_folder(one, Path("one.zip"), MOMENT) == zip_folder(other, Path("other.zip"), MOMENT) == 5
    assert Path("one.zip").read_bytes() == Path("other.zip").read_bytes()
    (other / "a.txt").write_text("x", encoding="utf-8")
    zip_folder(other, Path("other.zip"), MOMENT)
    assert Path("one.zip").read_bytes() != Path("other.zip").read_bytes()


def test_order_time_modes_links_and_empty_folders():
    zip_folder(filled("one", ["b/run", "a.txt", "b/ä.txt"]), Path("one.zip"), MOMENT)
    with zipfile.ZipFile("one.zip") as archive:
        entries = {entry.filename: (entry.date_time, oct(entry.external_attr >> 16)) for entry in archive.infolist()}
    moment = (2023, 11, 14, 22, 13, 20)
    assert list(entries) == ["a.txt", "b/run", "b/ä.txt", "empty/", "link"]
    assert entries == {
        "a.txt": (moment, "0o100644"),
        "b/run": (moment, "0o100755"),
        "b/ä.txt": (moment, "0o100644"),
        "empty/": (moment, "0o40755"),
        "link": (moment, "0o120777"),
    }
    subprocess.run(["unzip", "-q", "one.zip", "-d", "out"], check=True)
    assert os.readlink("out/link") == "a.txt"
    assert os.access("out/b/run", os.X_OK)
    assert list(Path("out/empty").iterdir()) == []


def test_a_time_before_that_of_zip_files_is_their_first():
    zip_folder(filled("one", ["b/run", "a.txt"]), Path("one.zip"), 0)
    with zipfile.ZipFile("one.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert EARLIEST == 315_532_800
