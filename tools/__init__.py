"""What make targets run: `make check` is `tools/check.py`, `make paper` is `tools/study.py`."""

import stages  # noqa: F401  before what the environment may lack
