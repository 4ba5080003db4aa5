"""What is kept of a study whose rates were tuned, and whether it belongs to today's parameters."""

import shutil
from pathlib import Path

import pytest

from stages import collect
from stages.analysis.kept_study import FOLDER
from stages.core.errors import InputError
from stages.tuning.tuning import Tuning
from tests.helpers.results import write_results
from tests.helpers.tiny_study import write_params
from tools.studies.keeping import kept_files, require_todays
from tools.studies.merging import read_study

GRID = {"architectures": ["distilbert"], "configurations": ["full", "ia3"], "probes": [], "seeds": [42, 43]}
SWEPT = GRID | {"rate_factors": [0.3, 10], "profiles.mini.train.lr_scale": 150}
KEPT = FOLDER / "tuned"


@pytest.fixture
def kept(in_empty_folder) -> Path:
    """The records and tables of a tuned study, kept."""
    write_results(**SWEPT)
    collect.main()
    Path("studies").mkdir()
    Path("studies/tuned.yaml").write_text("profile: mini\n", encoding="utf-8")
    for path, name in kept_files(read_study("tuned").params, Path()).items():
        if path.is_file():
            (KEPT / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, KEPT / name)
    return KEPT


def test_of_the_records_those_at_the_chosen_rates_are_kept(kept):
    assert Tuning.read_from(kept / "tuning.json").factors == {("distilbert", "full"): "1", ("distilbert", "ia3"): "10"}
    assert sorted(path.relative_to(kept / "runs").as_posix() for path in (kept / "runs").rglob("*.json")) == [
        "distilbert/full/42.json",
        "distilbert/full/43.json",
        "distilbert/ia3-x10/42.json",
        "distilbert/ia3-x10/43.json",
    ]
    assert len((kept / "sweep.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2 * 3 * 2
    require_todays("tuned")


def test_without_factors_all_records_are_kept_and_no_table_of_rates(in_empty_folder):
    write_params(in_empty_folder, **GRID)
    Path("studies").mkdir()
    Path("studies/plain.yaml").write_text("profile: mini\n", encoding="utf-8")
    files = kept_files(read_study("plain").params, Path())
    assert files[Path("metrics/runs")] == "runs"
    assert not {"tuning.json", "sweep.csv"} & set(files.values())


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"rate_factors": [0.3, 10, 30]}, "tuning.json.distilbert.full.30: None; today 0.0003"),
        ({"rate_factors": [0.3]}, "tuning.json.distilbert.full.10: 0.0001; today None"),
        ({"lr": 2e-5}, "tuning.json.distilbert.full.0.3: 3e-06; today 6e-06"),
        ({"rate_factors": []}, "runs/distilbert/ia3-x10/42.json: not a run of today's study"),
        ({"configurations": ["full"]}, "tuning.json.distilbert.ia3: {"),
        ({"profiles.mini.train.epochs": 3}, "runs/distilbert/full/42.json.train.epochs: 2; today 3"),
    ],
)
def test_what_was_made_of_other_parameters_is_named(kept, changes, fault):
    write_params(Path(), **SWEPT | changes)
    with pytest.raises(InputError) as caught:
        require_todays("tuned")
    assert str(caught.value).startswith(f"metrics/studies/tuned/{fault}")


def test_a_chosen_record_that_is_missing_is_named(kept):
    (kept / "runs/distilbert/ia3-x10/43.json").unlink()
    with pytest.raises(InputError, match=r"^metrics/studies/tuned/runs/distilbert/ia3-x10/43\.json: missing; "):
        require_todays("tuned")
