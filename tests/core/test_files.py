import os

import pytest
import torch
from safetensors.torch import save_file

from stages.core.files import write_text, written_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "runs.csv"
    write_text(target, "é\n")
    assert target.read_bytes() == b"\xc3\xa9\n"
    with written_whole(target) as beside:
        beside.write_text("half")
        assert target.read_text(encoding="utf-8") == "é\n"
    assert target.read_text() == "half"
    assert names(target.parent) == ["runs.csv"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_weights_are_readable_as_the_umask_says(umask, mode, tmp_path):
    private = tmp_path / "private"
    private.touch(0o600)
    before = os.umask(umask)
    try:
        with written_whole(tmp_path / "run") as folder:
            (folder / "base").mkdir(parents=True)
            for name in ("adapter_model.safetensors", "base/model.safetensors"):
                save_file({"w": torch.zeros(1)}, folder / name)
            (folder / "token").touch(0o600)
            (folder / "linked.safetensors").symlink_to(private)
    finally:
        os.umask(before)
    weights = [tmp_path / "run/adapter_model.safetensors", tmp_path / "run/base/model.safetensors"]
    assert [path.stat().st_mode & 0o777 for path in weights] == [mode, mode]
    assert private.stat().st_mode & 0o777 == (tmp_path / "run/token").stat().st_mode & 0o777 == 0o600


def test_a_folder_takes_the_place_of_the_one_before(tmp_path):
    target = tmp_path / "tables"
    for name in ("old.tex", "new.tex"):
        with written_whole(target) as folder:
            folder.mkdir()
            (folder / name).touch()
    assert names(target) == ["new.tex"]
    assert names(tmp_path) == ["tables"]


def half_write(target, error):
    with written_whole(target) as beside:
        if target.is_dir():
            beside.mkdir()
            beside /= "half.pdf"
        beside.write_text("ha")
        raise error


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_what_was_there_stays_when_writing_fails(tmp_path, error):
    file, folder = tmp_path / "main.pdf", tmp_path / "figures"
    file.write_text("whole")
    folder.mkdir()
    (folder / "whole.pdf").touch()
    for target in (file, folder):
        with pytest.raises(type(error)):
            half_write(target, error)
    assert (file.read_text(), names(folder), names(tmp_path)) == ("whole", ["whole.pdf"], ["figures", "main.pdf"])


def test_what_a_killed_process_left_is_not_mixed_in(tmp_path):
    left = tmp_path / ".tables.tmp"
    left.mkdir()
    (left / "half.tex").touch()
    with written_whole(tmp_path / "tables") as folder:
        folder.mkdir()
    assert names(tmp_path / "tables") == []
    assert names(tmp_path) == ["tables"]
