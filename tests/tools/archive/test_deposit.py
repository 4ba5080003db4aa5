"""make archive: a tiny study, built and packed; what is unpacked elsewhere makes the same report without training."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import chdir
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.core.files import sha256
from tests.helpers.hashed_study import git
from tests.helpers.paper import needs_latex
from tests.test_end_to_end import TINY
from tools.archive import citation, deposit
from tools.benchmarks.common import working_copy
from tools.engine.state import read_state

ARCHIVE = str(deposit.ARCHIVE)


def run(folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return working_copy.execute(folder, *command, check=check)


def pack(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run(folder, sys.executable, "-m", "tools.archive.deposit", *arguments, check=check)


def unpack(archive: Path, folder: Path) -> Path:
    """As a reader does, with the program that everyone has."""
    subprocess.run(["unzip", "-q", archive, "-d", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A repository with the tiny study, up to date and committed."""
    pytest.importorskip("rocrate")
    folder = working_copy.make(tmp_path_factory.mktemp("built"), TINY)
    run(folder, "dvc", "repro", "--quiet")
    working_copy.commit(folder)
    return folder


@pytest.fixture(scope="module")
def packed(built) -> Path:
    """Its archive with the models."""
    pack(built, "--with-models", "1")
    return shutil.copy(built / ARCHIVE, built.parent / f"{built.name}.zip")


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory) -> Path:
    return unpack(packed, tmp_path_factory.mktemp("unpacked") / "study")


@pytest.mark.slow
@needs_latex
def test_after_a_pull_all_is_up_to_date(unpacked):
    before = sha256(unpacked / "paper/main.pdf")
    assert git(unpacked, "status", "--porcelain") == ""
    run(unpacked, "dvc", "pull", "--quiet")
    assert "Data and pipelines are up to date." in run(unpacked, "dvc", "status").stdout
    assert run(unpacked, sys.executable, "-m", "tools.study", "--jobs=1").stdout == "2 done of 2 runs\n"
    with chdir(unpacked):
        assert {stage.status for stage in read_state().stages.values()} == {"unchanged"}
    assert sha256(unpacked / "paper/main.pdf") == before
    assert git(unpacked, "status", "--porcelain") == ""


@pytest.mark.slow
@needs_latex
def test_without_models_the_same_report_is_made_without_training(built, tmp_path):
    pack(built)
    study = unpack(built / ARCHIVE, tmp_path / "study")
    report = (study / "paper/main.pdf").read_bytes()
    assert report == (built / "paper/main.pdf").read_bytes()
    run(study, "dvc", "pull", "--quiet", "--allow-missing")
    (study / "paper/main.pdf").unlink()
    command = next(
        line for line in (study / "ARTIFACT.md").read_text(encoding="utf-8").splitlines() if "--force" in line
    )
    done = run(study, *command.split("#")[0].split())
    stages = [line for line in done.stdout.splitlines() if line.startswith("Running stage")]
    assert stages == [f"Running stage '{name}':" for name in ("tables", "figures", "paper")]
    assert (study / "paper/main.pdf").read_bytes() == report
    assert git(study, "status", "--porcelain") == ""
    assert not list((study / "models").rglob("*.safetensors"))


@pytest.mark.slow
def test_the_same_commit_gives_the_same_bytes(built, packed):
    pack(built, "--with-models", "1")
    assert (built / ARCHIVE).read_bytes() == packed.read_bytes()


@pytest.mark.slow
def test_what_is_in_it(built, packed, unpacked):
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=unpacked, check=False)
    assert checked.returncode == 0
    with zipfile.ZipFile(packed) as archive:
        names = {name for name in archive.namelist() if not name.startswith((".git/", "dvc-remote/"))}
    tracked = set(git(built, "ls-files").splitlines())
    assert tracked <= names
    assert {name for name in names - tracked if not name.startswith(("paper/", "metrics/", "data/settings/"))} == {
        *(".dvc/config.local", "ARTIFACT.md", "SHA256SUMS", "croissant.json", "data/raw/card.json"),
        *("cards/distilbert/full/42.md", "cards/distilbert/lora-ffn/42.md", "ro-crate-metadata.json"),
    }
    assert {"paper/main.pdf", "paper/site/index.html", "paper/generated/numbers.json"} <= names
    text = (unpacked / "ARTIFACT.md").read_text(encoding="utf-8")
    assert f"SHA-256 of `paper/main.pdf` `{sha256(built / 'paper/main.pdf')}`" in text
    assert f"Commit `{git(built, 'rev-parse', 'HEAD').strip()}`." in text
    assert not [path for path in unpacked.rglob("*") if path.is_file() and str(built).encode() in path.read_bytes()]


