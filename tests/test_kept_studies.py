"""What is kept in git of studies (metrics/studies/): of today's parameters, and the tables made of its records."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from stages import collect
from stages.analysis.costs import compared_costs
from stages.analysis.kept_study import FOLDER
from stages.analysis.runs import Factors, factors_of, made_by, read_runs, summarise, tidy, with_holes
from stages.core.csv_tables import write_table
from stages.core.errors import InputError
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.study.grid import StudySettings
from stages.study.resolve import resolve
from stages.training.record import Record
from stages.tuning.choice import choose
from stages.tuning.tuning import Tuning
from tests.helpers.tiny_study import ROOT
from tools.studies.keeping import require_todays
from tools.studies.merging import read_study

KEPT = sorted(path.name for path in (ROOT / FOLDER).iterdir())


def test_every_kept_study_is_one_that_can_be_built():
    assert "imdb-mini" in KEPT
    assert [name for name in KEPT if not (ROOT / "studies" / f"{name}.yaml").exists()] == []


@pytest.mark.parametrize("name", KEPT)
def test_its_records_are_those_of_todays_parameters(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    require_todays(name)


@pytest.mark.parametrize("name", KEPT)
def test_its_tables_are_those_of_its_records(name, monkeypatch, in_empty_folder):
    kept = ROOT / FOLDER / name
    monkeypatch.chdir(ROOT)
    params = read_study(name).params
    monkeypatch.chdir(in_empty_folder)
    for path, settings in resolve(params).items():
        settings.write_to(path)
    shutil.copytree(kept / "runs", "metrics/runs")
    tabulate(Tuning.read_from(kept / "tuning.json").factors if params.rate_factors else {})
    # Columns that came since are not in an older table.
    now, then = (read_runs(path) for path in (Path("metrics/runs.csv"), kept / "runs.csv"))
    shared = [column for column in then if column in now]
    assert {"architecture", "configuration", "seed", "test_accuracy", "commit"} <= set(shared)
    pd.testing.assert_frame_equal(now[shared], then[shared], check_exact=True)
    means = json.loads(Path("metrics/summary.json").read_text(encoding="utf-8"))
    for architecture, cells in json.loads((kept / "summary.json").read_text(encoding="utf-8")).items():
        for configuration, cell in cells.items():
            assert means[architecture][configuration] | cell == means[architecture][configuration]


def tabulate(factors: Factors) -> None:
    """The table of the kept records and their means, as ``collect`` makes it; in tuned studies of the chosen rates."""
    study = StudySettings.read()
    made = [(run, made_by(run, factors).record_path) for run in study.runs]
    runs = tidy([(run, Record.read_from(path)) for run, path in made if path.exists()], factors)
    write_table(Path("metrics/runs.csv"), runs.assign(disturbed=compared_costs(runs)["disturbed"]))
    summary = collect.nested(with_holes(summarise(runs), study).reset_index())
    Path("metrics/summary.json").write_text(json.dumps(summary), encoding="utf-8")


@pytest.mark.parametrize("name", KEPT)
def test_its_rates_are_the_best_of_those_that_were_tried(name):
    kept = ROOT / FOLDER / name
    if not (kept / "tuning.json").exists():
        assert "rate_factor" not in read_runs(kept / "runs.csv")
        return
    tuning, runs = Tuning.read_from(kept / "tuning.json"), read_runs(kept / "runs.csv")
    table = pd.read_csv(kept / "sweep.csv", dtype={"rate_factor": str})
    assert len(table) == sum(len(cell.rates) for cell in tuning.cells) * len(tuning.seeds)
    assert factors_of(runs).items() <= tuning.factors.items()
    for cell in tuning.cells:
        assert cell.chosen == choose(cell.rates).factor
        rows = table[(table["architecture"] == cell.architecture) & (table["configuration"] == cell.configuration)]
        assert set(rows.loc[rows["chosen"], "rate_factor"]) == {cell.chosen}
        for rate in cell.rates:
            scores = rows.loc[rows["rate_factor"] == rate.factor, "test_accuracy"]
            assert [score for score in rate.test_accuracy if score is not None] == scores.dropna().tolist()


@pytest.mark.parametrize("name", KEPT)
def test_what_a_reader_needs_is_there_and_names_no_place_of_a_machine(name):
    kept = ROOT / FOLDER / name
    Card.read_from(kept / "card.json")
    for path in (kept / "base").glob("*.json"):
        BaseReport.read_from(path)
    assert (kept / "main.pdf").read_bytes().startswith(b"%PDF")
    for path in kept.rglob("*"):
        if path.suffix in (".json", ".csv", ".yaml"):
            text = path.read_text(encoding="utf-8")
            places = ("/home/", "/tmp/", "/Users/", str(ROOT.parent), str(Path.home()))
            assert [place for place in places if place in text] == []
    if (kept / "study.json").exists():
        StudySettings.read_from(kept / "study.json")


def test_imdb_is_that_of_the_published_study():
    kept = ROOT / FOLDER / "imdb-mini"
    records = [Record.read_from(path) for path in (kept / "runs").rglob("*.json")]
    assert len(records) == 20
    assert {record.environment.dirty for record in records} == {False}
    assert len({record.environment.commit for record in records}) == 1
    assert len({record.run.process_id for record in records}) == 20
    assert {sum(map(sum, record.quality.confusion)) for record in records} == {24_678}
    card = Card.read_from(kept / "card.json")
    assert (card.is_imdb, card.classes) == (True, ["negative", "positive"])
    rows = {split: (described.rows, described.rows_in_source) for split, described in card.splits.items()}
    assert rows["test"] == (24_678, 25_000)
    assert rows["train"][0] + rows["validation"][0] == 24_904


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (["profiles", "imdb-mini", "train", "epochs"], 3, "runs/distilbert/full/42.json.train.epochs: 2; today 3"),
        (["lr"], 2e-5, "runs/distilbert/full/42.json.learning_rate: 0.001; today 0.002"),
        (["seeds"], [42], "runs/distilbert/full-probe/43.json: not a run of today's study"),
        (["seeds"], [42, 43, 44], "runs/distilbert/full/44.json: missing"),
    ],
)
def test_what_is_kept_of_other_parameters_is_named(place, value, fault, in_empty_folder):
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    section = params
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    YAML().dump(params, Path("params.yaml"))
    shutil.copytree(ROOT / "studies", "studies")
    shutil.copytree(ROOT / FOLDER / "imdb-mini", FOLDER / "imdb-mini")
    with pytest.raises(InputError) as caught:
        require_todays("imdb-mini")
    again = "`make paper STUDY=imdb-mini` and `make keep STUDY=imdb-mini` bring it up to date"
    assert str(caught.value).startswith(f"{FOLDER}/imdb-mini/{fault}")
    assert str(caught.value).endswith(f"; {again}")


def test_what_is_kept_of_other_data_is_named(in_empty_folder):
    """Records do not say how their data were split; the parameters beside them do."""
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    shutil.copytree(ROOT / "studies", "studies")
    shutil.copytree(ROOT / FOLDER / "imdb-mini", FOLDER / "imdb-mini")
    params = read_study("imdb-mini").raw
    YAML().dump(params, FOLDER / "imdb-mini/params.yaml")
    require_todays("imdb-mini")
    params["profiles"]["imdb-mini"]["data"]["validation"] = 2000
    YAML().dump(params, FOLDER / "imdb-mini/params.yaml")
    message = r"params\.yaml: profiles\.imdb-mini\.data\.validation: 2000; today 2500; `make paper STUDY=imdb-mini"
    with pytest.raises(InputError, match=message):
        require_todays("imdb-mini")
