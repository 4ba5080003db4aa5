from pathlib import Path

import pytest

from stages.core.errors import InputError
from tests.helpers.tiny_study import ROOT
from tools import typed_numbers


def test_the_projects_templates_have_none(monkeypatch):
    monkeypatch.chdir(ROOT)
    typed_numbers.main([])


@pytest.mark.usefixtures("in_empty_folder")
def test_the_first_of_each_file_is_named():
    for name, text in {"a": "Of runs,\n42 were 7.\n", "b": "No number.\n", "c": "93.15 are right.\n"}.items():
        Path(f"{name}.tex.j2").write_text(text, encoding="utf-8")
    reason = "a number typed by hand; enter it in stages/report/entries/results.py and print number(key)"
    with pytest.raises(InputError) as caught:
        typed_numbers.main([Path(f"{name}.tex.j2") for name in "abc"])
    assert str(caught.value) == f"a.tex.j2:2: '42': {reason}; c.tex.j2:1: '93.15': {reason}"
    typed_numbers.main([Path("b.tex.j2")])
