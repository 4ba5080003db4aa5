import hashlib
import json
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from pypdf import PdfReader

from stages import collect, figures, paper, tables
from stages.analysis.runs import RUNS, read_runs
from stages.core.errors import InputError
from stages.report.entries.build import build
from stages.report.numbers.ledger import Numbers, Source
from stages.report.numbers.units import COUNT
from stages.report.text import pdf
from tests.helpers.preparation import make_card, write_examples
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.tiny_study import ROOT
from tools.benchmarks.provenance import numerals
from tools.why import matches

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}
HOSTILE = r"a_b & 50% \input{x} $ # { }"
needs_latex = pytest.mark.skipif(shutil.which("latexmk") is None, reason="LaTeX is not installed")


pytestmark = pytest.mark.usefixtures("in_empty_folder")


PREPARED = TemporaryDirectory(prefix="paper-tests-")


def prepare(drawn: bool = False, **changes) -> None:
    """All inputs of the paper stage in the current folder; empty files for figures unless ``drawn``; made once."""
    key = hashlib.sha256(repr((drawn, sorted(changes.items()))).encode()).hexdigest()
    made = Path(PREPARED.name, key)
    if not made.exists():
        make_inputs(drawn, **changes)
        shutil.copytree(".", made)
    shutil.copytree(made, ".", dirs_exist_ok=True)


def make_inputs(drawn: bool, **changes) -> None:
    write_results(**changes)
    built = ("generated", "main.tex", "main.pdf", "numbers.html", "*.tar.gz")
    shutil.copytree(ROOT / "paper", "paper", ignore=shutil.ignore_patterns(*built))
    collect.main()
    judge_published_study()
    for stage in (tables, figures) if drawn else (tables,):
        stage.main()
    if not drawn:
        Path("paper/generated/figures").mkdir()
        Path("paper/generated/figures/methods.pdf").touch()
        Path("paper/generated/figures/numbers.json").write_text("{}")


def source(**changes) -> str:
    """The LaTeX of the report, without building it; white space as single spaces."""
    prepare(**changes)
    return written()


def untraced(text: str) -> str:
    """LaTeX without the links of its numbers and the marks of its names."""
    text = re.sub(r"\\traced\{[^{}]*\}\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", text)
    return re.sub(r"\\named\{((?:\\.|[^{}\\]|\{[^{}]*\})*)\}", r"\1", text)


def written() -> str:
    results = paper.read_results()
    text = paper.render(paper.TEMPLATE, paper.context(results, paper.build(results)))
    return " ".join(untraced(text).split())


