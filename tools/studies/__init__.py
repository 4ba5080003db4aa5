"""Studies by name: ``studies/<name>.yaml``, built in a working copy, kept in ``metrics/studies/<name>/``."""
