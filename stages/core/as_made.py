"""Is what a stage is about to read what other stages made? By its bytes, against dvc.lock.

``make paper`` mends what is not (``tools/copies/``) and tells its stages that it looked; `dvc repro`, which goes by
time and size, would hand them what is damaged.
"""

import os
from pathlib import Path

from stages.core.contents import Contents

LOCK = Path("dvc.lock")
STAGE = "DVC_STAGE"  # by which DVC tells a command what it is
LOOKED = "STUDY_INPUTS_WHOLE"  # set by who has looked already


def damaged_input() -> str | None:
    """The first output of another stage that this one reads and that is not what dvc.lock has; None outside DVC."""
    name = os.environ.get(STAGE)
    if name is None or LOOKED in os.environ or not LOCK.exists():
        return None
    stages = _stages()
    read = [Path(dependency["path"]) for dependency in stages.get(name, {}).get("deps", [])]
    made: dict[Path, dict[str, str]] = {}  # content -> stage: an earlier grid may have made the same by another one
    for stage, entry in stages.items():
        for out in entry.get("outs", []) if stage != name else []:
            made.setdefault(Path(out["path"]), {})[out.get("md5")] = stage
    contents = Contents()
    for path, makers in made.items():
        if path.is_symlink() or not path.exists() or not any(_overlap(path, other) for other in read):
            continue
        if contents.of(path) not in makers:
            stage = next(iter(makers.values()))
            return (
                f"{path}: not what {stage} made, by dvc.lock: damaged, or edited; `make paper` mends it, "
                f"`dvc repro -f -s {stage}` makes it anew"
            )
    return None


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _stages() -> dict[str, dict]:
    """Entries by stage; of a file that is no lock, which DVC names itself, none."""
    import yaml  # pinned with the rest: its parser in C takes a tenth of a second, ruamel's ten times that

    from stages.core.errors import InputError  # which imports this
    from stages.core.yaml_limits import require_moderate_lock

    try:
        text = LOCK.read_text(encoding="utf-8")
        require_moderate_lock(text, LOCK)  # that parser in C ends the process on lists in lists in lists
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"]
    except (InputError, yaml.YAMLError, ValueError, LookupError, TypeError):
        return {}
