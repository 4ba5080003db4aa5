import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pypdf import PdfReader

from commands import diff
from stages import figures, paper, tables
from stages.lib.errors import InputError
from stages.lib.ledger import read_numbers
from tests.test_paper import SMALL, edit, needs_latex, prepare

needs_latexdiff = pytest.mark.skipif(shutil.which("latexdiff") is None, reason="latexdiff is not installed")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def build(folder: Path) -> None:
    """The report of the current records, laid out as ``diff.fetch`` does."""
    for stage in (tables, figures, paper):
        stage.main()
    diff.fetch("workspace", folder)


@needs_latex
@needs_latexdiff
def test_only_what_changed_is_marked():
    prepare(drawn=True, **SMALL)
    build(Path("old"))
    edit("lora-ffn", 42, 0.871)
    build(Path("new"))
    changed = diff.changed_numbers(*(read_numbers(Path(name, diff.NUMBERS)) for name in ("old", "new")))
    assert changed == [
        ("distilbert.lora-ffn.accuracy", "86.95", "87.10", "+0.0015"),
        ("distilbert.lora-ffn.vs.full.difference", "-3.20", "-3.05", "+0.0015"),
        ("distilbert.lora-ffn.vs.full.distance", "3.20", "3.05", "-0.0015"),
        ("fit.f1_gap", "0.05", "0.20", "+0.0015"),
    ]
    pdf = diff.mark_changes(Path("old"), Path("new"))
    source = pdf.with_suffix(".tex").read_text(encoding="utf-8").split(r"\begin{document}", 1)[1]
    marked = " ".join(re.findall(r"\\DIF(?:add|del)(?:FL)?\{((?:[^{}]|\{[^{}]*\})*)\}", source))
    assert "87.10" in marked
    assert "86.95" in marked
    assert "Fine-tuning all weights" not in marked
    assert len(PdfReader(pdf).pages) >= 4


def test_numbers_on_one_side_alone_are_listed():
    prepare(**SMALL)
    ledger = paper.build(paper.read_results())
    for key in ("grid.runs", "grid.seeds", "commit.0"):
        ledger.number(key)
    ledger.write(Path("a.json"))
    numbers = read_numbers(Path("a.json"))
    fewer = {"grid.runs": numbers["grid.runs"].model_copy(update={"value": 5, "text": "5"})}
    assert diff.changed_numbers(numbers, fewer) == [
        ("grid.runs", "2", "5", "+3"),
        ("grid.seeds", "1", "--", ""),
        ("commit.0", "0123456789ab", "--", ""),
    ]


def test_flipped_claims():
    old, new = {"a": "holds", "b": "holds", "c": "holds"}, {"a": "holds", "b": "does not hold"}
    assert diff.flipped_claims(old, new) == [("b", "holds", "does not hold")]


def test_unknown_revision_is_named():
    subprocess.run(["git", "init", "--quiet"], check=True)
    with pytest.raises(
        InputError, match=r"^'nowhere': no such revision or experiment; `git log` and `dvc exp show` list"
    ):
        diff.resolve("nowhere")
