import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.core.errors import InputError
from stages.training.record import Record
from stages.training.settings import RunSettings
from tests.helpers.tiny_study import write_params, write_study
from tools.benchmarks import speed
from tools.benchmarks.common import full_size, processes
from tools.benchmarks.common.processes import Finished
from tools.benchmarks.common.results import FullSteps, Speed
from tools.benchmarks.speed_table import table

TINY = {
    "distilbert": {"vocab_size": 60, "dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32},
    "roberta": {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "intermediate_size": 32, "max_position_embeddings": 34, "pad_token_id": 0},
    "deberta": {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "intermediate_size": 32, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder, monkeypatch):
    monkeypatch.setattr(processes, "PEAK_SECONDS", 0.0)
    monkeypatch.setitem(processes.SIZE, "cpu", 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.slow
def test_both_sides_of_a_cell_run_and_are_measured(capsys):
    """The real processes, on sixteen-wide encoders."""
    grid = {"architectures": ["distilbert"], "configurations": ["ia3"], "probes": [], "seeds": [42]}
    write_study("distilbert", **grid)
    speed.main()
    report = Speed.model_validate_json(Path("metrics/bench/speed.json").read_text(encoding="utf-8"))
    (cell,) = report.cells
    assert (cell.architecture, cell.configuration, cell.examples) == ("distilbert", "ia3", 2 * 48)
    for side in (cell.published, cell.tuned, cell.ours):
        assert 0 < side.train_seconds < side.seconds
        assert 0 < side.startup_seconds < side.seconds
        assert side.samples_per_second == pytest.approx(96 / side.train_seconds)
        assert side.share_of_peak > 0
        assert side.peak_memory_host_bytes > 2**27
        assert side.peak_memory_allocated_bytes is None
        assert 0 < side.step_seconds_median < side.train_seconds
    assert report.median_over_published == cell.over_published
    assert report.median_over_tuned == cell.over_tuned
    assert cell.over_tuned.as_used == cell.over_tuned.alone == cell.tuned.seconds / cell.ours.seconds
    after = [side.seconds - side.startup_seconds for side in (cell.tuned, cell.ours)]
    assert cell.over_tuned.after_startup == after[0] / after[1]
    assert cell.over_published.samples_per_second == cell.ours.samples_per_second / cell.published.samples_per_second
    assert (cell.published_together, cell.tuned_together, cell.ours_together) == (None, None, None)
    assert cell.over_tuned.together is None
    assert cell.predicted_peak_bytes is None
    assert (cell.full_steps.rows, cell.full_steps.tokens) == (16, 21)
    assert 0 < cell.full_steps.seconds < cell.ours.train_seconds
    assert cell.full_steps.share_of_peak > 0
    assert report.not_measured == ()
    output = capsys.readouterr().out
    assert "[1 of 1] distilbert ia3: published" in output
    assert output.endswith("42 runs at full size: not measured\n")
    written = Path("metrics/bench/speed.md").read_text(encoding="utf-8").splitlines()
    assert written[0].lstrip("| ").startswith("cell")
    assert written[2].count("|") == 1 + 1 + 7 * 3 + 2
    assert written[-1] == "42 runs at full size: not measured"


STEPS_ALONE = "tools.benchmarks.runs.full_steps"
FULL = FullSteps(rows=16, tokens=24, seconds=0.5, peak_flops_per_second=4e10, share_of_peak=0.625)


def planted(cell_seconds: float):
    """Processes that take ``cell_seconds``, half of it training; ours leave the record of a real run's form."""

    def run(arguments: list[str], folder: Path, device: str, threads: int | None = None) -> Finished:
        if arguments[0] == STEPS_ALONE:
            return Finished(1.0, 1.0, 2**20, FULL.model_dump_json())
        if arguments[0] in speed.OUTPUTS:
            (folder / speed.OUTPUTS[arguments[0]]).mkdir(exist_ok=True)
        figures = {"startup_seconds": 1.0, "train_seconds": cell_seconds / 2, "test_accuracy": 0.5}
        figures["step_seconds_median"] = 0.1
        return Finished(cell_seconds, cell_seconds, 2**20, json.dumps(figures | {"peak_memory_allocated_bytes": None}))

    return run


def test_two_at_once_are_the_two_seeds_on_a_thread_each(monkeypatch, capsys):
    grid = {"architectures": ["distilbert"], "configurations": ["ia3"], "probes": [], "seeds": [42, 43]}
    write_study("distilbert", **grid)
    ran = []

    def run(arguments: list[str], folder: Path, device: str, threads: int | None = None) -> Finished:
        settings = RunSettings.read_from(folder / RunSettings.path("distilbert", "ia3"))
        ran.append((arguments[0], arguments[3], threads, settings.train.threads))
        time.sleep(0.1 if arguments[0] == "stages.train" else 0.3)
        return planted(6.0)(arguments, folder, device)

    record = {"startup_seconds": 1.0, "train_seconds": 1.0, "step_seconds_median": 0.1, "test_accuracy": 0.75}
    record["peak_memory_allocated_bytes"] = None
    monkeypatch.setattr(speed, "run_process", run)
    monkeypatch.setattr(
        speed.Record, "read_from", lambda path: SimpleNamespace(cost=SimpleNamespace(evaluation_seconds=1))
    )
    monkeypatch.setattr(speed, "figures_of", lambda _: record)
    monkeypatch.setattr("tools.benchmarks.common.workspace.cores", lambda: 2)
    speed.main()
    sides = ["tools.benchmarks.runs.published_recipe", "tools.benchmarks.runs.tuned_recipe", "stages.train"]
    alone, pairs = ran[:3], [sorted(ran[3:5]), sorted(ran[5:7]), sorted(ran[7:9])]
    assert alone == [(name, "42", None, 2) for name in sides]
    assert pairs == [[(name, seed, 1, 1) for seed in ("42", "43")] for name in sides]
    assert ran[9:] == [(STEPS_ALONE, "42", 1, 1)]
    report = Speed.model_validate_json(Path("metrics/bench/speed.json").read_text(encoding="utf-8"))
    assert report.machine.threads == 2
    (cell,) = report.cells
    assert cell.published_together.test_accuracies == [0.5, 0.5]
    assert cell.ours_together.test_accuracies == [0.75, 0.75]
    assert cell.over_published.alone == cell.over_tuned.alone == 1.0
    assert cell.over_published.together == cell.published_together.seconds / cell.ours_together.seconds > 1
    assert cell.over_tuned.together == cell.tuned_together.seconds / cell.ours_together.seconds > 1
    assert report.median_over_tuned.as_used == cell.over_tuned.as_used == 6.0 / cell.ours_together.seconds
    assert cell.full_steps == FULL
    output = capsys.readouterr().out
    assert "75.0 75.0" in output
    assert "% of peak in full steps, on one thread, ia3: distilbert 62.5 of 40 GFLOP/s (16 x 24 tokens)\n" in output


def test_a_report_says_which_cells_it_lacks(monkeypatch, capsys):
    """A benchmark that was stopped: what stands is that of the cells before."""
    grid = {"architectures": ["distilbert"], "configurations": ["full", "ia3"], "probes": [], "seeds": [42]}
    write_study("distilbert", **grid)
    monkeypatch.setattr(speed, "figures_of", lambda _: json.loads(planted(6.0)(["ours"], Path(), "cpu").last_line))
    cost = SimpleNamespace(evaluation_seconds=1)
    monkeypatch.setattr(speed.Record, "read_from", lambda path: SimpleNamespace(cost=cost))
    started = []

    def run(arguments: list[str], folder: Path, device: str, threads: int | None = None) -> Finished:
        started.append(arguments[2])
        if "ia3" in started:
            raise KeyboardInterrupt
        return planted(6.0)(arguments, folder, device)

    monkeypatch.setattr(speed, "run_process", run)
    with pytest.raises(KeyboardInterrupt):
        speed.main()
    written = Path("metrics/bench/speed.md").read_text(encoding="utf-8")
    assert written.endswith("42 runs at full size: not measured\n\nstopped before: distilbert ia3\n")
    report = Speed.model_validate_json(Path("metrics/bench/speed.json").read_text(encoding="utf-8"))
    assert report.not_measured == ("distilbert ia3",)


def test_full_size_extrapolates_to_42_runs(monkeypatch, capsys):
    sizes = {f"architecture.{name}.full_size": size for name, size in TINY.items()}
    write_params(Path(), **{"profiles.paper.tokenize.max_length": 32, **sizes})
    ran = []

    class Record:
        class cost:  # noqa: N801
            evaluation_seconds = 32.0

    def own(record) -> dict:
        return {
            "startup_seconds": 1.0,
            "train_seconds": 10.0,
            "step_seconds_median": 0.1,
            "test_accuracy": 0.5,
            "peak_memory_allocated_bytes": None,
        }

    def run(arguments: list[str], folder: Path, device: str) -> Finished:
        ran.append(arguments[1:])
        return planted(50.0)(arguments, folder, device)

    monkeypatch.setattr(speed, "run_process", run)
    monkeypatch.setattr(speed.Record, "read_from", lambda path: Record)
    monkeypatch.setattr(speed, "figures_of", own)
    speed.main(full=True, rows=16)
    report = Speed.model_validate_json(Path("metrics/bench/speed-full-size.json").read_text(encoding="utf-8"))
    assert len(ran) == 3 * 12  # and none of full steps
    # 16 examples in 10 s; 32 evaluated in 32 s; 50 - 10 - 32 s fixed
    seconds = 2 * 22404 / 1.6 + (2 * 2500 + 24678) + 8
    assert list(report.extrapolation.seconds_by_cell.values()) == pytest.approx([seconds] * 12)
    assert report.extrapolation.grid_seconds == pytest.approx(42 * seconds)
    output = capsys.readouterr().out
    about = (
        "random weights at the published sizes, on a CPU (on a GPU nothing was measured); steps of 16 texts a run: 1"
    )
    assert f"{about}\n\n" in output
    assert f"42 runs at full size: {42 * seconds / 60:.1f} min" in output
    assert "samples/s, ours / tuned, full: distilbert 2.50, roberta 2.50, deberta 2.50\n" in output
    assert "peak memory of training, measured / predicted: not measured\n" in output


def test_measured_peaks_are_set_against_the_predicted(monkeypatch):
    write_study("distilbert", architectures=["distilbert"], configurations=["ia3"], probes=[], seeds=[42])
    monkeypatch.setattr(speed, "run_process", planted(6.0))
    cost = SimpleNamespace(evaluation_seconds=1)
    monkeypatch.setattr(speed.Record, "read_from", lambda path: SimpleNamespace(cost=cost))
    figures = {"startup_seconds": 1.0, "train_seconds": 1.0, "step_seconds_median": 0.1, "test_accuracy": 0.75}
    measured = iter([90, 104])
    monkeypatch.setattr(speed, "figures_of", lambda _: figures | {"peak_memory_allocated_bytes": next(measured)})
    monkeypatch.setattr(full_size, "predicted_peak", lambda *_: 100)
    reports = []
    monkeypatch.setattr(speed, "publish", lambda report, *_, quiet: reports.append(report))
    speed.main()
    speed.main()
    both = reports[0].model_copy(update={"cells": [cell for report in reports for cell in report.cells]})
    assert "peak memory of training, measured / predicted: 0.90 to 1.04\n" in table(both, "simple")


def test_full_size_checkpoint_trains_through_the_real_code(monkeypatch):
    sizes = {f"architecture.{name}.full_size": size for name, size in TINY.items()}
    write_params(Path(), architectures=["deberta"], **{"profiles.paper.tokenize.max_length": 32, **sizes})
    full_size.write_workspace(Path(), 16, "cpu")
    from stages.training.run import fine_tune

    fine_tune("deberta", "full", 42)
    settings = Record.read_from(Path("metrics/runs/deberta/full/42.json")).run.settings
    assert (settings.profile, settings.train.epochs, settings.precision) == ("paper", 1, "bf16")
    assert full_size.evaluated(Path(), settings) == 2 * 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"full": True, "study": "laptop"}, "--study: 'laptop': not with --full-size, whose weights are random"),
        ({"rows": 2}, "--rows: 2; allowed: at least 16, one batch"),
        ({"repeats": 0}, "--repeats: 0; allowed: 1 or more"),
        ({"full": True, "rows": 2}, "--rows: 2; allowed: at least 8, one batch"),
        ({"full": True, "device": "cuda"}, "--device cuda: torch sees no CUDA device; allowed here: cpu"),
        ({}, "data/tokenized: not found; run `dvc repro tokenize` first"),
    ],
)
def test_what_cannot_be_measured_is_one_line(arguments, message):
    write_params(Path())
    with pytest.raises(InputError, match=f"^{message}"):
        speed.main(**arguments)
    assert not Path("metrics/bench").exists()
