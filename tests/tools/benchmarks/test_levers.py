from pathlib import Path

import pytest

from stages import settings
from stages.core.errors import InputError
from stages.study.params import load_params
from stages.training.run import fine_tune
from stages.training.settings import RunSettings
from tests.helpers.tiny_study import write_params, write_study
from tools.benchmarks import levers
from tools.benchmarks.common import full_size, processes
from tools.benchmarks.common.processes import Finished
from tools.benchmarks.levers import LEVERS, Lever, Levers


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder, monkeypatch):
    monkeypatch.setattr(processes, "PEAK_SECONDS", 0.0)
    monkeypatch.setitem(processes.SIZE, "cpu", 64)


def test_each_choice_is_taken_back_alone(monkeypatch, capsys):
    """The real stage in this process, the seconds planted: a process without the fused optimiser takes three times."""
    write_study("distilbert", architectures=["distilbert"], configurations=["full", "ia3"], probes=[], seeds=[42])
    ran = []

    def run(arguments: list[str], folder: Path, device: str) -> Finished:
        monkeypatch.chdir(folder)
        fine_tune(*arguments[1:3], int(arguments[3]))
        ran.append(RunSettings.read(*arguments[1:3]))
        monkeypatch.chdir(home)
        return Finished(3.0 if ran[-1].optimizer == "adamw_torch" else 1.0, 1.0, 1, "")

    home = Path.cwd()
    monkeypatch.setattr(levers, "run_process", run)
    chosen = [Lever("fused optimiser", {"optimizer": "adamw_torch"}), Lever("bulk", {"train": {"dropout": "torch"}})]
    monkeypatch.setitem(LEVERS, "cpu", chosen)
    levers.main(repeats=2)
    assert [(one.configuration, one.optimizer, one.train.dropout) for one in ran] == 2 * [
        ("full", "adamw_torch_fused", "bulk"),
        ("full", "adamw_torch", "bulk"),
        ("full", "adamw_torch_fused", "torch"),
    ]
    report = Levers.model_validate_json(Path("metrics/bench/levers.json").read_text(encoding="utf-8"))
    first, second = report.rows
    assert (first.architecture, first.choice, first.changes) == ("distilbert", *chosen[0])
    assert (first.ours.seconds, first.without.seconds, first.ratio_seconds) == (1.0, 3.0, 3.0)
    assert second.ratio_seconds == 1.0
    for row in report.rows:
        assert row.ratio_samples_per_second == row.ours.samples_per_second / row.without.samples_per_second
        assert 0 < row.ours.test_accuracy <= 1
    assert Path("metrics/bench/levers.md").read_text(encoding="utf-8").startswith("| architecture ")
    output = capsys.readouterr().out
    assert "[2 of 2] distilbert: bulk, without: 1.0 s" in output
    assert "distilbert      fused optimiser" in output


@pytest.mark.parametrize(("device", "profile"), [("cpu", "mini"), ("cuda", "paper")])
def test_every_variation_is_allowed_and_differs(device, profile):
    write_params(Path(), profile=profile)
    settings.main()
    run = RunSettings.read("roberta", "full")
    for lever in LEVERS[device]:
        assert levers.changed(run, lever.without) != run


def test_runs_compute_where_the_benchmark_is_told_to(tmp_path):
    """Not where their profile says: the study's miniatures stay on the CPU."""
    write_params(Path())
    params = load_params()
    full_size.write_settings(params, tmp_path)
    there = RunSettings.read_from(tmp_path / RunSettings.path("roberta", "full"))
    assert (params.profiles["mini"].train.device, there.train.device) == ("cpu", "auto")


def test_grid_without_full_fine_tuning_is_named():
    write_study("distilbert", architectures=["distilbert"], configurations=["ia3"], probes=[])
    with pytest.raises(InputError, match="configurations: full is not in the grid"):
        levers.main()
    with pytest.raises(InputError, match="--repeats: 0; allowed: 1 or more"):
        levers.main(repeats=0)
