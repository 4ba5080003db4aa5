from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.saved.saved_run import SavedRun, run_folder
from stages.training.settings import RunSettings
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def saved(folder: Path) -> SavedRun:
    write_study("roberta")
    run = SavedRun(seed=42, settings=RunSettings.read("roberta", "ia3"))
    run.write_to(folder / "run.json")
    return run


def test_a_run_is_found_by_name_and_by_folder():
    run = saved(Path("models/runs/roberta/ia3/42"))
    for name in ("roberta/ia3/42", "models/runs/roberta/ia3/42", str(Path("models/runs/roberta/ia3/42").absolute())):
        assert SavedRun.of(run_folder(name)) == run


def test_what_is_no_run_is_named():
    with pytest.raises(InputError) as error:
        run_folder("roberta/ia3/43")
    assert str(error.value) == (
        "RUN: roberta/ia3/43: no run there; allowed: <architecture>/<configuration>/<seed> of models/runs, or a copy "
        "of such a folder"
    )
    with pytest.raises(InputError) as error:
        SavedRun.of(Path("nowhere"))
    assert str(error.value) == "nowhere: holds no run.json; required: a run's folder in models/runs, or a copy of one"


def test_a_folder_of_another_version_is_named():
    saved(Path("copy"))
    path = Path("copy/run.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"seed"', '"sead"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"^copy/run\.json: seed: Field required \(and 1 more\)"):
        SavedRun.of(Path("copy"))
