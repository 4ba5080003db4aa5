"""Two copies of what stages made, in the workspace and in DVC's cache; a small pipeline, real DVC."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.contents import Contents
from stages.core.errors import InputError
from tools.copies.mending import mend
from tools.engine.dag import Dag

PIPELINE = """
stages:
  record: {cmd: cat in/a > a.txt, deps: [in], outs: [a.txt: {cache: false}]}
  model: {cmd: mkdir f && cat a.txt > f/x && echo 2 > f/y, deps: [a.txt], outs: [f]}
  paper: {cmd: cat f/x f/y > d.txt, deps: [f], outs: [d.txt]}
"""
MADE = ("a.txt", "f/x", "f/y", "d.txt")
TAKEN = "not what was made, and taken from DVC's cache: {}\n"
PUT = "not in DVC's cache, or damaged there, and put into it: {}\n"
RECALLED = "made before, and taken from DVC's run cache: {}\n"
LOST = "damaged, and no good copy in DVC's cache: made again: {}\n"


def dvc(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments, "--quiet"], check=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The pipeline as `dvc repro` left it."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "in").mkdir()
    (folder / "in/a").write_text("1234\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        subprocess.run(["git", "init", "--quiet"], check=True)
        dvc("init")
        dvc("repro")
    return folder


@pytest.fixture
def pipeline(built, tmp_path, monkeypatch, capsys) -> None:
    """The test runs in a copy of it, with all second copies made, as `make paper` leaves them."""
    folder = tmp_path / "pipeline"
    shutil.copytree(built, folder)
    monkeypatch.chdir(folder)
    mend(Dag())
    assert out_of_date() == []  # and DVC has hashed all files here
    capsys.readouterr()


def out_of_date() -> list[str]:
    dag = Dag()
    return [name for name in dag.stages if dag.changed(name)]


def cached(name: str | None) -> Path:
    return Path(".dvc/cache/files/md5", name[:2], name[2:])


def copy_of(file: str) -> Path:
    """Of an output, in the cache."""
    return cached(Contents().of(Path(file)))


def change(path: Path, kind: str) -> None:
    state, text = path.stat(), bytearray(path.read_bytes())
    path.chmod(0o644)
    if kind == "deleted":
        path.unlink()
    elif kind == "flipped":
        text[0] ^= 1
        path.write_bytes(text)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    else:
        path.write_bytes(text[: {"emptied": 0, "truncated": len(text) // 2}[kind]])
    if path.exists():
        path.chmod(state.st_mode)


def texts() -> dict[str, str]:
    return {file: Path(file).read_text(encoding="utf-8") for file in (*MADE, "dvc.lock")}


KINDS = ["emptied", "truncated", "flipped", "deleted"]


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", MADE)
def test_a_damaged_output_is_taken_from_the_cache(file, kind, capsys):
    before = texts()
    change(Path(file), kind)
    mend(Dag())
    assert texts() == before
    assert out_of_date() == []
    assert capsys.readouterr().out == TAKEN.format("f" if file.startswith("f/") else file)


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", [*MADE, "f"])
def test_a_damaged_copy_is_made_again_from_the_output(file, kind, capsys):
    path = copy_of(file)
    whole = path.read_bytes()
    change(path, kind)
    mend(Dag())
    assert path.read_bytes() == whole
    assert out_of_date() == []
    # x holds what a.txt does: one copy in the cache, of both; and that what git has lacks one is not said
    is_said = kind != "deleted" or file not in ("a.txt", "f/x")
    said = PUT.format({"f/x": "a.txt", "f/y": "f"}.get(file, file))
    assert capsys.readouterr().out == (said if is_said else "")


@pytest.mark.usefixtures("pipeline")
def test_a_deleted_cache_is_filled_from_the_workspace(capsys):
    before = {path: path.read_bytes() for path in Path(".dvc/cache").rglob("*") if path.is_file()}
    shutil.rmtree(".dvc/cache")
    mend(Dag())
    assert {path: path.read_bytes() for path in Path(".dvc/cache").rglob("*") if path.is_file()} == before
    assert out_of_date() == []
    assert capsys.readouterr().out == PUT.format("f, d.txt")


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("part", ["outs", "deps"])
@pytest.mark.parametrize("stage", ["record", "model", "paper"])
def test_a_wrong_hash_in_the_lock_is_put_right(stage, part, capsys):
    before = texts()
    lock = before["dvc.lock"]
    start = lock.index(f"{part}:", lock.index(f"  {stage}:"))
    start = lock.index("md5: ", lock.index("hash: md5", start)) + len("md5: ")
    Path("dvc.lock").write_text(f"{lock[:start]}{'0' * 8}{lock[start + 8 :]}", encoding="utf-8")
    mend(Dag())
    assert texts() == before
    assert out_of_date() == []
    assert capsys.readouterr().out == RECALLED.format(stage)


@pytest.mark.usefixtures("pipeline")
def test_a_lost_lock_is_written_anew_from_the_run_cache(capsys):
    before = texts()
    Path("dvc.lock").unlink()
    mend(Dag())
    assert texts() == before
    assert capsys.readouterr().out == RECALLED.format("record, model, paper")


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize(("file", "stage"), [("a.txt", "record"), ("f/y", "model"), ("d.txt", "paper")])
def test_with_both_copies_damaged_the_stage_alone_runs_again(file, stage, capsys):
    """DVC alone takes the bit for what it was, and its cache for whole."""
    copies = [copy_of(file)]
    change(Path(file), "flipped")
    for path in copies:
        change(path, "flipped")
    if file == "a.txt":  # f/x has the same content, and would mend it
        change(Path("f/x"), "flipped")
    mend(Dag())
    assert stage in out_of_date()
    assert not Path(file).exists()
    said = capsys.readouterr().out
    assert stage in said.removeprefix(LOST.format(""))


@pytest.mark.usefixtures("pipeline")
def test_of_what_is_not_there_yet_nothing_is_said(capsys):
    """As in a clone: what git has is there, and no cache."""
    shutil.rmtree(".dvc/cache")
    shutil.rmtree("f")
    Path("d.txt").unlink()
    mend(Dag())
    assert out_of_date() == ["model", "paper"]
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("pipeline")
def test_results_of_what_is_read_again_come_from_the_run_cache(capsys):
    before = texts()
    Path("in/a").write_text("other\n", encoding="utf-8")
    mend(Dag())
    assert out_of_date() == ["record"]  # nothing was known of it, and what is there is left as it is
    assert capsys.readouterr().out == ""
    dvc("repro")
    mend(Dag())
    assert texts() != before
    Path("in/a").write_text("1234\n", encoding="utf-8")
    capsys.readouterr()
    mend(Dag())
    assert texts() == before
    assert out_of_date() == []
    assert capsys.readouterr().out == (f"{TAKEN.format('a.txt, f, d.txt')}{RECALLED.format('record, model, paper')}")


@pytest.mark.usefixtures("pipeline")
def test_what_no_stage_makes_is_named_when_its_time_and_size_stay():
    Path("in/b").write_text("5\n", encoding="utf-8")
    dvc("repro")
    out_of_date()
    change(Path("in/b"), "flipped")
    with pytest.raises(InputError) as error:
        mend(Dag())
    assert str(error.value) == (
        "in/b: damaged: it is not what it was, and its time and size are; `git checkout -- in/b` brings back the "
        "committed one, `touch in/b` takes it as it is"
    )
    os.utime("in/b")
    mend(Dag())
    assert out_of_date() == ["record"]


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize("name", ["z", "sub/z"])
def test_what_is_not_of_an_output_is_removed_from_it_but_for_what_dvc_ignores(name):
    Path("f", name).parent.mkdir(exist_ok=True)
    Path("f", name).write_text("?", encoding="utf-8")
    Path("f/.hidden").write_text("?", encoding="utf-8")
    mend(Dag())
    assert sorted(path.name for path in Path("f").rglob("*") if path.is_file()) == [".hidden", "x", "y"]


@pytest.mark.usefixtures("pipeline")
def test_damaged_entries_of_the_run_cache_are_put_right():
    for path in [path for path in Path(".dvc/cache/runs").rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for kind in ("emptied", "truncated", "flipped"):
            change(path, kind)
            mend(Dag())
            assert path.read_bytes() == whole


@pytest.mark.usefixtures("pipeline")
def test_an_entry_of_the_run_cache_that_is_not_what_its_name_says_is_not_taken():
    """One that names another content, which is there: the report would hold it."""
    before, right, wrong = texts(), *(Contents().of(Path(file)) for file in ("d.txt", "a.txt"))
    for path in [path for path in Path(".dvc/cache/runs").rglob("*") if path.is_file()]:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(right, wrong), encoding="utf-8")
    Path("dvc.lock").unlink()
    mend(Dag())
    assert out_of_date() == ["paper"]
    assert {file: Path(file).read_text(encoding="utf-8") for file in MADE}.items() <= before.items()
