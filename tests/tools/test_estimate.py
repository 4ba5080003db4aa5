"""Memory and time as ``make check`` prints them."""

from pathlib import Path

import pytest

from stages import settings
from stages.core.errors import InputError
from stages.data.card import Card
from stages.fullsize.census import Census, CensusHole
from stages.study.grid import StudySettings
from tests.helpers.check import GPU, run_check
from tests.helpers.results import make_card, make_record
from tests.helpers.tiny_study import write_params

pytestmark = pytest.mark.usefixtures("offline")
SECONDS = {"startup_seconds": 0.0, "train_seconds": 300.0, "evaluation_seconds": 0.0, "saving_seconds": 0.0}


def test_recorded_runs_give_time_and_memory(monkeypatch, capsys):
    settings.main()
    capsys.readouterr()
    cells = StudySettings.read().runs
    records = {cell: make_record(cell) for cell in cells}
    for cell, record in records.items():
        record.write_to(cell.record_path)
    complete, lines = run_check(monkeypatch, capsys)
    assert complete
    assert lines[-3:-1] == ["time: recorded runs (metrics/runs)", ""]
    costs = [record.cost for record in records.values()]
    total = sum(c.startup_seconds + c.train_seconds + c.evaluation_seconds + c.saving_seconds for c in costs)
    at_once = next(iter(records.values())).environment.runs_at_once
    assert f"time about {total / at_once / 60:.0f} min 100 GFLOP/s" in lines
    assert "time: recorded runs (metrics/runs)" not in run_check(monkeypatch, capsys, profile="paper")[1]


def test_without_records_full_fine_tuning_is_predicted(monkeypatch, capsys):
    write_params(Path(), architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    _, lines = run_check(monkeypatch, capsys)
    row = next(line for line in lines if line.startswith("full "))
    assert row.split()[2] == "GB,"
    assert 0.01 < float(row.split()[1]) < 0.2
    assert next(line for line in lines if line.startswith("ia3 ")).count("GB") == 0
    assert "memory: predicted for full fine-tuning, which takes most; tensors alone, without the libraries" in lines


def test_prepared_rows_of_the_same_source_are_counted(monkeypatch, capsys):
    source = {"source": "local", "path": "reviews", "validation": 2, "seed": 1}
    Path("reviews").mkdir()
    write_params(Path(), **{"architectures": ["roberta"], "profile": "imdb-mini", "profiles.imdb-mini.data": source})
    settings.main()
    Card.path().parent.mkdir(parents=True)
    make_card().write()
    capsys.readouterr()
    assert "time: unknown until `prepare` has counted the rows" not in run_check(monkeypatch, capsys, GPU)[1]
    write_params(Path(), **{"profile": "imdb-mini", "profiles.imdb-mini.data": source | {"path": "others"}})
    assert "time: unknown until `prepare` has counted the rows" in run_check(monkeypatch, capsys, GPU)[1]


def test_census_of_other_settings_is_not_used(monkeypatch, capsys):
    write_params(Path(), architectures=["distilbert"])
    settings.main()
    capsys.readouterr()
    assert "memory: predicted for a GPU (metrics/census.json)" in run_check(monkeypatch, capsys, GPU, "paper")[1]
    write_params(Path(), **{"architectures": ["distilbert"], "profiles.paper.train.batch_size": 4})
    _, lines = run_check(monkeypatch, capsys, GPU, "paper")
    assert "memory: predicted for full fine-tuning, which takes most; tensors alone, without the libraries" in lines


def test_every_rate_that_is_tried_takes_a_run_of_each_seed(monkeypatch, capsys):
    grid = {"architectures": ["distilbert"], "configurations": ["full"], "probes": [], "seeds": [42, 43]}
    minutes = []
    for factors in ([], [0.3, 3, 10]):
        write_params(Path(), **grid, rate_factors=factors)
        settings.main()
        for cell in StudySettings.read().every_run:
            record = make_record(cell)
            record.model_copy(update={"cost": record.cost.model_copy(update=SECONDS)}).write_to(cell.record_path)
        capsys.readouterr()
        _, lines = run_check(monkeypatch, capsys)
        assert lines[0].endswith(f"; {2 * (1 + len(factors))} runs")
        minutes.append(next(line for line in lines if line.startswith("time about")).split()[2])
    assert minutes == ["10", "40"]


def test_a_checkpoint_of_unknown_size_is_said_to_be_that(monkeypatch, capsys):
    write_params(Path(), architectures=["distilbert", "roberta"], **{"architecture.roberta.full_size": None})
    census = Census.read()
    Census({"corrected": {"distilbert": census.root["corrected"]["distilbert"]}}).write()
    _, lines = run_check(monkeypatch, capsys, GPU, "paper")
    assert "memory: predicted for a GPU (metrics/census.json)" in lines
    assert next(line for line in lines if line.startswith("full ")).endswith("not known")
    assert any(line.startswith("disk ") and ", and what RoBERTa takes" in line for line in lines)


def test_a_cell_that_the_census_could_not_count_is_not_known(monkeypatch, capsys):
    write_params(Path(), architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    census = Census.read()
    cells = census.root["corrected"]["distilbert"] | {"ia3": CensusHole(reason="a reason")}
    Census({"corrected": {"distilbert": cells}}).write()
    _, lines = run_check(monkeypatch, capsys, GPU, "paper")
    assert "GB" not in next(line for line in lines if line.startswith("ia3 "))
    assert "GB" in next(line for line in lines if line.startswith("full "))


def test_a_wrong_adapter_is_named_before_anything_is_measured(monkeypatch, capsys):
    write_params(Path(), **{"configuration.lora-r8.adapter": {"peft_type": "LORA", "rank": 8}})
    with pytest.raises(InputError, match=r"^configuration\.lora-r8\.adapter\.rank: 8: LORA has no such field"):
        run_check(monkeypatch, capsys)
