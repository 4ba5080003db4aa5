from pathlib import Path

import pytest

from stages.study.failures import failure_path, forget_overcome
from stages.study.grid import StudySettings
from stages.study.leftovers import ASIDE, arrange
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.tiny_study import ROOT

pytestmark = pytest.mark.usefixtures("in_empty_folder")
LARGE = {"architectures": ["distilbert", "roberta"], "configurations": ["full"], "probes": [], "seeds": [42, 43]}
SMALL = LARGE | {"architectures": ["distilbert"], "seeds": [42]}


def study_of(**changes: object) -> StudySettings:
    return resolve_study(load_params(ROOT / "params.yaml").model_copy(update=changes))


def write(path: Path | str, text: str = "made") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def write_outputs(study: StudySettings) -> None:
    for run in study.runs:
        write(run.record_path)
        write(run.model_path / "model.safetensors")
    for architecture in study.architectures:
        write(f"data/tokenized/{architecture}/train/data.arrow")
        write(f"metrics/base/{architecture}.json")
        write(f"metrics/tokenized/{architecture}.json")


def files(folder: str = ".") -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def test_outputs_that_the_grid_has_not_move_aside_and_come_back(capsys):
    write_outputs(study_of(**LARGE))
    large = files()
    arrange(study_of(**SMALL))
    left = {path for path in large if "roberta" not in path and "/43" not in path}
    assert files() - {str(ASIDE / path) for path in files(str(ASIDE))} == left
    assert files(str(ASIDE)) == large - left
    assert not Path("metrics/runs/roberta").exists()
    arrange(study_of(**LARGE))
    assert files() == large
    assert capsys.readouterr().out.splitlines() == [
        "not of this grid, moved to models/.aside/: metrics/runs/distilbert/full/43.json and 8 more",
        "of this grid again, taken back from models/.aside/: data/tokenized/roberta and 8 more",
    ]


def test_a_whole_grid_is_left_as_it_is(capsys):
    write_outputs(study_of(**LARGE))
    before = files()
    arrange(study_of(**LARGE))
    assert files() == before
    assert capsys.readouterr().out == ""


def test_what_is_aside_gives_way_to_what_comes_later_and_never_replaces_what_is_there():
    write("models/.aside/models/runs/roberta/full/42/adapter.safetensors", "earlier")
    write("models/.aside/metrics/runs/distilbert/full/42.json", "earlier")
    write("models/runs/roberta/full/42/model.safetensors", "later")
    write("metrics/runs/distilbert/full/42.json", "later")
    arrange(study_of(**SMALL))
    assert files("models/.aside/models") == {"runs/roberta/full/42/model.safetensors"}
    assert Path("metrics/runs/distilbert/full/42.json").read_text(encoding="utf-8") == "later"


def test_what_git_shows_beside_records_stays():
    """A clone has it too."""
    for name in ("metrics/runs/README.md", "metrics/runs/distilbert/notes.json", "metrics/runs/distilbert/full/a.json"):
        write(name)
    write("models/runs/.gitignore")
    before = files()
    arrange(study_of(**SMALL))
    assert files() == before


def test_a_failure_stays_with_its_run_until_there_is_a_record():
    study = study_of(**SMALL)
    run = study.runs[0]
    write(failure_path(run))
    write("metrics/runs/distilbert/full/43.failed.json")
    arrange(study)
    forget_overcome(study.runs)
    assert files("metrics") == {"runs/distilbert/full/42.failed.json"}
    write(run.record_path)
    forget_overcome(study.runs)
    assert files("metrics") == {"runs/distilbert/full/42.json"}
