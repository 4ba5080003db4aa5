import os
import pty
import re
import subprocess
import sys
import time

import pytest

from stages.core.errors import InputError
from stages.training.settings import Run
from tests.helpers.shells import ASCII, LATIN_1, environment, python
from tools import status
from tools.engine.display import headline
from tools.engine.messages import log_path
from tools.engine.state import StudyState, new_state, seconds_left

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def study() -> StudyState:
    """Four runs: one done in ten seconds, one running, one failed, one waiting; two workers."""
    cells = [
        Run(architecture="roberta", configuration=c, seed=s, role="train") for c in ("full", "ia3") for s in (1, 2)
    ]
    state = new_state(cells, [*(cell.stage for cell in cells), "collect"])
    state.slots = 2
    done, running, failed, _ = (state.stages[cell.stage] for cell in cells)
    now = time.time()
    done.status, done.started, done.ended = "done", now - 30, now - 20
    running.status, running.started = "running", now - 4
    failed.status, failed.cause = "failed", "diverged: loss nan"
    return state


def test_time_left_is_of_the_running_and_the_waiting():
    assert seconds_left(study()) == pytest.approx((6 + 10) / 2, abs=1)
    assert headline(study()).startswith("1 done, 1 running, 1 failed, 1 waiting of 4 runs, about ")


def test_a_study_that_runs(capsys):
    study().write()
    log_path("train@roberta-full-2").parent.mkdir(parents=True)
    log_path("train@roberta-full-2").write_text("epoch 1\nepoch 2\n\n", encoding="utf-8")
    status.main()
    lines = capsys.readouterr().out.splitlines()
    assert any("full" in line and "● ▶" in line for line in lines)
    assert any("ia3" in line and "✗ ·" in line for line in lines)
    assert lines[-3:] == [
        "train@roberta-full-2: epoch 2",
        "train@roberta-ia3-1 failed: diverged: loss nan; `dvc repro -s train@roberta-ia3-1` tries it again",
        "running on 2 workers",
    ]


def test_a_study_whose_head_is_gone(capsys):
    state = study()
    state.created -= 100  # its number is another process's now
    state.write()
    status.main()
    assert capsys.readouterr().out.splitlines()[-1] == "interrupted; `make paper` goes on from here"


def test_no_study():
    with pytest.raises(InputError, match=r"state\.json: not found; `make paper` runs the study"):
        status.main()


TABLE = b"""\
+-------------------------+
| configuration | roberta |
|---------------+---------|
| full          | * >     |
| ia3           | x %s     |
+-------------------------+
* done  > running  x failed  %s waiting"""


@pytest.mark.parametrize(("shell", "waiting"), [(ASCII, b"."), (LATIN_1, b"\xb7")], ids=["ascii", "latin-1"])
def test_a_terminal_without_the_marks_shows_others(shell, waiting):
    study().write()
    done = python("-m", "tools.status", **shell)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = [line.strip() for line in done.stdout.splitlines()]
    table = "\n".join(line.decode("latin-1") for line in lines[1:8]).encode("latin-1")
    assert table == TABLE % (waiting, waiting)


LIVE = """
from tools.engine.display import Display
from tools.engine.state import read_state
with Display(read_state()) as display:
    display.say("gr\\xf6\\xdfer \\u2265")
"""


@pytest.mark.parametrize("shell", [ASCII, LATIN_1], ids=["ascii", "latin-1"])
def test_the_bar_is_shown_on_such_a_terminal(shell):
    study().write()
    terminal, end = pty.openpty()
    command = [sys.executable, "-c", LIVE]
    process = subprocess.Popen(command, env=environment(TERM="xterm", **shell), stdout=end, stderr=subprocess.PIPE)
    os.close(end)
    shown = b""
    try:
        while block := os.read(terminal, 10_000):
            shown += block
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    assert (process.wait(), process.stderr.read()) == (0, b"")
    process.stderr.close()
    assert (b"gr??er ?" if shell is ASCII else "größer ?".encode("latin-1")) in shown
    assert b"---- ------- 1 done, 1 running" in re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", shown)


def test_runs_at_other_rates_stand_in_the_row_of_their_configuration(capsys):
    own = Run(architecture="roberta", configuration="full", seed=1, role="train")
    cells = [own, own.at("0.3"), own.at("3")]
    state = new_state(cells, [cell.stage for cell in cells])
    state.stages["sweep@roberta-full-3-1"].status = "done"
    state.write()
    status.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1:-1] for line in lines if " full" in line] == [["full", "│", "·", "·", "●"]]
