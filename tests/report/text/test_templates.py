import pytest

from stages.core.errors import InputError
from stages.report.numbers.latex import Latex
from stages.report.text.templates import environment, render


def test_template_escapes_every_string(tmp_path):
    (tmp_path / "t").write_text(r"\BLOCK{for x in xs}\VAR{x}; \BLOCK{endfor}\#{no}{\bfseries 1}", encoding="utf-8")
    assert render(tmp_path / "t", {"xs": ["a_b", Latex("$x$")]}) == r"a\_b; $x$; {\bfseries 1}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n\\VAR{nothing}", "t:2: UndefinedError: 'nothing' is undefined"),
        ("a\n\n\\VAR{0.5}", "t:3: TypeError: 0.5: only text may be printed; enter numbers in the ledger"),
        ("\\VAR{number('x')}", "t:1: KeyError: 'x'"),
        ("a\n\\BLOCK{if}", "t:2: Expected an expression"),
    ],
)
def test_template_faults_name_file_and_line(tmp_path, source, message):
    (tmp_path / "t").write_text(source, encoding="utf-8")
    with pytest.raises(InputError) as error:
        render(tmp_path / "t", {"number": {}.__getitem__})
    assert str(error.value).startswith(f"{tmp_path}/{message}")


def test_punctuation_joins_the_line_before(tmp_path):
    (tmp_path / "t").write_text("a\n\\BLOCK{if yes}\nb\n\\BLOCK{endif}\n, c", encoding="utf-8")
    assert [render(tmp_path / "t", {"yes": yes}) for yes in (True, False)] == ["a\nb, c", "a, c"]


def test_undefined_is_strict():
    with pytest.raises(Exception, match="'x' is undefined"):
        environment(".").from_string(r"\VAR{x}").render()
