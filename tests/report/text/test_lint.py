from pathlib import Path

import pytest

from stages import paper
from stages.core.errors import InputError
from tests.helpers.paper import SMALL, before_the_end, prepare

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


pytestmark = pytest.mark.usefixtures("in_empty_folder")


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


def test_number_typed_in_a_checklist_is_named_with_its_line():
    prepare(**SMALL)
    checklist = Path("paper/checklist.yaml")
    text = checklist.read_text(encoding="utf-8")
    checklist.write_text(text.replace("no theoretical results.", "93.15 results."), encoding="utf-8")
    line = text[: text.index("no theoretical results.")].count("\n") + 1
    with pytest.raises(InputError, match=rf"^paper/checklist\.yaml:{line}: '93\.15': a number typed by hand"):
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


@pytest.mark.parametrize(("content", "fault"), [(b"", "empty"), (b" \n", "empty"), (b"\x86\xff", "not UTF-8")])
@pytest.mark.parametrize("file", ["main.tex.j2", SECTION, "checklist.yaml", "references.bib"])
def test_a_file_of_the_report_that_is_lost_is_named(file, content, fault):
    prepare(**SMALL)
    Path("paper", file).write_bytes(content)
    with pytest.raises(InputError) as error:
        paper.main()
    assert str(error.value) == f"paper/{file}: {fault}; `git checkout paper/{file}` brings it back"


def test_a_file_of_the_report_that_is_gone_is_named():
    prepare(**SMALL)
    Path("paper/references.bib").unlink()
    with pytest.raises(InputError, match=r"^paper/references\.bib: No such file or directory; `git checkout paper/ref"):
        paper.main()
