from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes
from ruamel.yaml import YAML

from stages import paper
from stages.core.errors import InputError
from stages.report.numbers.latex import Latex
from stages.report.text.templates import environment, render
from tests.helpers.paper import SMALL, before_the_end, prepare
from tests.helpers.tiny_study import ROOT

SECTION = "sections/published.tex.j2"
PAPER = ROOT / "paper"


pytestmark = pytest.mark.usefixtures("in_empty_folder")


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


def prose() -> dict[str, nodes.Template]:
    """Every template of the report, parsed: the sections, and the answers of the checklists."""
    latex = environment(PAPER)
    texts = {path.name: path.read_text(encoding="utf-8") for path in PAPER.rglob("*.tex.j2")}
    for name, part in YAML(typ="safe").load(PAPER / "checklist.yaml").items():
        for key, item in part["items"].items():
            texts[f"{name}.{key}"] = "\n".join(item.values())
    parsed = {name: latex.parse(text) for name, text in texts.items()}
    for path in (PAPER / "page").glob("*.j2"):
        parsed[path.name] = jinja2.Environment().parse(path.read_text(encoding="utf-8"))
    return parsed


WORKED_OUT = (nodes.CondExpr, nodes.Compare, nodes.BinExpr, nodes.Concat, nodes.Getitem, nodes.List, nodes.Assign)


def expressions(template: nodes.Template) -> list[str]:
    """``line: kind`` of all that is no plain name: conditions that are worked out, words chosen in passing."""
    faults = [node for kind in WORKED_OUT for node in template.find_all(kind)]
    for branch in template.find_all(nodes.If):
        faults += branch.test.find_all((nodes.Filter, nodes.Test))
        faults += [branch.test] if isinstance(branch.test, nodes.Filter) else []
    faults += [loop.test for loop in template.find_all(nodes.For) if loop.test is not None]
    return sorted(f"{node.lineno}: {type(node).__name__}" for node in faults)


def test_a_condition_is_a_name_and_words_are_not_chosen_in_passing():
    assert {name: faults for name, template in prose().items() if (faults := expressions(template))} == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (r"\BLOCK{if found.adapters and full}x\BLOCK{endif}", "1: And"),
        (r"\BLOCK{if seeds > 1}x\BLOCK{endif}", "1: Compare"),
        (r"\BLOCK{if found.headline | length}x\BLOCK{endif}", "1: Filter"),
        (r"\BLOCK{for a in names if a.b}x\BLOCK{endfor}", "1: Getattr"),
        (r"\BLOCK{set a = b}", "1: Assign"),
        (r"\VAR{'run' if one else 'runs'}", "1: CondExpr"),
        (r"\VAR{pair[0]}", "1: Getitem"),
        (r"\VAR{number('base.' ~ name)}", "1: Concat"),
    ],
)
def test_an_expression_in_a_template_is_found(text, fault):
    assert expressions(environment(PAPER).parse(text)) == [fault]
