import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.pipeline import PIPELINE
from tests.helpers.tiny_study import ROOT


@pytest.fixture
def repository(in_empty_folder, monkeypatch) -> Path:
    """The test runs in a repository with a small pipeline."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], check=True)
    Path("dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    return in_empty_folder
