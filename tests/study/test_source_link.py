import os
import subprocess
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.data.settings import GeneratedData, LocalData
from stages.study.source_link import LINK, NOT_LOCAL, require_source, watch

pytestmark = pytest.mark.usefixtures("in_empty_folder")
GENERATED = GeneratedData(source="generated", train=20, validation=2, test=2, unsupervised=0, label_noise=0.0, seed=1)


def local(path: str | Path) -> LocalData:
    return LocalData(source="local", path=str(path))


def fault(path: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        require_source(local(path))
    assert not LINK.is_symlink()
    return str(caught.value)


def test_the_link_leads_to_a_file_or_folder_from_anywhere(in_empty_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(in_empty_folder))
    Path("mail").mkdir()
    Path("mail/train.csv").write_text("text,label\n", encoding="utf-8")
    for path in ("mail", "mail/train.csv", "./mail/../mail", "~/mail", in_empty_folder / "mail"):
        require_source(local(path))
        watch(local(path))
        assert LINK.is_symlink()
        assert Path(os.readlink(LINK)).is_absolute()
        assert LINK.samefile(Path(path).expanduser())
    assert sorted(path.name for path in LINK.parent.iterdir()) == ["source"]


def test_a_link_given_as_the_source_may_be_led_elsewhere():
    for name in ("first", "second"):
        Path(name).mkdir()
    Path("mail").symlink_to("first")
    watch(local("mail"))
    assert LINK.samefile("first")
    Path("mail").unlink()
    Path("mail").symlink_to("second")
    assert LINK.samefile("second")


def test_data_that_are_not_local_have_a_file_in_the_place_of_the_link():
    Path("mail").mkdir()
    require_source(GENERATED)
    for _ in range(2):
        watch(local("mail"))
        watch(GENERATED)
        watch(GENERATED)
        assert not LINK.is_symlink()
        assert LINK.read_text(encoding="utf-8") == NOT_LOCAL
    assert list(Path("mail").iterdir()) == []


def test_a_link_to_a_file_is_replaced_and_not_written_through():
    Path("mail.csv").write_text("text,label\n", encoding="utf-8")
    watch(local("mail.csv"))
    watch(GENERATED)
    assert Path("mail.csv").read_text(encoding="utf-8") == "text,label\n"


def test_a_source_that_is_not_there_is_named():
    assert fault("nowhere") == "data.path: nowhere: not found; allowed: a file or a folder"
    os.mkfifo("pipe")
    assert fault("pipe") == "data.path: pipe: not found; allowed: a file or a folder"
    assert fault("~no-such-user/mail").startswith("data.path: ~no-such-user/mail: cannot be read: ")
    assert fault("x\0y") == "data.path: 'x\\x00y': not found; allowed: a file or a folder"


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        (".", "data/settings"),
        ("data", "data/settings"),
        ("data/raw", "data/raw"),
        ("data/raw/train.parquet", "data/raw"),
        ("models/mail", "models"),
        ("linked", "data/raw"),
    ],
)
def test_what_stages_write_is_no_source(path, folder):
    Path("models/mail").mkdir(parents=True)
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/train.parquet").touch()
    Path("linked").symlink_to("data/raw")
    assert fault(path) == f"data.path: {path}: {folder} is written by stages; allowed: a folder without it"


def test_own_files_in_the_place_of_the_link_stay():
    Path("mail").mkdir()
    LINK.mkdir(parents=True)
    for source in (GENERATED, local("mail")):
        with pytest.raises(InputError, match=r"^data/source: a folder of yours in the place of a link"):
            watch(source)
    LINK.rmdir()
    LINK.write_text("mine", encoding="utf-8")
    for source in (GENERATED, local("mail")):
        with pytest.raises(InputError, match=r"^data/source: a file of yours in the place of a link"):
            watch(source)
    assert LINK.read_text(encoding="utf-8") == "mine"


def test_folders_into_which_dvc_does_not_look_are_said(capsys, in_empty_folder):
    Path("mail/train/.dvc").mkdir(parents=True)
    Path("mail/test").symlink_to("/")
    watch(local("mail"))
    what = "a link or a repository of its own: DVC does not look into it and misses changes there"
    assert capsys.readouterr().out.splitlines() == [
        f"{in_empty_folder}/mail/{name}: {what}" for name in ("test", "train")
    ]


def test_git_is_told_to_leave_the_link_out_and_to_look_at_the_file_again():
    Path("mail").mkdir()
    watch(GENERATED)
    for command in (["init"], ["add", "data"], ["-c", "user.name=a", "-c", "user.email=b", "commit", "-m", "c"]):
        subprocess.run(["git", *command], check=True, capture_output=True)
    watch(local("mail"))
    assert LINK.is_symlink()
    subprocess.run(["git", "add", "--all"], check=True)
    assert git_status() == ""
    watch(GENERATED)
    assert git_status() == ""
    LINK.write_text("other", encoding="utf-8")
    assert git_status() == " M data/source\n"


def git_status() -> str:
    command = ["git", "status", "--short", "data"]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
