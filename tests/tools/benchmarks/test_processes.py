import json
import subprocess
from pathlib import Path

import pytest

from stages.training.settings import RunSettings
from tests.helpers.tiny_study import CONFIGS, write_study
from tools.benchmarks.common import processes
from tools.benchmarks.common.processes import ROOT, run_process

pytestmark = pytest.mark.usefixtures("in_empty_folder")
SHOW = "import json, os; print(json.dumps({n: os.environ.get(n) for n in ('CUDA_VISIBLE_DEVICES', 'PYTHONPATH')}))"


def shown(device: str) -> dict[str, str]:
    Path("show.py").write_text(SHOW, encoding="utf-8")
    return json.loads(run_process(["show"], Path(), device).last_line)


def test_a_process_has_one_gpu_or_none(monkeypatch):
    monkeypatch.setattr(processes, "visible_gpus", lambda: ["3", "5"])
    assert shown("cuda")["CUDA_VISIBLE_DEVICES"] == "3"
    assert shown("cpu")["CUDA_VISIBLE_DEVICES"] == ""


def test_packages_that_lie_elsewhere_are_found(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert shown("cpu")["PYTHONPATH"] == f"{ROOT}:/elsewhere"


def test_what_a_failed_process_said_is_printed(capsys):
    Path("fails.py").write_text("raise SystemExit('no such model')", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_process(["fails"], Path(), "cpu")
    assert failed.value.output == "no such model\n"
    assert capsys.readouterr().err == "no such model\n"


def test_a_note_of_a_process_is_passed_on(capsys):
    Path("says.py").write_text("print('note: in fp32')\nprint('other')\nprint('{}')", encoding="utf-8")
    assert run_process(["says"], Path(), "cpu").last_line == "{}"
    assert capsys.readouterr().out == "(note: in fp32) "


def test_flops_are_those_of_the_matrix_products():
    """A linear head alone: full fine-tuning costs three times the forward pass, less the input's gradient."""
    write_study("distilbert")

    found = {
        name: processes.example_flops(RunSettings.read("distilbert", name), Path("models/base/distilbert"), 10)
        for name in ("full", "ia3")
    }
    config = CONFIGS["distilbert"]
    linear = 2 * 10 * (4 * config.dim**2 + 2 * config.dim * config.hidden_dim)
    assert 3 * linear * 0.8 < found["full"] < 3 * linear * 1.6
    assert found["ia3"] < found["full"]
