from pathlib import Path

import pytest

from tests.helpers.pipeline import run
from tools.engine.diagnosis import diagnose
from tools.engine.messages import JOURNAL


@pytest.mark.parametrize(
    ("status", "log", "expected"),
    [
        (-9, "", ("killed", "killed by SIGKILL; the system does so when memory runs out")),
        (137, "", ("killed", "killed by SIGKILL; the system does so when memory runs out")),
        (1, "x\nMemoryError\n", ("out of memory", "MemoryError")),
        (1, "RuntimeError: can't allocate memory\n", ("out of memory", "RuntimeError: can't allocate memory")),
        (1, "torch.OutOfMemoryError: of CUDA\n", ("out of memory", "torch.OutOfMemoryError: of CUDA")),
        (1, "error: params.yaml: lr: no\n", ("error", "params.yaml: lr: no")),
        (1, "first\nerror: a\nof no matter\n", ("error", "a")),
        (2, "all that it said\n", ("error", "all that it said")),
        (2, "", ("error", "exit status 2")),
    ],
)
def test_diagnosis(status, log, expected):
    assert diagnose(status, log) == expected


@pytest.mark.usefixtures("repository")
def test_a_failing_command_is_diagnosed_and_logged():
    run("first")
    failure = run("bad")
    assert (failure.kind, failure.cause) == ("diverged", "diverged: loss nan")
    assert (
        Path("models/.study/logs/bad.log").read_text(encoding="utf-8").splitlines()[-1] == "error: diverged: loss nan"
    )
    assert failure.inputs == run("bad").inputs
    assert not (JOURNAL / "bad.json").exists()
