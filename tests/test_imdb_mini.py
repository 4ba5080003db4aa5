"""The records of IMDb kept in git: those of today's profile, whole, and the tables beside them made of them."""

import shutil
from pathlib import Path

import pytest

from stages import collect, settings
from stages.analysis.kept_study import FOLDER
from stages.study.grid import StudySettings
from stages.training.record import Record
from tests.helpers.tiny_study import ROOT, write_params


@pytest.mark.usefixtures("in_empty_folder")
def test_records_are_those_of_the_profile_and_make_the_tables_beside_them():
    write_params(Path(), profile="imdb-mini", architectures=["distilbert"])
    Path("data/imdb").mkdir(parents=True)
    settings.main()
    shutil.copytree(ROOT / FOLDER / "runs", "metrics/runs")
    collect.main()
    for name in ("runs.csv", "summary.json"):
        assert Path("metrics", name).read_text(encoding="utf-8") == (ROOT / FOLDER / name).read_text()
    study = StudySettings.read()
    records = [Record.read_from(run.record_path) for run in study.runs]
    assert len(records) == len(list((ROOT / FOLDER / "runs").rglob("*.json"))) == 20
    assert {record.environment.dirty for record in records} == {False}
    assert len({record.environment.commit for record in records}) == 1
    assert len({record.run.process_id for record in records}) == 20
    assert {sum(map(sum, record.quality.confusion)) for record in records} == {24_678}
