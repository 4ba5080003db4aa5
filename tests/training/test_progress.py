import re

import pytest

from stages.core.errors import InputError
from stages.training.progress import GRID, announce
from tests.helpers.tiny_runs import run
from tests.helpers.tiny_study import write_study

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_progress_line(capsys):
    write_study("distilbert", architectures=["distilbert"], configurations=["full", "ia3"], probes=[], seeds=[42])
    run("distilbert", "full")
    run("distilbert", "ia3")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[run")]
    assert len(lines) == 2
    assert lines[0] == "[run 1 of 2] distilbert full seed 42"
    assert re.fullmatch(r"\[run 2 of 2, at most \d+ min left\] distilbert ia3 seed 42", lines[1])


@pytest.mark.parametrize("text", ["", "[]", '{"runs": [{}], "sweep": []}', None])
def test_settings_that_are_damaged_are_named(text):
    GRID.parent.mkdir(parents=True)
    if text is not None:
        GRID.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        announce("distilbert", "full", 42)
    assert str(error.value) == "data/settings/study.json: not as `settings` writes it; run `dvc repro -f settings`"
