from pathlib import Path

import pytest

from stages.lib.cells import Cell
from stages.lib.checkpoints import ORIGIN, WHOLE, fingerprint, last, mark_whole, open_folder

CELL = Cell(architecture="distilbert", configuration="full", seed=42, role="train")
FOLDER = Path("models/.checkpoints/distilbert/full/42")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_checkpoint(step: int, whole: bool) -> None:
    folder = FOLDER / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text("weights")
    if whole:
        (folder / WHOLE).touch()


def test_new_folder_has_no_checkpoint():
    assert open_folder(CELL, "a") == FOLDER
    assert last(FOLDER) is None
    assert (FOLDER / ORIGIN).read_text() == "a"


def test_last_whole_checkpoint_of_the_same_origin_is_kept():
    open_folder(CELL, "a")
    write_checkpoint(3, whole=True)
    write_checkpoint(6, whole=False)
    assert last(open_folder(CELL, "a")) == FOLDER / "checkpoint-3"
    assert not (FOLDER / "checkpoint-6").exists()


def test_checkpoints_of_another_origin_are_dropped():
    open_folder(CELL, "a")
    write_checkpoint(3, whole=True)
    assert last(open_folder(CELL, "b")) is None
    assert [path.name for path in FOLDER.iterdir()] == [ORIGIN]


def test_mark_whole_marks_the_last():
    open_folder(CELL, "a")
    write_checkpoint(3, whole=True)
    write_checkpoint(6, whole=False)
    mark_whole(FOLDER)
    assert (FOLDER / "checkpoint-6" / WHOLE).exists()


def test_fingerprint_tells_parts_apart():
    assert fingerprint("a", "bc") == fingerprint("a", "bc")
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
