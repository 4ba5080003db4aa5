import json
import shutil
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.saved import base_beside
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study
from tools import export

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def base_named(folder: str) -> str:
    return json.loads(Path(folder, "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]


def test_a_copy_names_its_own_base_and_is_else_the_run(capsys):
    write_study("roberta")
    run("roberta", "ia3")
    capsys.readouterr()
    export.main("roberta/ia3/42", "there")
    there = Path("there").absolute()
    assert capsys.readouterr().out == f"{there}: loads from any working directory, as its README.md says\n"
    assert base_named("there") == f"{there}/base"
    source = model_path("roberta", "ia3")
    for file in source.rglob("*"):
        if file.is_file() and file.name != "adapter_config.json":
            assert (there / file.relative_to(source)).read_bytes() == file.read_bytes()
    shutil.move("there", "moved")
    export.main("moved", "again")  # of a copy that was moved
    assert base_named("again") == str(Path("again").absolute() / "base")


def test_a_large_base_goes_along(monkeypatch):
    write_study("roberta")
    monkeypatch.setattr(base_beside, "MOST_BYTES", 0)
    run("roberta", "ia3")
    export.main("roberta/ia3/42", "there")
    weights = Path("there/base/model.safetensors").read_bytes()
    assert weights == Path("models/base/roberta/model.safetensors").read_bytes()
    assert Path("there/config.json").read_bytes() == Path("there/base/config.json").read_bytes()


def test_a_whole_model_is_copied():
    write_study("roberta")
    run("roberta", "full")
    export.main("roberta/full/42", "there")
    source = model_path("roberta", "full")
    assert sorted(file.name for file in Path("there").iterdir()) == sorted(file.name for file in source.iterdir())


def test_a_base_on_the_hub_stays_there():
    from tests.saved.test_base_beside import COMMIT, with_hub

    write_study("roberta")
    with_hub("ia3")
    run("roberta", "ia3")
    export.main("roberta/ia3/42", "there")
    assert base_named("there") == "FacebookAI/roberta-base"
    assert json.loads(Path("there/adapter_config.json").read_text(encoding="utf-8"))["revision"] == COMMIT
    assert not Path("there/base/model.safetensors").exists()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_nothing_is_written_over(kind):
    write_study("roberta")
    run("roberta", "full")
    path = Path("there")
    if kind == "folder":
        path.mkdir()
        path = path / "mine"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError) as error:
        export.main("roberta/full/42", "there")
    assert str(error.value) == "FOLDER: there: exists; allowed: a new or an empty folder"
    assert path.read_text(encoding="utf-8") == "mine"