@pytest.mark.slow
def test_each_run_of_a_stage_is_in_the_crate_with_its_contents(built, unpacked):
    graph = json.loads((unpacked / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    action = entities["#run-train@distilbert-lora-ffn-42"]
    assert action["description"] == "python -m stages.train distilbert lora-ffn 42"
    assert action["instrument"] == {"@id": "stages/train.py"}
    record = json.loads((built / "metrics/runs/distilbert/lora-ffn/42.json").read_text(encoding="utf-8"))
    assert action["startTime"] == record["run"]["started_at"]
    assert {item["@id"] for item in action["result"]} == {
        "#models/runs/distilbert/lora-ffn/42",  # in DVC's remote alone
        "metrics/runs/distilbert/lora-ffn/42.json",
    }
    model = entities["#models/runs/distilbert/lora-ffn/42"]["identifier"].removeprefix("md5:")
    assert (unpacked / "dvc-remote/files/md5" / model[:2] / model[2:]).exists()
    controls = [entity for entity in graph if entity["@type"] == "ControlAction"]
    locked = run(built, "dvc", "stage", "list", "--name-only").stdout.split()
    assert sorted(control["name"].removeprefix("Start of ") for control in controls) == sorted(locked)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("rocrate-validator") is None, reason="roc-validator is not installed")
def test_roc_validator_passes_and_finds_a_planted_fault(unpacked):
    """It asks the web for the contexts that the crate names, or a cache: ROC_CACHE."""
    cache = os.environ.get("ROC_CACHE")
    options = ["--offline", "--cache-path", cache] if cache else []
    command = ["rocrate-validator", "-y", "validate", *options, "--no-paging", "-l", "required"]
    command += ["-p", "provenance-run-crate-0.5", str(unpacked), "--output-format", "json"]

    def faults() -> list[str]:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        return [issue["message"] for issue in json.loads(done.stdout)["issues"]]

    assert faults() == []
    path = unpacked / "ro-crate-metadata.json"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(text.replace('"#step-train"', '"#step-absent"', 1), encoding="utf-8")
        assert faults() != []
    finally:
        path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_what_is_not_committed_or_out_of_date_is_refused(built):
    """One line each, and the last archive stays as it was."""
    before = (built / ARCHIVE).read_bytes() if (built / ARCHIVE).exists() else None
    for path, line in (
        ("README.md", "README.md: not committed; the archive is of a commit: git commit"),
        ("stages/stray.py", "stages/stray.py: not committed; the archive is of a commit: git commit"),
    ):
        text = (built / path).read_text(encoding="utf-8") if (built / path).exists() else None
        (built / path).write_text("edited", encoding="utf-8")
        assert pack(built, check=False).stderr == f"error: {line}\n"
        (built / path).unlink() if text is None else (built / path).write_text(text, encoding="utf-8")
    table = built / "paper/generated/tables/costs.tex"
    text = table.read_text(encoding="utf-8")
    table.unlink()
    table.write_text(text + "% edited\n", encoding="utf-8")
    line = "error: the study is unfinished or out of date: tables, paper, site; run `make paper` first\n"
    assert pack(built, check=False).stderr == line
    run(built, "dvc", "checkout", "--quiet", "--force")
    assert (built / ARCHIVE).exists() == (before is not None)
    assert before is None or (built / ARCHIVE).read_bytes() == before


@pytest.mark.parametrize("value", ["yes", "0", "true"])
def test_a_wrong_variable_is_named(value, in_empty_folder):
    with pytest.raises(InputError, match=f"^WITH_MODELS: '{value}'; allowed: 1, or none$"):
        deposit.main(value)


def test_outside_a_repository(in_empty_folder):
    with pytest.raises(InputError, match=r"^not a git repository"):
        deposit.main()


def test_a_citation_that_was_edited_alone_is_named(in_empty_folder, monkeypatch):
    monkeypatch.setattr(deposit, "require_committed", lambda: None)
    monkeypatch.setattr(deposit.history, "Commit", lambda: None)
    Path("CITATION.cff").write_text("title: a\nlicense: MIT\nmessage: b\nauthors: [{name: c}]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^\.zenodo\.json: not of CITATION\.cff; "):
        deposit.main()
    citation.main()
    with pytest.raises(InputError, match=r"^params\.yaml: "):
        deposit.main()
