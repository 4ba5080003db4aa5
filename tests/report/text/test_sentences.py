"""What a number that the grid lacks takes with it: its sentence, or its clause, and nothing else."""

import pytest

from stages.core.errors import InputError
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import COUNT
from stages.report.text.sentences import Sentences
from stages.report.text.templates import environment, render
from tests.helpers.paper import untraced
from tests.helpers.tiny_study import ROOT

HERE, NOT_HERE = "grid.runs", "memory.explained_error"
SOURCE = Source("metrics/summary.json", "x")


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger(Producers(ROOT / "dvc.yaml"), names=["roberta"])
    ledger.add(HERE, 7, COUNT, SOURCE)
    return ledger


def rendered(ledger: Ledger, text: str, **names) -> str:
    said = Sentences(ledger)
    names |= {"here": HERE, "not_here": NOT_HERE, "number": ledger.number, "yes": True, "no": False}
    names |= {"sentence": said.sentence, "clause": said.clause}
    return untraced(environment(".").from_string(text).render(names))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"A \VAR{number(here)}. B \VAR{number(not_here)} b. C.", "A 7.  C."),
        ("A,\nb \\VAR{number(not_here)}\nc. D\nd.\n", " D\nd.\n"),
        (r"Is \VAR{number(not_here)}? No (\VAR{number(not_here)}.) Yes!", "  Yes!"),
        # what belongs to a sentence goes with it: a condition inside, the words behind
        (r"A \BLOCK{if yes}b \VAR{number(not_here)}\BLOCK{else}c\BLOCK{endif} d. E.", " E."),
        (r"A \BLOCK{if no}b \VAR{number(not_here)}\BLOCK{else}c\BLOCK{endif} d. E.", "A c d. E."),
        ("A\n\\BLOCK{if yes}\n, b \\VAR{number(not_here)}\n\\BLOCK{endif}\n. E.", " E."),
        # whole sentences in a condition or a loop stand alone
        ("\\BLOCK{if yes}\nA. B \\VAR{number(not_here)}.\nC.\n\\BLOCK{endif}\nD.", "A. \nC.\nD."),
        ("\\BLOCK{for key in [here, not_here]}\nA \\VAR{number(key)}. B.\n\\BLOCK{endfor}\nC.", "A 7. B.\n B.\nC."),
        ("A\n\\BLOCK{for key in [here, not_here]}\n\\VAR{number(key)},\n\\BLOCK{endfor}\nb. C.", " C."),
        # inside of one, a second sentence of a branch
        ("A\n\\BLOCK{if yes}\nb. C \\VAR{number(not_here)}. D\n\\BLOCK{endif}\nd.", "A\nb.  D\nd."),
        # a condition that asks for the number goes as a sentence would
        ("A.\n\\BLOCK{if number(not_here)}\nB.\n\\BLOCK{endif}\nC.", "A.\nC."),
        # an empty line behind a condition, of which Jinja2 takes one end
        ("\\BLOCK{if yes}\nA\n\\BLOCK{endif}\n\nB \\VAR{number(not_here)}.\n", "A\n\n\n"),
        # LaTeX stays in one piece
        ("A \\textit{b. \\VAR{number(not_here)}. c} d. E.", " E."),
        (
            "\\begin{x}\n\\caption{A \\VAR{number(not_here)}. B}\n\\label{y}\n\\end{x}\n",
            "\\begin{x}\n\\label{y}\n\\end{x}\n",
        ),
        ("\\begin{x}\n\\item A \\VAR{number(not_here)}\n\\item B\n\\end{x}\n", "\\begin{x}\n\\item B\n\\end{x}\n"),
        ("A \\VAR{number(not_here)}\n\nB", "\n\nB"),
        ("\\section{A}\nB \\VAR{number(not_here)}.\n", "\\section{A}\n\n"),
        # clauses
        (r"A\BLOCK{clause}, b \VAR{number(not_here)}\BLOCK{endclause}.", "A."),
        (r"A\BLOCK{clause}, b \VAR{number(here)}\BLOCK{endclause}.", "A, b 7."),
        (r"A\BLOCK{clause}, b \VAR{number(not_here)}\BLOCK{else}; c\BLOCK{endclause}.", "A; c."),
        (r"A\BLOCK{clause}, b \VAR{number(here)}\BLOCK{else}; c\BLOCK{endclause}.", "A, b 7."),
        (r"A.\BLOCK{clause}, b \VAR{number(not_here)}\BLOCK{else}\VAR{number(not_here)}\BLOCK{endclause}. B.", "A. B."),
    ],
)
def test_what_goes_with_a_missing_number(ledger, text, said):
    assert rendered(ledger, text) == said


def test_loops_and_conditions_are_as_they_were(ledger):
    letter = r"\BLOCK{if loop.first}A\BLOCK{elif x}B\BLOCK{else}C\BLOCK{endif}"
    text = rf"\BLOCK{{for x in xs}}{letter}\VAR{{comma(loop)}}\BLOCK{{endfor}}."
    assert rendered(ledger, text, xs=["", "a", "b", ""]) == "A, B, B, and C."
    assert rendered(ledger, r"\BLOCK{for x in xs}A.\BLOCK{else}None.\BLOCK{endfor}", xs=[]) == "None."


def test_numbers_of_a_sentence_that_is_left_out_are_neither_printed_nor_asked_for(ledger):
    ledger.add("grid.seeds", 2, COUNT, SOURCE)
    rendered(
        ledger, 'A \\VAR{number("grid.runs")} \\VAR{number("memory.explained_error")} \\VAR{number("grid.seeds")}. B.'
    )
    assert ledger.printed == set()
    assert ledger.never_printed() == {}


def test_a_misspelt_key_is_a_fault_wherever_it_stands(tmp_path, ledger):
    said = Sentences(ledger)
    names = {"number": ledger.number, "sentence": said.sentence, "clause": said.clause}
    for text in (
        "A.\nB \\VAR{number('grid.rums')}.",
        "A\n\\BLOCK{clause}\\VAR{number('grid.rums')}\\BLOCK{endclause}.",
    ):
        (tmp_path / "t").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"t:2: KeyError: 'grid\.rums'$"):
            render(tmp_path / "t", names)


def test_what_is_left_out_is_said_with_its_place(tmp_path, ledger):
    said = Sentences(ledger)
    (tmp_path / "t").write_text("A.\n\nB \\VAR{number('memory.explained_error')}.", encoding="utf-8")
    render(tmp_path / "t", {"number": ledger.number, "sentence": said.sentence, "clause": said.clause})
    assert said.left_out == [f"{tmp_path}/t:3: memory.explained_error"]
