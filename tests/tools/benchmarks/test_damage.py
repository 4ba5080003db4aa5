import random
from pathlib import Path

import pytest

from tools.benchmarks import damage
from tools.benchmarks.common.damaged_study import KINDS, Damaged, every_file, read_lock


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(("kind", "length"), [("emptied", 0), ("halved", 4), ("flipped", 8)])
def test_a_damage_is_done_in_place(kind, length):
    path = Path("a")
    path.write_bytes(b"12345678")
    path.chmod(0o444)
    before = path.stat()
    KINDS[kind](path, random.Random(0))
    after = path.stat()
    assert (after.st_size, after.st_ino, after.st_mode) == (length, before.st_ino, before.st_mode)
    assert path.read_bytes() != b"12345678"
    if kind == "flipped":
        assert after.st_mtime_ns == before.st_mtime_ns


@pytest.mark.usefixtures("in_empty_folder")
def test_git_and_python_are_left_alone():
    for file in (".git/HEAD", "a/__pycache__/b.pyc", "a/b", ".dvc/cache/c"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("1", encoding="utf-8")
    assert every_file(Path()) == {"a/b", ".dvc/cache/c"}
    assert read_lock(Path("a/b")) == {}


def test_the_tally_is_by_kind_and_place():
    rows = [(".dvc/cache/a", "emptied", "mended"), ("b", "emptied", "mended"), ("c", "emptied", "named")]
    results = [Damaged(file=f, kind=k, outcome=o, trained_again=[], said="") for f, k, o in rows]
    report = damage.reported(results, 1.0, 0)
    assert report.tally == {"emptied, cache": {"mended": 1}, "emptied, workspace": {"mended": 1, "named": 1}}
    assert (report.damages, [each.file for each in report.others]) == (3, ["c"])
    assert damage.table(report, "plain").splitlines() == [
        "damage                mended    made again    named    not a result    escaped",
        "emptied, cache             1             0        0               0          0",
        "emptied, workspace         1             0        1               0          0",
    ]
