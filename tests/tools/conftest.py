import shutil

import huggingface_hub
import pytest

from stages.hub import client as hub
from tests.helpers.check import free, unreached, write_census
from tests.helpers.tiny_study import ROOT
from tools import check


@pytest.fixture
def offline(in_empty_folder, monkeypatch):
    """No hub, an empty cache, TeX, a commit, room, a census and no records."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(in_empty_folder / "cache"))
    monkeypatch.setattr(hub, "list_files", unreached)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(check, "head", lambda: ("0123456789abcdef", "A commit"))
    monkeypatch.delenv("TEX_FILES", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    free(monkeypatch, 10**12)
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    write_census()
