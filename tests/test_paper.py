import json
import re
import shutil
from pathlib import Path

import pytest

from stages import paper
from stages.core.errors import InputError
from stages.report.entries.build import build
from stages.report.numbers.ledger import Numbers, Source
from stages.report.numbers.units import COUNT
from tests.helpers.paper import SMALL, before_the_end, needs_latex, pages, prepare
from tests.helpers.preparation import make_card, write_examples
from tests.helpers.tiny_study import ROOT
from tools.benchmarks.provenance import numerals
from tools.why import matches

HOSTILE = r"a_b & 50% \input{x} $ # { }"


pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.slow
@needs_latex
def test_full_grid_builds_the_same_bytes_in_two_folders(tmp_path, monkeypatch):
    prepare(drawn=True)
    shutil.copytree(tmp_path, tmp_path.with_name("other") / "deeper")
    built = []
    for folder in (tmp_path, tmp_path.with_name("other") / "deeper"):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("TZ", "Asia/Tokyo" if built else "UTC")
        paper.main()
        built.append(Path("paper/main.pdf").read_bytes())
    assert built[0] == built[1]
    assert len(pages()) >= 4
    assert all("SMALL-SCALE BUILD" in page and "profile mini" in page for page in pages())
    assert "??" not in "".join(pages())


@needs_latex
def test_every_numeral_of_the_pdf_is_in_the_ledger():
    prepare(drawn=True)
    paper.main()
    before, references = "\n".join(pages()).split("REFERENCES")
    text = before + references.split("\nSupplement\n")[1]
    known = set().union(*(numerals(f" {number.text} ") for number in Numbers.read_from(paper.NUMBERS).root.values()))
    found = numerals(text)
    assert len(found) > 350
    assert sorted(found - known) == []
    assert [numeral for numeral in found if not matches(numeral, Numbers.read_from(paper.NUMBERS).root)] == []


@needs_latex
def test_smallest_grid_with_hostile_names_builds():
    prepare(
        drawn=True,
        **SMALL,
        **{
            "configuration.lora-ffn.label": HOSTILE,
            "architecture.distilbert.label": HOSTILE,
            "profiles.mini.description": HOSTILE,
        },
    )
    make_card(name=HOSTILE).write()
    write_examples(HOSTILE)
    paper.main()
    text = " ".join("".join(pages()).split())
    assert HOSTILE in text  # labels
    for place in (
        f"The texts ({HOSTILE})",
        f"positive reads: \u201c{HOSTILE}\u201d",
    ):
        assert place in text
    assert "nothing can be said about the scatter between seeds" in " ".join(
        Path("paper/main.tex").read_text(encoding="utf-8").split()
    )


@needs_latex
def test_failed_build_keeps_the_last_pdf():
    prepare(drawn=True, **SMALL)
    Path("paper/main.pdf").write_bytes(b"last")
    before_the_end(r"\wrong")
    with pytest.raises(InputError, match=r"^main\.tex:\d+: Undefined control sequence\. \\wrong$"):
        paper.main()
    assert Path("paper/main.pdf").read_bytes() == b"last"
    assert sorted(path.name for path in Path("paper").iterdir() if path.is_file()) == [
        "checklist.yaml",
        "main.pdf",
        "main.tex",
        "main.tex.j2",
        "references.bib",
    ]


def test_number_that_nothing_prints_is_named(monkeypatch):
    prepare(**SMALL)

    def with_another(results):
        ledger = build(results)
        ledger.add("grid.seed.9", 7, COUNT, Source("params.yaml", "seeds"))
        return ledger

    monkeypatch.setattr(paper, "build", with_another)
    with pytest.raises(
        InputError, match=r"^tests/test_paper\.py:\d+: grid\.seed\.9: entered and never printed; print it, drop it, or"
    ):
        paper.main()


def test_missing_and_extra_runs_are_named():
    prepare(**SMALL)
    rows = Path("metrics/runs.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("metrics/runs.csv").write_text("".join(rows[:-1]), encoding="utf-8")
    with pytest.raises(InputError, match=r"^metrics/runs\.csv: no row for distilbert lora-ffn 42; run `dvc repro coll"):
        paper.main()
    Path("metrics/runs.csv").write_text("".join([*rows, rows[-1]]), encoding="utf-8")
    with pytest.raises(InputError, match=r"^metrics/runs\.csv:4: distilbert lora-ffn 42 is not in the grid; run `dvc"):
        paper.main()


def test_missing_inputs_are_named():
    prepare(**SMALL)
    Path("metrics/base/distilbert.json").unlink()
    with pytest.raises(
        InputError, match=r"^metrics/base/distilbert\.json: not found; run `dvc repro base@distilbert` "
    ):
        paper.read_results()
    shutil.rmtree("paper/generated/tables")
    with pytest.raises(InputError, match=r"^paper/generated/tables: nothing there; run `dvc repro tables` first$"):
        paper.produced("tables")


def test_ledger_says_where_each_number_is_read():
    prepare()
    ledger = paper.build(paper.read_results())
    checked, of_time = 0, 0
    for key, number in ledger.entries.items():
        assert Path(number.source).exists() or (ROOT / number.source).exists(), key
        if number.source == "metrics/summary.json" and re.fullmatch(r"[\w.-]+", number.source_key):
            value = json.loads(Path(number.source).read_text(encoding="utf-8"))
            for part in number.source_key.split("."):
                value = value[part]
            assert value == pytest.approx(number.value), key
            checked += 1
        of_time += number.source_key.startswith("least train_") and number.source == "metrics/runs.csv"
    assert checked == 30 * 5
    assert of_time == 30  # compared over runs of the same work: no mean of the summary


def test_what_the_grid_lacks_is_named_as_in_a_full_one():
    """The published tables hold every architecture and configuration, whatever this build trains."""
    prepare(**SMALL)
    text = Path("paper/generated/tables/contradictions.tex").read_text(encoding="utf-8")
    assert r"\named{RoBERTa}" in text
    assert not {"roberta", "deberta", "qlora-ffn"} & set(re.findall(r"\\named\{(.*?)\}", text))