def edit(configuration: str, seed: int, accuracy: float, architecture: str = "distilbert") -> None:
    """Change one run's accuracy in its record, and collect again."""
    path = Path("metrics/runs", architecture, configuration, f"{seed}.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["quality"]["test_accuracy"] = accuracy
    path.write_text(json.dumps(record), encoding="utf-8")
    collect.main()


def pages() -> list[str]:
    return [page.extract_text() for page in PdfReader("paper/main.pdf").pages]


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
    text = "\n".join(pages()).split("REFERENCES")[0]
    known = set().union(*(numerals(f" {number.text} ") for number in Numbers.read_from(paper.NUMBERS).root.values()))
    found = numerals(text)
    assert len(found) > 400
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
    runs = read_runs()
    runs.assign(commit_subject=HOSTILE).to_csv(RUNS, index=False)
    paper.main()
    text = " ".join("".join(pages()).split())
    assert HOSTILE in text  # labels
    for place in (
        f"The data ({HOSTILE})",
        f"positive reads: \u201c{HOSTILE}\u201d",
        f"commit 0123456789ab ({HOSTILE})",
    ):
        assert place in text
    assert "nothing can be said about the scatter between seeds" in " ".join(Path("paper/main.tex").read_text().split())


def before_the_end(text: str, name: str = "main.tex.j2") -> int:
    """Add a line to a template's prose; return its number."""
    template = Path("paper", name)
    lines = template.read_text(encoding="utf-8").splitlines()
    at = lines.index(r"\end{document}") if r"\end{document}" in lines else len(lines)
    template.write_text("\n".join([*lines[:at], text, *lines[at:]]), encoding="utf-8")
    return at + 1


@needs_latex
def test_failed_build_keeps_the_last_pdf():
    prepare(drawn=True, **SMALL)
    Path("paper/main.pdf").write_bytes(b"last")
    before_the_end(r"\wrong")
    with pytest.raises(InputError, match=r"^main\.tex: Undefined control sequence\. l\.\d+ \\wrong$"):
        paper.main()
    assert Path("paper/main.pdf").read_bytes() == b"last"
    assert sorted(path.name for path in Path("paper").iterdir() if path.is_file()) == [
        "checklist.yaml",
        "main.pdf",
        "main.tex",
        "main.tex.j2",
        "numbers.html.j2",
        "references.bib",
    ]


@needs_latex
def test_undefined_reference_is_an_error():
    prepare(drawn=True, **SMALL)
    before_the_end(r"\ref{nowhere}")
    with pytest.raises(InputError, match=r"^main\.tex:\d+: undefined: nowhere$"):
        paper.main()


LITERALS = {
    r"QLoRA retains 93.15\% of it.": r"'93.15\\%'",
    r"\caption{Accuracy of 0.871.}": "'0.871'",
    "It needs 1.52 GB.": "'1.52'",
    r"$93.15$ is reached.": "'93.15'",
    r"\textbf{97}": "'97'",
    "It gains 97pp.": "'97'",
    r"\VAR{'97'}": "'97'",
    r"""\VAR{"keeps 93.15 of it" if small else "all"}""": "'93.15'",
    r"""\VAR{"\\textbf{93.15}" | latex}""": "'93.15'",
}
SECTION = "sections/published.tex.j2"


@pytest.mark.parametrize(
    ("literal", "file"), [*((text, "main.tex.j2") for text in LITERALS), (r"\caption{Accuracy of 0.871.}", SECTION)]
)
def test_number_typed_in_a_template_is_named_with_its_line(literal, file):
    prepare(**SMALL)
    line = before_the_end(literal, file)
    expected = f"paper/{file}:{line}: {LITERALS[literal]}: a number typed by hand; "
    with pytest.raises(InputError) as error:
        paper.main()
    assert str(error.value) == f"{expected}enter it in stages/report/entries/results.py and print number(key)"


def test_number_typed_in_a_table_is_named_with_its_line():
    prepare(**SMALL)
    table = Path("paper/generated/tables/performance.tex")
    lines = table.read_text(encoding="utf-8").splitlines()
    row = next(index for index, line in enumerate(lines) if "LoRA" in line)
    lines[row] = lines[row].replace(r" \\", r" & 1.52 GB \\")
    table.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(
        InputError, match=rf"^paper/generated/tables/performance\.tex:{row + 1}: '1\.52': a number not from"
    ):
        paper.main()


@pytest.mark.parametrize("file", ["main.tex.j2", SECTION])
def test_undefined_number_is_named_with_its_line(file):
    prepare(**SMALL)
    line = before_the_end(r"\VAR{number('distilbert.full.acuracy')}", file)
    with pytest.raises(InputError) as error:
        paper.main()
    assert str(error.value) == f"paper/{file}:{line}: KeyError: 'distilbert.full.acuracy'"


def test_section_that_is_missing_is_named_with_its_line():
    prepare(**SMALL)
    Path("paper", SECTION).unlink()
    with pytest.raises(InputError, match=rf"^paper/main\.tex\.j2:\d+: paper/{SECTION}: not found$"):
        paper.main()


def test_syntax_error_is_named_with_its_line():
    prepare(**SMALL)
    line = before_the_end(r"\BLOCK{if}", SECTION)
    with pytest.raises(InputError, match=rf"^paper/{SECTION}:{line}: Expected an expression"):
        paper.main()


def test_number_that_nothing_prints_is_named(monkeypatch):
    prepare(**SMALL)

    def with_another(results):
        ledger = build(results)
        ledger.add("grid.spare", 7, COUNT, Source("params.yaml", "spare"))
        return ledger

    monkeypatch.setattr(paper, "build", with_another)
    with pytest.raises(
        InputError, match=r"^tests/test_paper\.py:\d+: grid\.spare: entered and never printed; print it, drop it, or"
    ):
        paper.main()


@pytest.mark.parametrize(("kind", "suffix"), [("tables", "tex"), ("figures", "pdf")])
def test_float_that_nothing_shows_is_named(kind, suffix):
    prepare(**SMALL)
    Path(f"paper/generated/{kind}/extra.{suffix}").touch()
    with pytest.raises(InputError, match=rf"^paper/generated/{kind}/extra: produced and not used in the report$"):
        paper.main()


def test_float_that_nothing_produces_is_named_with_its_line():
    prepare(**SMALL)
    before_the_end(r"\input{generated/tables/none}")
    with pytest.raises(InputError, match=r"^paper/main\.tex:\d+: paper/generated/tables/none: used and not produced$"):
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


@needs_latex
def test_overfull_box_is_named_with_its_lines():
    prepare(drawn=True, **SMALL)
    before_the_end(r"\mbox{" + "wide " * 60 + "}")
    with pytest.raises(
        InputError, match=r"^paper/main\.tex: Overfull \\hbox \([\d.]+pt too wide\) in paragraph at lines \d+"
    ):
        paper.main()


@needs_latex
def test_type_3_font_is_named(tmp_path):
    prepare(drawn=True, **SMALL)
    with rc_context({"pdf.fonttype": 3}):
        figure = Figure()
        figure.text(0.5, 0.5, "bitmap")
        figure.savefig("paper/generated/figures/methods.pdf")
    with pytest.raises(InputError, match=r"^paper/main\.tex: Type 3 fonts in the PDF: /F1$"):
        paper.main()


@needs_latex
def test_undefined_citation_is_an_error():
    prepare(drawn=True, **SMALL)
    before_the_end(r"\cite{nobody}")
    with pytest.raises(InputError, match=r"^main\.tex:\d+: undefined: nobody$"):
        paper.main()


def test_latex_not_installed(monkeypatch):
    prepare(**SMALL)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError) as error:
        paper.main()
    assert str(error.value) == f"latexmk: not found; install LaTeX: {pdf.INSTALL}"


