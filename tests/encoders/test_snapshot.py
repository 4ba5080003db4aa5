import shutil

import pytest

from stages.core.errors import InputError
from stages.encoders import snapshot


def test_too_little_disk_copies_nothing(published, tmp_path, monkeypatch):
    free = shutil._ntuple_diskusage(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(InputError) as caught:
        snapshot.copy(published / "roberta", tmp_path)
    assert str(caught.value) == f"{tmp_path}: a copy of {published / 'roberta'} takes 0.00 GB; free: 0.00 GB"
    assert not list(tmp_path.iterdir())
