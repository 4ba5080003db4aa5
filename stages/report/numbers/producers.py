"""Which stage of ``dvc.yaml`` makes a file, and the command that makes it again.

DVC takes no pipeline file as a dependency: after renaming a stage, `dvc repro -f tables figures paper`.
"""

import re
from pathlib import Path
from typing import NamedTuple

from stages.core.yaml_files import read_map

PIPELINE = Path("dvc.yaml")


class Producer(NamedTuple):
    """A stage, with its item of the matrix if it has one (``train@roberta-full-42``), and its command."""

    stage: str
    command: str


class Producers:
    """The outputs of every stage, matrix variables as patterns."""

    def __init__(self, path: Path = PIPELINE) -> None:
        self._outputs: list[tuple[re.Pattern[str], str, list[str]]] = []  # pattern, stage, axes of its matrix
        for name, stage in read_map(path)["stages"].items():
            axes = list(stage.get("matrix", {}))
            for output in [*stage.get("outs", []), *stage.get("metrics", [])]:
                self._outputs.append((_pattern(output), name, axes))

    def producer(self, path: str | Path) -> Producer | None:
        """Who makes a file or what is inside a folder; None for what is kept in git, such as code."""
        for pattern, name, axes in self._outputs:
            match = pattern.fullmatch(str(path))
            if match:
                item = "-".join(match[axis] for axis in axes)
                stage = f"{name}@{item}" if item else name
                return Producer(stage, f"dvc repro {stage}")
        return None


def _pattern(output: str | dict) -> re.Pattern[str]:
    """Of an output and all below it; an output with options is a mapping from its path to them.

    ``models/${item.architecture}`` becomes ``models/(?P<architecture>[^/]+?)``.
    """
    path = output if isinstance(output, str) else next(iter(output))
    parts = re.split(r"\$\{item\.(\w+)\}", path)  # text and names of variables in turn
    pattern = re.escape(parts[0])
    for variable, text in zip(parts[1::2], parts[2::2], strict=True):
        pattern += f"(?P<{variable}>[^/]+?){re.escape(text)}"
    return re.compile(f"{pattern}(/.*)?")
