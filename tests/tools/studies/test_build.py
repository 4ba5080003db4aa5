"""make paper STUDY=<name>: the workspace's files stay, what changed runs, what is the same comes from the cache."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from distributed import LocalCluster

from stages.core.errors import InputError
from tests.helpers.ctrl_c import listen_to_ctrl_c
from tests.helpers.hashed_study import commit, dvc, git
from tools.engine.messages import LOGS
from tools.studies import build
from tools.studies.working_folder import locked

COPY = Path(".studies/other")
RUNS = [f"{stage}-{seed}" for stage in ("train@distilbert-full", "probe@distilbert-full-probe") for seed in (42, 43)]
AFTER = ["collect", "statistics", "reconcile", "claims", "tables", "figures", "paper", "site"]


def made(capfd, **options: str) -> tuple[list[str], list[str], str]:
    """Stages that were made, of those the ones that ran and did not come from the cache, and what stderr has."""
    shutil.rmtree(COPY / LOGS, ignore_errors=True)
    capfd.readouterr()
    build.main("other", "2", **options)
    said = capfd.readouterr()
    stages = [
        line.split()[0] for line in said.out.splitlines() if line.split()[1:2] == ["done"] and "of" not in line[:9]
    ]
    logs = {stage: (COPY / LOGS / f"{stage}.log").read_text(encoding="utf-8") for stage in stages}
    ran = [stage for stage, text in logs.items() if "is cached - skipping run" not in text]
    return sorted(stages), sorted(ran), said.err


def files(folder: Path) -> dict[str, bytes]:
    paths = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    hidden = (".git", ".dvc", ".studies")
    return {str(name): path.read_bytes() for name, path in paths.items() if name.parts[0] not in hidden}


@pytest.mark.slow
def test_the_study_is_built_beside_the_workspace_and_makes_what_differs(workspace, capfd):
    before = files(workspace)
    stages, ran, said = made(capfd)
    assert files(workspace) == before
    assert git(workspace, "status", "--porcelain") == ""
    assert dvc(workspace, "status").strip() == "Data and pipelines are up to date."
    assert len(stages) == 18
    # Prepare, base, tokenize and baselines come from the cache that both share; the census counts at the rates, too.
    assert ran == sorted(["settings", "census", *RUNS, *AFTER])
    assert said.count("\n") == 1  # how long it took
    assert dvc(COPY, "status").strip() == "Data and pipelines are up to date."
    assert git(COPY, "status", "--porcelain", "--", "stages", "params.yaml", "requirements.txt") == ""
    assert sorted(path.name for path in (COPY / "metrics/runs/distilbert/full").iterdir()) == ["42.json", "43.json"]
    assert made(capfd)[:2] == ([], [])


@pytest.mark.slow
def test_it_says_where_it_builds_and_where_the_paper_is(built, capfd):
    build.main("other", "1")
    lines = capfd.readouterr().out.splitlines()
    head = git(built, "rev-parse", "HEAD")[:12]
    assert lines[0] == f"study other: in {COPY}, at commit {head}; `make paper STUDY=other` goes on there"
    assert lines[-1] == f"paper: {built}/{COPY}/paper/main.pdf"


@pytest.mark.slow
def test_an_edit_of_its_file_makes_again_what_follows_from_it(built, capfd):
    study = Path("studies/other.yaml")
    study.write_text(study.read_text(encoding="utf-8").replace("[42, 43]", "[42]"), encoding="utf-8")
    stages, ran, said = made(capfd)
    assert ran == sorted(["settings", *AFTER])
    assert stages == ran
    note = "note: its records will say that studies/other.yaml or params.yaml was not committed"
    assert said.splitlines()[0] == note
    assert git(COPY, "status", "--porcelain", "--", "params.yaml") == " M params.yaml\n"
    commit(built)
    assert made(capfd)[:2] == ([], [])
    assert git(COPY, "status", "--porcelain", "--", "params.yaml") == ""


@pytest.mark.slow
def test_a_commit_makes_again_what_follows_from_it_and_what_is_not_committed_is_named(built, capfd):
    for name in ("stages/report/text/checklist.py", "stages/report/tables/tabular.py"):
        with Path(name).open("a", encoding="utf-8") as stream:
            stream.write("\n# edited\n")
    git(built, "mv", "stages/report/text/lint.py", "stages/report/text/linting.py")
    git(built, "commit", "--quiet", "--message", "one", "stages/report/text")
    (COPY / "stages/training/stray.py").write_text("put there", encoding="utf-8")
    stages, _, said = made(capfd)
    assert said.splitlines()[0] == "note: not in it, because not committed: stages/report/tables/tabular.py"
    assert stages == ["paper", "site"]
    assert not (COPY / "stages/report/text/lint.py").exists()
    assert not (COPY / "stages/training/stray.py").exists()


@pytest.mark.slow
def test_a_copy_that_was_removed_comes_back_from_the_cache(built, capfd):
    before = files(COPY)
    shutil.rmtree(COPY)
    stages, ran, _ = made(capfd)
    assert len(stages) > len(AFTER)
    assert ran == ["paper", "settings"]  # whose outputs stay in place while they run: never from the cache
    after = files(COPY)
    assert {name: text for name, text in after.items() if not name.startswith("models/.study")} == {
        name: text for name, text in before.items() if not name.startswith("models/.study")
    }


@pytest.mark.slow
def test_the_workers_of_a_scheduler_build_it_too(built, capfd):
    with Path("stages/report/phrases/phrases.py").open("a", encoding="utf-8") as stream:
        stream.write("\n# edited\n")
    commit(built)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as workers:
        assert made(capfd, scheduler=workers.scheduler_address)[1] == ["paper", "site"]
    with pytest.raises(InputError, match=r"^REMOTE: not with STUDY: "):
        build.main("other", "1", remote="storage")


@pytest.mark.slow
def test_a_step_that_fails_ends_it_with_its_exit_code(built, capfd):
    pipeline = Path("dvc.yaml").read_text(encoding="utf-8")
    broken = pipeline.replace("hashes.py paper/generated/figures", "no.py paper/generated/figures")
    Path("dvc.yaml").write_text(broken, encoding="utf-8")
    commit(built)
    with pytest.raises(SystemExit) as caught:
        build.main("other", "1")
    assert caught.value.code == 1
    said = capfd.readouterr()
    assert said.err.splitlines()[-1].startswith("error: of 18 stages 1 failed and 2 blocked; ")
    assert "paper: " not in said.out


@pytest.mark.slow
def test_ctrl_c_ends_it_in_one_line_and_it_goes_on(workspace, capfd):
    """As a terminal sends it: to all processes of the group."""
    command = [sys.executable, "-m", "tools.studies.build", "--jobs=2", "--", "other"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    )
    for line in process.stdout:
        if line.startswith("prepare done"):
            break
    # In this process: by the time that a new one has started, the other may be over.
    with pytest.raises(InputError, match=r"^STUDY: 'other': another `make paper` or `make keep` of this study runs$"):
        build.main("other", "2")
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "error: interrupted: what is complete is kept; the same command goes on from there\n"
    stages, _, _ = made(capfd)
    assert "prepare" not in stages
    assert "paper" in stages
    with locked("other"):
        pass


def test_a_step_that_dies_of_ctrl_c_has_it_said_by_the_command(in_empty_folder):
    """Before it can say it itself: while it imports."""
    dies = "import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGINT)"
    Path("dies.py").write_text(dies, encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        build.run(in_empty_folder, "dies")
    Path("ends.py").write_text("raise SystemExit(3)", encoding="utf-8")
    assert build.run(in_empty_folder, "ends") == 3
