"""What was run, step by step: each stage's command with the data that it read and wrote, as dvc.lock names them."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stages.core.yaml_files import read_map
from stages.study.params import PARAMS, Params
from stages.study.resolve import resolve_study
from stages.training.record import Record

if TYPE_CHECKING:
    from tools.engine.dag import Dag

WORKFLOW = Path("dvc.yaml")
CODE = (Path("stages"), Path("requirements.txt"))  # of a dependency: how it was run, not what it read


class Step(NamedTuple):
    """One stage as it was run.

    Attributes:
        name: of the stage, ``train@roberta-full-42``.
        group: of its entry in dvc.yaml, ``train``.
        command: as DVC ran it.
        tool: the file that the command runs.
        reads: contents by path, as DVC names them.
        writes: likewise.
        started: when, in ISO 8601, where a record says it.
    """

    name: str
    group: str
    command: str
    tool: Path
    reads: dict[str, str | None]
    writes: dict[str, str | None]
    started: str | None = None


def steps(dag: "Dag", params: Params) -> list[Step]:
    """In the order in which DVC runs them, without what failed."""
    runs = {run.stage: run for run in resolve_study(params).every_run}
    made = []
    for name, stage in dag.stages.items():
        if not all(out.exists for out in stage.outs):
            continue
        started = None
        if name in runs and runs[name].record_path.exists():
            started = Record.read_from(runs[name].record_path, name).run.started_at
        command = " ".join(stage.cmd) if isinstance(stage.cmd, list) else stage.cmd
        reads = {path: content for path, content in _contents(stage.deps).items() if not _is_code(path)}
        made.append(Step(name, name.split("@")[0], command, _tool(command), reads, _contents(stage.outs), started))
    return made


def descriptions() -> dict[str, str]:
    """What each entry of dvc.yaml says of itself."""
    return {name: entry.get("desc", name) for name, entry in read_map(WORKFLOW)["stages"].items()}


def _contents(items: list) -> dict[str, str | None]:
    """By path. Of parameters DVC notes the values, and no hash of their file."""
    return {str(item.def_path): None if item.def_path == str(PARAMS) else item.hash_info.value for item in items}


def _is_code(path: str) -> bool:
    return any(Path(path).is_relative_to(code) for code in CODE)


def _tool(command: str) -> Path:
    """``stages/train.py`` of ``python -m stages.train roberta full 42``."""
    module = command.split(" -m ", 1)[1].split()[0]
    return Path(*module.split(".")).with_suffix(".py")
