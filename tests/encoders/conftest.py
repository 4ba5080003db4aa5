from pathlib import Path

import pytest

from tests.helpers.families import FAMILIES, TEXTS
from tests.helpers.snapshots import ARCHITECTURES, write_snapshot


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for name in ARCHITECTURES:
        write_snapshot(folder / name, name)
    return folder


@pytest.fixture(params=ARCHITECTURES)
def architecture(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    for name, family in FAMILIES.items():
        family.write(folder / name, TEXTS)
    return folder
