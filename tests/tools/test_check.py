import os
import shutil
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest

from stages import settings
from stages.core.errors import InputError
from stages.data.card import Card
from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.hub import client as hub
from stages.study.grid import StudySettings
from stages.study.params import load_params
from tests.helpers.preparation import make_card
from tests.helpers.records import make_record
from tests.helpers.snapshots import fill_cache, reviews, write_dataset, write_snapshot
from tests.helpers.tiny_study import ROOT, write_params
from tools import availability, check
from tools.machine import Machine

CPU = Machine("no GPU, 2 CPU cores", False, 8 * 10**9, 1e11)
GPU = Machine("A GPU", True, 80 * 10**9, 5e13)


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder, tmp_path, monkeypatch):
    """No hub, an empty cache, TeX, room, a census and no records."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub, "list_files", unreached)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.delenv("TEX_FILES", raising=False)
    monkeypatch.setenv("STUDY_JOBS", "1")
    free(monkeypatch, 10**12)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    write_census()


def unreached(repository: hub.Repository) -> dict[str, int]:
    raise hub.HubError("ConnectError")


def write_census() -> None:
    """Peaks of 2, 3 and 4 GB for full fine-tuning of the three architectures, 1 GB less for anything else."""
    params = load_params()
    counts = dict.fromkeys(("trainable", "total", "total_packed_4bit", "adapter", "head"), 1000)
    counts |= {"new_but_frozen": 0, "trainable_but_dead": 0}
    parts = dict.fromkeys(("weights", "gradients", "optimizer", "activations"), 0)
    cells = {
        architecture: {
            name: CensusCell(
                **counts,
                precision="fp32",
                predicted_memory=PredictedMemory(**parts, peak=(index + name.startswith("full")) * 10**9),
            )
            for name in params.configurations + params.probes
        }
        for index, architecture in enumerate(params.architectures, start=1)
    }
    Census(dict.fromkeys(params.protocols, cells)).write()


def free(monkeypatch, count: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**13, 10**13, count))


def run(monkeypatch, capsys, host: Machine = CPU, profile: str | None = None) -> tuple[bool, list[str]]:
    """Whether all is at hand, and the printed lines with single spaces."""
    monkeypatch.setattr(check, "measure", lambda precision: host)
    complete = check.main(profile)
    return complete, [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def fill(cache: Path) -> None:
    params = load_params()
    data = params.profiles["paper"].data
    write_dataset(Path("imdb"), reviews("train", 20), reviews("test", 6), reviews("unsupervised", 4))
    fill_cache(cache, "dataset", data.hub_id, data.revision, Path("imdb"))
    for name in params.architectures:
        write_snapshot(Path("published", name), name)
        family = params.architecture[name]
        fill_cache(cache, "model", family.hub_id, family.revision, Path("published", name))


def test_paper_without_a_gpu_and_without_the_hub(monkeypatch, capsys):
    complete, lines = run(monkeypatch, capsys, CPU, "paper")
    assert not complete
    assert lines[0] == "profile paper: IMDb reviews, published full-size checkpoints; 60 runs"
    assert "device a CUDA GPU no GPU, 2 CPU cores" in lines
    assert "memory, 1 at once 4.00 GB at most 8.00 GB RAM free" in lines
    assert "data stanfordnlp/imdb@e6281661ce1c no hub (ConnectError), not cached" in lines
    assert "time at least 32 days 100 GFLOP/s" in lines
    assert "full 2.00 GB, 10.0 h 3.00 GB, 19.9 h 4.00 GB, 19.9 h" in lines
    assert "ia3 1.00 GB, 7.2 h 2.00 GB, 14.5 h 3.00 GB, 14.5 h" in lines
    assert "time: matrix products alone and every row at its longest, at 100 GFLOP/s measured here" in lines
    assert lines[-2:] == [
        "missing: device: no GPU",
        "missing: data, distilbert checkpoint, roberta checkpoint, deberta checkpoint: go online, or give local copies "
        "(data: {source: local, path: <file or folder>}, base: {source: local, path: <folder>}), or use "
        "`profile: mini`, which needs neither",
    ]


def test_paper_with_all_at_hand(monkeypatch, capsys, tmp_path):
    fill(tmp_path / "cache")
    complete, lines = run(monkeypatch, capsys, GPU, "paper")
    assert complete
    assert lines[-1] == "nothing is missing"
    assert "device a CUDA GPU A GPU" in lines
    assert "memory, 1 at once 4.00 GB at most 80 GB of the GPU" in lines
    assert "deberta checkpoint microsoft/deberta-v3-base@8ccc9b6f3619, cached at hand" in lines
    assert check.main("paper", quick=True)
    assert capsys.readouterr().out == ""


def test_what_the_hub_lists_is_looked_at(monkeypatch, capsys):
    names = ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "README.md"]
    pickle = ["config.json", "pytorch_model.bin", "spm.model"]
    monkeypatch.setattr(
        hub,
        "list_files",
        lambda repository: dict.fromkeys(pickle if "deberta" in repository.id else names, 10**8),
    )
    complete, lines = run(monkeypatch, capsys, GPU, "paper")
    assert not complete
    downloaded = "FacebookAI/roberta-base@e2da8e2f811d, 0.40 GB to download"
    assert f"roberta checkpoint {downloaded} at hand" in lines
    assert lines[-1].startswith(
        "missing: deberta checkpoint: microsoft/deberta-v3-base@8ccc9b6f3619: pytorch_model.bin without model."
    )


def test_quick_ends_with_the_first_missing_thing(monkeypatch):
    with pytest.raises(InputError, match=r"^data\.source: 'hub': stanfordnlp/imdb@e6281661ce1c: not cached and cannot"):
        check.main("paper", quick=True)
    assert check.main("mini", quick=True)


def test_quick_looks_at_the_disk(monkeypatch, tmp_path):
    fill(tmp_path / "cache")
    free(monkeypatch, 10**9)
    with pytest.raises(InputError, match=r"/test_quick_looks_at_the_disk0: profile paper takes 23 GB; free: 1\.00 GB$"):
        check.main("paper", quick=True)


def test_too_little_memory_and_disk(monkeypatch, capsys):
    free(monkeypatch, 10**9)
    monkeypatch.setenv("STUDY_JOBS", "3")
    _, lines = run(monkeypatch, capsys, CPU, "paper")
    assert "memory, 3 at once 12 GB at most 8.00 GB RAM free" in lines
    assert "missing: memory, 3 at once: 4.00 GB more (JOBS=1 takes least)" in lines
    assert [line for line in lines if line.startswith("missing: disk: ")] == ["missing: disk: 31 GB more"]


def test_missing_tex_is_named(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "latexmk" else f"/bin/{name}")
    monkeypatch.setenv("TEX_FILES", "IEEEtran.cls cite.sty")
    done = subprocess.CompletedProcess((), 1, stdout="/usr/share/tex/cite.sty\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: done)
    complete, lines = run(monkeypatch, capsys, GPU, "paper")
    assert not complete
    assert lines[-2] == "missing: TeX: latexmk, IEEEtran.cls; `make tex` installs it or says how"


def test_recorded_runs_give_time_and_memory(monkeypatch, capsys):
    settings.main()
    capsys.readouterr()
    cells = StudySettings.read().runs
    records = {cell: make_record(cell) for cell in cells}
    for cell, record in records.items():
        record.write_to(cell.record_path)
    complete, lines = run(monkeypatch, capsys)
    assert complete
    assert lines[-3:-1] == ["time: recorded runs (metrics/runs)", ""]
    costs = [record.cost for record in records.values()]
    total = sum(c.startup_seconds + c.train_seconds + c.evaluation_seconds + c.saving_seconds for c in costs)
    at_once = next(iter(records.values())).environment.runs_at_once
    assert f"time about {total / at_once / 60:.0f} min 100 GFLOP/s" in lines
    assert "time: recorded runs (metrics/runs)" not in run(monkeypatch, capsys, profile="paper")[1]


def test_without_records_full_fine_tuning_is_predicted(monkeypatch, capsys):
    write_params(Path(), architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    _, lines = run(monkeypatch, capsys)
    row = next(line for line in lines if line.startswith("full "))
    assert row.split()[2] == "GB,"
    assert 0.01 < float(row.split()[1]) < 0.2
    assert next(line for line in lines if line.startswith("ia3 ")).count("GB") == 0
    assert "memory: predicted for full fine-tuning, which takes most; tensors alone, without the libraries" in lines


def test_local_sources_are_read(monkeypatch, capsys):
    write_params(
        Path(),
        **{
            "profile": "paper",
            "architectures": ["roberta"],
            "profiles.paper.data": {"source": "local", "path": "reviews", "validation": 2, "seed": 1},
            "profiles.paper.base": {"source": "local", "path": "published"},
        },
    )
    write_snapshot(Path("published/roberta"), "roberta")
    Path("reviews").mkdir()
    Path("reviews/train.csv").write_text("text,label\na,0\nb,7\n")
    _, lines = run(monkeypatch, capsys, GPU)
    assert lines[-1] == "missing: data: reviews/train.csv: row 2: label '7'; allowed: 0, 1"
    assert "roberta checkpoint published/roberta at hand" in lines
    assert "time: unknown until `prepare` has counted the rows" in lines
    (Path("published/roberta") / "model.safetensors").unlink()
    assert "roberta checkpoint published/roberta unfit" in run(monkeypatch, capsys, GPU)[1]


def test_prepared_rows_of_the_same_source_are_counted(monkeypatch, capsys):
    source = {"source": "local", "path": "reviews", "validation": 2, "seed": 1}
    write_params(Path(), **{"architectures": ["roberta"], "profile": "imdb-mini", "profiles.imdb-mini.data": source})
    settings.main()
    Card.path().parent.mkdir(parents=True)
    make_card().write()
    capsys.readouterr()
    assert "time: unknown until `prepare` has counted the rows" not in run(monkeypatch, capsys, GPU)[1]
    write_params(Path(), **{"profile": "imdb-mini", "profiles.imdb-mini.data": source | {"path": "others"}})
    assert "time: unknown until `prepare` has counted the rows" in run(monkeypatch, capsys, GPU)[1]


def test_unknown_profile_is_named():
    with pytest.raises(InputError, match=r"^profile: 'papr': unknown name; allowed: mini, imdb-mini, paper$"):
        check.main("papr")


def test_census_of_other_settings_is_not_used(monkeypatch, capsys):
    write_params(Path(), architectures=["distilbert"])
    settings.main()
    capsys.readouterr()
    assert "memory: predicted for a GPU (metrics/census.json)" in run(monkeypatch, capsys, GPU, "paper")[1]
    write_params(Path(), **{"architectures": ["distilbert"], "profiles.paper.train.batch_size": 4})
    _, lines = run(monkeypatch, capsys, GPU, "paper")
    assert "memory: predicted for full fine-tuning, which takes most; tensors alone, without the libraries" in lines


def test_command_line_ends_with_exit_code_1():
    home = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(Path("home").absolute()), "PYTHONPATH": str(ROOT)}
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_CACHE"} | home
    command = [sys.executable, "-m", "tools.check", "--profile", "paper"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "no hub (HF_HUB_OFFLINE is set), not cached" in done.stdout
    quick = subprocess.run([*command, "--quick"], env=environment, capture_output=True, text=True, check=False)
    assert (quick.returncode, quick.stdout) == (1, "")
    assert quick.stderr.startswith("error: data.source: 'hub': stanfordnlp/imdb@e6281661ce1c: not cached")
    assert quick.stderr.count("\n") == 1


def test_patience_is_over_the_clients_own_time_out():
    assert availability.PATIENCE > hub.TIMEOUT
