import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.hub import client as hub
from stages.training.environment import GitError
from tests.helpers.check import CPU, GPU, fill_hub_cache, free, run_check
from tests.helpers.packages import MODEL, NAME, VERSION, install
from tests.helpers.paper import needs_latex
from tests.helpers.snapshots import write_snapshot
from tests.helpers.tiny_study import ROOT, write_params
from tools import check, machine

pytestmark = pytest.mark.usefixtures("offline")


def test_paper_without_a_gpu_and_without_the_hub(monkeypatch, capsys):
    complete, lines = run_check(monkeypatch, capsys, CPU, "paper")
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
    fill_hub_cache(tmp_path / "cache")
    complete, lines = run_check(monkeypatch, capsys, GPU, "paper")
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
    complete, lines = run_check(monkeypatch, capsys, GPU, "paper")
    assert complete
    downloaded = "microsoft/deberta-v3-base@8ccc9b6f3619, 0.30 GB to download, pytorch_model.bin to convert"
    assert f"deberta checkpoint {downloaded} at hand" in lines
    write_params(Path(), **{"architecture.deberta.convert": None})
    complete, lines = run_check(monkeypatch, capsys, GPU, "paper")
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
    fill_hub_cache(tmp_path / "cache")
    free(monkeypatch, 10**9)
    with pytest.raises(InputError, match=r"/test_quick_looks_at_the_disk0: profile paper takes 23 GB; free: 1\.00 GB$"):
        check.main("paper", quick=True, told="1")


def test_too_little_memory_and_disk(monkeypatch, capsys):
    free(monkeypatch, 10**9)
    _, lines = run_check(monkeypatch, capsys, CPU, "paper", "3")
    assert "memory, 3 at once 12 GB at most 8.00 GB RAM free" in lines
    assert "missing: memory, 3 at once: 4.00 GB more (JOBS=1 takes least)" in lines
    assert [line for line in lines if line.startswith("missing: disk: ")] == ["missing: disk: 31 GB more"]


