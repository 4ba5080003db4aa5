"""What make targets run: `make check` is `tools/check.py`, `make paper` is `tools/study.py`."""
