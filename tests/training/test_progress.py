import re

import pytest

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