def test_missing_tex_is_named(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "latexmk" else f"/bin/{name}")
    monkeypatch.setenv("TEX_FILES", "IEEEtran.cls cite.sty")
    done = subprocess.CompletedProcess((), 1, stdout="/usr/share/tex/cite.sty\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: done)
    complete, lines = run_check(monkeypatch, capsys, GPU, "paper")
    assert not complete
    assert lines[-2] == "missing: TeX: latexmk, IEEEtran.cls; `make tex` installs it or says how"


@needs_latex
def test_a_search_path_of_the_users_does_not_hide_tex(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TEXINPUTS", "/nowhere")
    monkeypatch.setenv("TEX_FILES", "IEEEtran.cls")
    _, lines = run_check(monkeypatch, capsys, GPU, "paper")
    assert not [line for line in lines if "IEEEtran.cls" in line]
    for name in ("apt-get", "latexdiff"):  # the one would install, the other may be missing
        (tmp_path / name).write_text("#!/bin/sh\necho $0 $*\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    made = subprocess.run(
        ["make", "-C", ROOT, "-s", "--no-print-directory", "tex"], capture_output=True, encoding="utf-8", check=False
    )
    assert (made.stdout, made.returncode) == ("", 0)


def test_local_sources_are_read(monkeypatch, capsys):
    write_params(
        Path(),
        **{
            "profile": "paper",
            "architectures": ["roberta"],
            "profiles.paper.data": {"source": "local", "path": "reviews", "validation": 2, "test": 2, "seed": 1},
            "profiles.paper.base": {"source": "local", "path": "published"},
        },
    )
    write_snapshot(Path("published/roberta"), "roberta")
    Path("reviews").mkdir()
    Path("reviews/train.csv").write_text("text,label\na,0\nb,1\nc,0\nd,1\n", encoding="utf-8")
    _, lines = run_check(monkeypatch, capsys, GPU)
    assert lines[-1] == (
        "missing: data: reviews (de-duplicated): train: class '0' has 2 rows; required: at least 3, one for each of "
        "train, test, validation (data.test, data.validation)"
    )
    assert "roberta checkpoint published/roberta at hand" in lines
    assert "time: unknown until `prepare` has counted the rows" in lines
    (Path("published/roberta") / "model.safetensors").unlink()
    assert "roberta checkpoint published/roberta unfit" in run_check(monkeypatch, capsys, GPU)[1]


@pytest.mark.parametrize(("said", "allowed"), [("git: not found", True), ("not a git repository: .git", False)])
def test_a_commit_that_records_cannot_name_is_missing(said, allowed, monkeypatch, capsys):
    def fail():
        raise GitError(said)

    monkeypatch.setattr(check, "head", fail)
    complete, lines = run_check(monkeypatch, capsys, GPU, "mini")
    assert not complete
    assert "git a commit that records can name unknown" in lines
    assert lines[-1] == f"missing: git: {GitError(said)}"
    if allowed:
        assert check.main("mini", quick=True)
    else:
        with pytest.raises(GitError):
            check.main("mini", quick=True)
        Path(".dvc").mkdir()
        Path(".dvc/config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
        assert check.main("mini", quick=True)
    assert capsys.readouterr().err == f"note: records will not say which commit made them: {GitError(said)}\n"


def test_the_commit_is_shown(monkeypatch, capsys):
    assert "git a commit that records can name 0123456789ab" in run_check(monkeypatch, capsys, GPU, "mini")[1]


def test_unknown_profile_is_named():
    with pytest.raises(InputError, match=r"^PROFILE: 'papr': unknown name; allowed: mini, imdb-mini, paper$"):
        check.main("papr")


@pytest.mark.slow
def test_command_line_ends_with_exit_code_1():
    home = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(Path("home").absolute()), "PYTHONPATH": str(ROOT)}
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_CACHE"} | home
    command = [sys.executable, "-m", "tools.check", "--profile", "paper"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "no hub (HF_HUB_OFFLINE is set), not cached" in done.stdout
    quick = subprocess.run([*command, "--quick"], env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (quick.returncode, quick.stdout) == (1, "")
    assert quick.stderr.startswith("error: data.source: 'hub': stanfordnlp/imdb@e6281661ce1c: not cached")
    assert quick.stderr.count("\n") == 1


def small_in_bf16() -> None:
    write_params(Path(), **{"profiles.mini.train.precision": "bf16"})


def test_a_processor_without_bf16_is_named_before_anything_runs(monkeypatch, capsys):
    small_in_bf16()
    monkeypatch.setattr(machine, "has_bf16", lambda: False)
    monkeypatch.setattr(machine, "processor", lambda: "An old CPU")
    line = (
        "profiles.mini.train.precision: 'bf16': An old CPU has no bf16 and would emulate it, slower than fp32; set it "
        "to fp32"
    )
    with pytest.raises(InputError) as caught:
        check.main(quick=True)
    assert str(caught.value) == line
    assert check.main(quick=True, elsewhere=True)
    complete, lines = run_check(monkeypatch, capsys)
    assert not complete
    assert "bf16 faster than fp32 none" in lines
    assert lines[-1] == f"missing: bf16: {line}"


@pytest.mark.parametrize(("gain", "complete"), [(2.4, True), (0.7, False)])
def test_what_bf16_is_worth_is_measured(gain, complete, monkeypatch, capsys):
    small_in_bf16()
    monkeypatch.setattr(machine, "has_bf16", lambda: True)
    monkeypatch.setattr(check, "gain_of_bf16", lambda: gain)
    assert check.main(quick=True)
    found, lines = run_check(monkeypatch, capsys)
    assert found == complete
    assert f"bf16 faster than fp32 {gain} times as fast" in lines
    fault = "missing: bf16: profiles.mini.train.precision: 'bf16': slower here than fp32; set it to fp32"
    assert (fault in lines) != complete


def test_a_package_is_at_hand_or_its_fault_is_named(monkeypatch, capsys):
    base = {"source": "package", "name": NAME, "version": VERSION, "path": MODEL}
    write_params(Path(), architectures=["distilbert"], **{"profiles.mini.base": base})
    with pytest.raises(InputError) as caught:
        check.main(quick=True)
    assert str(caught.value) == "base.name: 'tiny-encoder': not installed; pip install --no-deps tiny-encoder==0.1.0"
    write_snapshot(Path("published"), "distilbert")
    install(Path("site"), Path("published"))
    monkeypatch.syspath_prepend(str(Path("site").absolute()))
    assert check.main(quick=True)
    _, lines = run_check(monkeypatch, capsys)
    assert "distilbert checkpoint package tiny-encoder 0.1.0 at hand" in lines
