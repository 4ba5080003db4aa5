"""Which stage of ``dvc.yaml`` makes a file, and the command that makes it again.

DVC takes no pipeline file as a dependency: after renaming a stage, `dvc repro -f tables figures paper`.
"""

import re
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

PIPELINE = Path("dvc.yaml")


class Producer(NamedTuple):
    """A stage with its matrix cell (``train@roberta-full-42``) and its command."""

    stage: str
    command: str


class Producers:
    """The outputs of every stage, matrix variables as patterns."""

    def __init__(self, path: Path = PIPELINE) -> None:
        stages = YAML(typ="safe").load(path)["stages"]
        self._outputs = [
            (_pattern(output), name, list(stage.get("matrix", {})))
            for name, stage in stages.items()
            for output in [*stage.get("outs", []), *stage.get("metrics", [])]
        ]

    def producer(self, path: str | Path) -> Producer | None:
        """Who makes a file or what is inside a folder; None for what is kept in git, such as code."""
        for pattern, name, axes in self._outputs:
            if match := pattern.fullmatch(str(path)):
                cell = "-".join(match[axis] for axis in axes)
                stage = f"{name}@{cell}" if cell else name
                return Producer(stage, f"dvc repro {stage}")
        return None


def _pattern(output: str | dict) -> re.Pattern[str]:
    path = output if isinstance(output, str) else next(iter(output))
    escaped = re.escape(path)
    escaped = re.sub(r"\\\$\\\{item\\\.(\w+)\\\}", r"(?P<\1>[^/]+?)", escaped)
    return re.compile(f"{escaped}(/.*)?")
