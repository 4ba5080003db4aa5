import warnings

import pytest


@pytest.fixture(autouse=True)
def _quiet_libraries():
    """The libraries' notes on fresh heads and renamed options would bury a failing test's output."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
