"""A stage whose code is edited while it runs: a copy of the project in which a stage edits files itself."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.tiny_study import ROOT

STAGE = """
from pathlib import Path

from stages.core.errors import run_stage
from stages.data.settings import DataSettings


def main() -> None:
    path = Path({file!r})
    path.parent.mkdir(exist_ok=True)
    path.write_text(path.read_text() + {text!r} if path.exists() else {text!r})


if __name__ == "__main__":
    run_stage(main)
"""


def run_while_editing(folder: Path, module: str, file: str, text: str = "# edited\n") -> subprocess.CompletedProcess:
    for name in ("core", "data", "report"):
        shutil.copytree(ROOT / "stages" / name, folder / "stages" / name)
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "requirements.txt", folder)
    (folder / f"{module.replace('.', '/')}.py").write_text(STAGE.format(file=file, text=text), encoding="utf-8")
    command = [sys.executable, "-m", module]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    "file",
    [
        "stages/slow.py",
        "stages/core/files.py",
        "stages/data/settings.py",
        "stages/data/grammar.yaml",
        "requirements.txt",
    ],
)
def test_a_stage_fails_whose_code_was_edited(file, tmp_path):
    done = run_while_editing(tmp_path, "stages.slow", file)
    message = f"error: {file}: edited while this ran; what ran is not what is there now, so run it again\n"
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.parametrize("file", ["stages/report/phrases/phrases.py", "stages/data/generator.py", "stages/new.py"])
def test_what_it_does_not_run_may_be_edited(file, tmp_path):
    done = run_while_editing(tmp_path, "stages.slow", file)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_saved_without_a_change_is_no_edit(tmp_path):
    assert run_while_editing(tmp_path, "stages.slow", "stages/slow.py", text="").returncode == 0


def test_a_tool_may_be_edited(tmp_path):
    assert run_while_editing(tmp_path, "tools.slow", "tools/slow.py").returncode == 0
    assert (tmp_path / "tools/slow.py").read_text(encoding="utf-8").endswith("# edited\n")
