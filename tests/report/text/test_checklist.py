import shutil
from pathlib import Path

import pytest

from stages import paper
from stages.analysis.runs import RUNS, read_runs
from stages.core.errors import InputError
from stages.report.text.checklist import ANSWERS, answer, load_checklist
from tests.helpers.paper import SMALL, prepare, written
from tests.helpers.tiny_study import ROOT

ITEM = """\
part:
  title: A list
  source: somebody
  items:
    first: {question: Is it so?, answer: "Yes", justification: It is.}
    second:
      question: And this?
      answer: '\\VAR{"Yes" if sure else "No"}'
      justification: >-
        \\BLOCK{if sure}Of course\\BLOCK{else}Not shown\\BLOCK{endif}
        .
"""


@pytest.fixture
def write_checklist(tmp_path):
    def write(text: str):
        path = tmp_path / "checklist.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_answers_follow_the_context(write_checklist):
    path = write_checklist(ITEM)
    found = answer(load_checklist(path), {"sure": False}, path)
    assert [tuple(item) for item in found["part"]] == [
        ("Is it so?", "Yes", "It is."),
        ("And this?", "No", "Not shown."),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('"Yes", just', '"", just'), "part.items.first.answer: blank; write Yes, No, N/A"),
        (('"Yes", just', ", just"), "part.items.first.answer: blank; write Yes, No, N/A"),
        (('"Yes", just', "Perhaps, just"), "part.items.first.answer: 'Perhaps'; write Yes, No, N/A"),
        (("It is.}", "}"), "part.items.first.justification: blank; write a sentence"),
        (("Is it so?", '" "'), "part.items.first.question: blank; write a sentence"),
        (("if sure}Of", "if unsure}Of"), "part.items.second.justification: UndefinedError: 'unsure' is undefined"),
    ],
)
def test_faulty_answers_are_named_with_file_and_key(write_checklist, change, fault):
    path = write_checklist(ITEM.replace(*change))
    with pytest.raises(InputError) as error:
        answer(load_checklist(path), {"sure": True}, path)
    assert str(error.value) == f"{path}: {fault}"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "empty; `git checkout {}` brings back what is committed"),
        ("- a\n", "holds list; required: keys with values"),
        ("[" * 5000, "lists and maps 101 deep; allowed: at most 100"),
    ],
)
def test_a_file_that_is_emptied_or_another_is_named(tmp_path, content, fault):
    path = tmp_path / "checklist.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_checklist(path)
    assert str(error.value) == f"{path}: {fault.format(path)}"


def test_missing_key_is_named(write_checklist):
    path = write_checklist(ITEM.replace("  title: A list\n", ""))
    with pytest.raises(InputError, match=r"checklist\.yaml: part\.title: Field required; write a sentence$"):
        load_checklist(path)


def test_the_papers_own_checklists_are_whole(tmp_path):
    shutil.copy(ROOT / "paper/checklist.yaml", tmp_path)
    parts = load_checklist(tmp_path / "checklist.yaml")
    assert {name: len(part.items) for name, part in parts.items()} == {"neurips": 16, "acm": 8}
    assert set(ANSWERS) == {"Yes", "No", "N/A"}


@pytest.mark.usefixtures("in_empty_folder")
def test_blank_answer_of_a_checklist_is_named():
    prepare(**SMALL)
    checklist = Path("paper/checklist.yaml")
    text = checklist.read_text(encoding="utf-8")
    checklist.write_text(text.replace("There are no theoretical results.", '""'), encoding="utf-8")
    with pytest.raises(InputError) as error:
        paper.main()
    key = "neurips.items.theory.justification"
    assert str(error.value) == f"paper/checklist.yaml: {key}: blank; write a sentence"


@pytest.mark.usefixtures("in_empty_folder")
def test_uncommitted_changes_turn_an_answer():
    prepare(**SMALL)
    assert "with no uncommitted change to code or parameters." in written()
    runs = read_runs()
    runs.assign(dirty=True).to_csv(RUNS, index=False)
    text = written()
    assert "with uncommitted changes in some runs." in text
    assert r"that the main results need to be reproduced?} \textbf{No.}" in text


@pytest.mark.usefixtures("in_empty_folder")
def test_code_without_an_address_is_not_called_open():
    question = "Are data and code open, with instructions?}"
    prepare(**SMALL)
    assert rf"{question} \textbf{{No.}}" in written()
    prepare(**SMALL, **{"paper.repository": "https://example.org/study"})
    assert rf"{question} \textbf{{Yes.}}" in written()
