"""A workspace whose stages hash what they read, with the project's tools and a study that is built beside its own."""

import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from tests.helpers.hashed_study import commit, make
from tests.helpers.tiny_study import ROOT
from tools.studies import build

GRID = {"architectures": ["distilbert"], "configurations": ["full"], "probes": ["full-probe"], "seeds": [42]}
OTHER = "# another rate, and one run more\nlr: 3.0e-5\nseeds: [42, 43]\n"
SUMMARY = "from pathlib import Path\n\nprint(f\"paper: {Path('paper/main.pdf').absolute()}\")\n"


@pytest.fixture(scope="session")
def hashed_workspace(tmp_path_factory) -> Path:
    """Up to date and committed, with ``studies/other.yaml``."""
    folder = make(tmp_path_factory.mktemp("workspace"), **GRID)
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tools/summary.py").write_text(SUMMARY, encoding="utf-8")  # there are no accuracies
    (folder / "studies").mkdir(exist_ok=True)
    (folder / "studies/other.yaml").write_text(OTHER, encoding="utf-8")
    commit(folder)
    return folder


@pytest.fixture
def workspace(hashed_workspace, tmp_path, monkeypatch) -> Path:
    """The test runs in a copy of it."""
    folder = tmp_path / "workspace"
    shutil.copytree(hashed_workspace, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def built_workspace(hashed_workspace, tmp_path_factory) -> Path:
    """The same with the study built."""
    folder = tmp_path_factory.mktemp("built") / "workspace"
    shutil.copytree(hashed_workspace, folder, symlinks=True)
    with chdir(folder):
        build.main("other", "2")
    return folder


@pytest.fixture
def built(built_workspace, tmp_path, monkeypatch) -> Path:
    """The test runs in a copy of that."""
    folder = tmp_path / "workspace"
    shutil.copytree(built_workspace, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def with_params(in_empty_folder) -> Path:
    """The test runs in a folder with the project's parameters and no study."""
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    return in_empty_folder