def test_ledger_says_where_each_number_is_read():
    prepare()
    ledger = paper.build(paper.read_results())
    checked = 0
    for key, number in ledger.entries.items():
        assert Path(number.source).exists() or (ROOT / number.source).exists(), key
        if number.source == "metrics/summary.json" and re.fullmatch(r"[\w.-]+", number.source_key):
            value = json.loads(Path(number.source).read_text(encoding="utf-8"))
            for part in number.source_key.split("."):
                value = value[part]
            assert value == pytest.approx(number.value), key
            checked += 1
    assert checked == 30 * 6


def test_result_decides_which_method_leads():
    text = source(**SMALL)
    assert "At the base rate, full fine-tuning has the highest mean accuracy." in text
    edit("lora-ffn", 42, 0.95)
    text = written()
    assert "At the base rate, some adapter has a higher mean accuracy than full fine-tuning." in text
    assert r"\,pp above full fine-tuning" in text


def test_result_decides_what_is_close():
    assert r"No adapter comes within 1\,pp of full fine-tuning" in source(**SMALL)
    edit("lora-ffn", 42, 0.90)
    assert r"LoRA FFN is within 1\,pp of full fine-tuning on DistilBERT." in written()


def test_what_the_number_of_seeds_can_show():
    assert "So many seeds cannot show a difference by themselves" in source(**SMALL | {"seeds": [42, 43]})


def test_four_seeds_reach_the_level():
    text = source(**SMALL | {"seeds": [42, 43, 44, 45]})
    assert "below the level used here, for which groups of 4 would do;" in text
    assert "cannot show a difference" not in text


def test_equal_rates_say_nothing_about_the_rate():
    text = source(architectures=["distilbert"], configurations=["full"], probes=["full-probe"], lr=2e-5)
    assert "The two are equal in this build, so that nothing is learnt about the rate." in text
    assert "Two rates show a direction" not in text


def test_absent_cells_leave_no_sentence_behind():
    text = source(**SMALL)
    for absent in (
        "RoBERTa with",
        r"\subsection{Quantisation}",
        r"\subsection{Learning Rate}",
        "tab:spread",
        "fig:rank",
    ):
        assert absent not in text
    assert "One Seed" in text


