import os
import warnings

import pytest

if os.environ.get("TEST_GPU") != "1":  # before torch is imported, here and in every process that a test starts
    os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    """The test runs in a folder of its own, as a stage runs in the workspace."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _quiet_libraries():
    """The libraries' notes on fresh heads and renamed options would bury a failing test's output."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")


def pytest_collection_modifyitems(items):
    """Files with long tests begin first: a file is run by one process, and none should be alone with one at the end."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)
