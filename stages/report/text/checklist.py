"""``paper/checklist.yaml``: the questions of reviewers' checklists, answered by templates over the records.

An answer and its justification are written in the language of the report's sections, so that their numbers come from
the ledger and their sentences follow the data.
"""

import re
from pathlib import Path
from typing import NamedTuple

import jinja2
from pydantic import TypeAdapter, ValidationError

from stages.core.errors import InputError
from stages.core.types import Name, Strict
from stages.core.yaml_files import read_map
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import MissingNumberError
from stages.report.text.templates import environment

CHECKLIST = Path("paper/checklist.yaml")
ANSWERS = ("Yes", "No", "N/A")


class Item(Strict):
    """A question in our words; ``answer`` and ``justification`` are templates."""

    question: str
    answer: str
    justification: str


class Part(Strict):
    """One checklist; ``source`` is a citation key."""

    title: str
    source: str
    items: dict[Name, Item]


class Answered(NamedTuple):
    """A question with what is printed."""

    question: Latex
    answer: Latex
    justification: Latex


def load_checklist(path: Path = CHECKLIST) -> dict[str, Part]:
    """All parts, unanswered.

    Raises:
        InputError: names the file and the first faulty key.
    """
    try:
        return TypeAdapter(dict[Name, Part]).validate_python(read_map(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]")
        reason = "blank" if first["input"] is None else first["msg"]
        raise InputError(f"{path}: {key}: {reason}; {_wanted(key)}") from error


def answer(parts: dict[str, Part], context: dict[str, object], path: Path = CHECKLIST) -> dict[str, list[Answered]]:
    """Every question answered, by part.

    Raises:
        InputError: names the file and the key of the first answer that is blank, unknown or at fault.
    """
    templates = environment(path.parent)
    answers: dict[str, list[Answered]] = {}
    for name, part in parts.items():
        answers[name] = []
        for item, texts in part.items.items():
            printed = {}
            for field in Answered._fields:
                place = f"{path}: {name}.items.{item}.{field}"
                printed[field] = _print(templates, getattr(texts, field), context, place)
            if printed["answer"] not in ANSWERS:
                key = f"{name}.items.{item}.answer"
                raise InputError(f"{path}: {key}: {str(printed['answer'])!r}; {_wanted(key)}")
            answers[name].append(Answered(**printed))
    return answers


def _print(templates: jinja2.Environment, text: str, context: dict[str, object], place: str) -> Latex:
    """A template filled in, with punctuation joined to the word before; ``place`` names it in an error."""
    try:
        printed = re.sub(r"\s+(?=[.,;:])", "", templates.from_string(text).render(context)).strip()
    except (jinja2.TemplateError, KeyError, TypeError, MissingNumberError) as error:
        raise InputError(f"{place}: {type(error).__name__}: {error}") from error
    if not printed:
        raise InputError(f"{place}: blank; {_wanted(place)}")
    return Latex(printed)


def _wanted(key: str) -> str:
    return f"write {', '.join(ANSWERS)}" if key.endswith(".answer") else "write a sentence"
