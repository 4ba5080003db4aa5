"""make keep STUDY=<name>: what a reader needs, whole, of a study that is what is committed."""

import json
import shutil
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.core.yaml_files import read_yaml
from tests.helpers.hashed_study import commit, git
from tools.studies import build, keep
from tools.studies.keeping import kept_files
from tools.studies.merging import read_study
from tools.studies.working_folder import locked

KEPT = Path("metrics/studies/other")
COPY = Path(".studies/other")


def fault() -> str:
    with pytest.raises(InputError) as caught:
        keep.main("other")
    assert not KEPT.exists()
    assert not list(KEPT.parent.glob(".*"))
    return str(caught.value)


@pytest.mark.slow
def test_what_a_reader_needs_is_kept_and_nothing_else(built, capsys):
    before = git(built, "status", "--porcelain")
    keep.main("other")
    assert capsys.readouterr().out == "20 files in metrics/studies/other/; `git add metrics/studies/other` keeps them\n"
    files = sorted(path.relative_to(KEPT).as_posix() for path in KEPT.rglob("*") if path.is_file())
    assert files == [
        "base/distilbert.json",
        "baselines.json",
        "card.json",
        "claims.json",
        "failed.csv",
        "made_of.json",
        "main.pdf",
        "params.yaml",
        "plots",
        "reconciliation.json",
        "runs.csv",
        "runs/distilbert/full-probe/42.json",
        "runs/distilbert/full-probe/43.json",
        "runs/distilbert/full/42.json",
        "runs/distilbert/full/43.json",
        "statistics.json",
        "study.json",
        "study.yaml",
        "summary.json",
        "tokenized/distilbert.json",
    ]
    for path, name in kept_files(read_study("other").params, COPY).items():
        assert sha256(KEPT / name) == sha256(COPY / path)
    assert (KEPT / "study.yaml").read_text(encoding="utf-8") == Path("studies/other.yaml").read_text(encoding="utf-8")
    assert read_yaml(KEPT / "params.yaml") == read_study("other").raw
    commit_id = git(built, "rev-parse", "HEAD").strip()
    made_of = {"study": "other", "commit": commit_id, "subject": "state"}
    assert json.loads((KEPT / "made_of.json").read_text(encoding="utf-8")) == made_of
    assert git(built, "status", "--porcelain").replace("?? metrics/studies/other/\n", "") == before
    (KEPT / "stale").touch()
    keep.main("other")
    assert not (KEPT / "stale").exists()


@pytest.mark.slow
def test_what_is_unfinished_out_of_date_or_not_committed_is_refused(built):
    study = Path("studies/other.yaml")
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("[42, 43]", "[42]"), encoding="utf-8")
    not_committed = "not committed; what is kept must name the commit it was made of: git commit"
    assert fault() == f"studies/other.yaml: {not_committed}"
    commit(built)
    assert fault().startswith("STUDY: 'other': unfinished or out of date: settings, ")
    assert fault().endswith("; `make paper STUDY=other`")
    study.write_text(text, encoding="utf-8")
    with Path("stages/report/phrases/phrases.py").open("a", encoding="utf-8") as stream:
        stream.write("\n# edited\n")
    git(built, "commit", "--quiet", "--message", "back", "studies")
    assert fault() == f"stages/report/phrases/phrases.py: {not_committed}"
    commit(built)
    assert fault() == "STUDY: 'other': unfinished or out of date: paper, site; `make paper STUDY=other`"
    shutil.rmtree(COPY / "metrics/runs/distilbert/full")
    git(built, "revert", "--no-edit", "HEAD")
    assert fault().startswith("STUDY: 'other': unfinished or out of date: train@distilbert-full-42, ")
    with locked("other"):
        assert fault() == "STUDY: 'other': another `make paper` or `make keep` of this study runs"


@pytest.mark.slow
def test_a_study_whose_parameters_were_committed_later_is_kept_without_training_again(built):
    study = Path("studies/other.yaml")
    study.write_text(study.read_text(encoding="utf-8") + "allow_failed: false\n", encoding="utf-8")
    build.main("other", "2")
    records = sha256(COPY / "metrics/runs")
    commit(built)
    keep.main("other")
    assert sha256(KEPT / "runs") == records


@pytest.mark.usefixtures("workspace")
def test_a_study_that_is_unknown_or_not_built_is_named():
    assert fault() == "STUDY: 'other': not built yet; `make paper STUDY=other` builds it"
    for name, message in {
        "": "STUDY: empty; allowed: a name in studies/: other",
        "others": "STUDY: 'others': unknown name; allowed: other; `make new NAME=others DATA=...` writes one",
    }.items():
        with pytest.raises(InputError) as caught:
            keep.main(name)
        assert str(caught.value) == message