@pytest.mark.parametrize("configurations", [["ia3"], ["full"], ["qlora-ffn-probe"]])
def test_single_configuration_grids_render(configurations):
    text = source(**SMALL | {"configurations": configurations})
    assert "it compares no adapter with full fine-tuning" in text


def test_full_scale_has_no_notice_and_names_gpu_memory():
    changes = {"profile": "paper", "lr": 1e-5}
    prepare(**SMALL, **changes)
    for path in Path("metrics/runs").rglob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["cost"]["peak_memory_allocated_bytes"] = 3 * 2**30
        record["environment"]["device"] = "Example GPU"
        path.write_text(json.dumps(record), encoding="utf-8")
    collect.main()
    text = written()
    assert "SMALL-SCALE" not in text
    assert "small-scale" not in text
    assert "Memory is the peak allocated GPU memory;" in text
    assert r"3.00\,GiB" in text
    assert "resident" not in text


def test_comparable_profile_is_set_against_the_published_accuracies():
    prepare(profile="paper", architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    text = written()
    assert r"\subsection{Published against Reproduced} Table~\ref{tab:reproduction} compares 2 accuracies" in text
    table = untraced(Path("paper/generated/tables/reproduction.tex").read_text(encoding="utf-8"))
    assert re.findall(r"^DistilBERT & .*", table, re.M) == [
        r"DistilBERT & Full FT & 90.92 & 90.02 & $-$0.90 & [$-$2.70, +0.91] & cannot be decided here \\",
        r"DistilBERT & IA3 & 81.44 & 80.32 & $-$1.12 & [$-$3.26, +1.02] & cannot be decided here \\",
    ]


def test_small_scale_build_is_not_set_against_the_published_accuracies():
    assert "a small-scale profile is not comparable with the published study." in source(**SMALL)


def test_blank_answer_of_a_checklist_is_named():
    prepare(**SMALL)
    checklist = Path("paper/checklist.yaml")
    text = checklist.read_text(encoding="utf-8")
    checklist.write_text(text.replace("There are no theoretical results.", '""'), encoding="utf-8")
    with pytest.raises(InputError) as error:
        paper.main()
    key = "neurips.items.theory.justification"
    assert str(error.value) == f"paper/checklist.yaml: {key}: blank; write a sentence"


def test_number_typed_in_a_checklist_is_named_with_its_line():
    prepare(**SMALL)
    checklist = Path("paper/checklist.yaml")
    text = checklist.read_text(encoding="utf-8")
    checklist.write_text(text.replace("no theoretical results.", "93.15 results."), encoding="utf-8")
    line = text[: text.index("no theoretical results.")].count("\n") + 1
    with pytest.raises(InputError, match=rf"^paper/checklist\.yaml:{line}: '93\.15': a number typed by hand"):
        paper.main()


def test_uncommitted_changes_turn_an_answer():
    prepare(**SMALL)
    assert "with no uncommitted change to code or parameters." in written()
    runs = read_runs()
    runs.assign(dirty=True).to_csv(RUNS, index=False)
    text = written()
    assert "with uncommitted changes in some runs." in text
    assert r"that the main results need to be reproduced?} \textbf{No.}" in text


def test_real_data_is_described_from_its_card():
    prepare(**SMALL)
    card = make_card(source="local", name="reviews_2", licence=None, ceiling_accuracy=None, validation_from="train")
    Path("data/raw/card.json").write_text(card.model_dump_json(), encoding="utf-8")
    text = written()
    assert r"The data are reviews\_2, read from local files; licence: not stated by the source." in text
    assert "grammar" not in text


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


def test_what_the_grid_lacks_is_named_as_in_a_full_one():
    """The published tables hold every architecture and configuration, whatever this build trains."""
    prepare(**SMALL)
    for name in ("contradictions", "evidence"):
        text = Path(f"paper/generated/tables/{name}.tex").read_text(encoding="utf-8")
        assert r"\named{RoBERTa}" in text
        assert not {"roberta", "deberta", "qlora-ffn"} & set(re.findall(r"\\named\{(.*?)\}", text))
