"""The best run of each architecture in DVC's registry of models: ``make registry`` -> ``metrics/registry/dvc.yaml``.

DVC names artifacts in a dvc.yaml, by fixed paths. That of the project holds for any study, and an output of a stage
may not be called so; hence a file beside the records, made of them by this command and committed with them.
"""

from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from stages.training.record import Record
from stages.training.settings import Run

FOLDER = Path("metrics/registry")
REGISTRY = FOLDER / "dvc.yaml"
HEAD = f"# Made by `make registry`. Once a tag names it: dvc artifacts get <repository> {FOLDER}:<name>\n"


def main() -> None:
    """Write the file and say how a run is taken from it.

    Raises:
        InputError: no run has a record, or one is of another schema.
    """
    made = registry()
    write_text(REGISTRY, as_text(made))
    for name, artifact in made["artifacts"].items():
        print(f"{FOLDER}:{name}  {artifact['desc']}")
    print(f"commit {REGISTRY} and dvc.lock, `dvc push`, then tag: gto register {FOLDER}:<name>")


def registry() -> dict:
    """What the file says, from the records of the grid that is there."""
    study = resolve_study(load_params())
    records = {run: read(run) for run in study.every_run if run.record_path.exists()}
    if not records:
        raise InputError(f"{study.every_run[0].record_path}: not found; run `make paper` first")
    artifacts = {}
    for architecture in study.architectures:
        own = {run: record for run, record in records.items() if run.architecture == architecture}
        if own:
            best = max(own, key=lambda run: selected_accuracy(own[run]))  # of equals the first in the grid's order
            artifacts[architecture] = artifact(best, own[best])
    return {"artifacts": artifacts}


def require_todays() -> None:
    """Raises InputError: the file is there, and is not of today's records."""
    if REGISTRY.exists() and REGISTRY.read_text(encoding="utf-8") != as_text(registry()):
        raise InputError(f"{REGISTRY}: not of today's records; `make registry` writes it; commit it")


def as_text(made: dict) -> str:
    yaml, stream = YAML(), StringIO()
    yaml.width = 1_000
    yaml.dump(made, stream)
    return HEAD + stream.getvalue()


def artifact(run: Run, record: Record) -> dict:
    """One entry; its words hold names of params.yaml alone, in which DVC finds nothing to fill in."""
    settings = record.run.settings
    return {
        "path": Path("../..", run.model_path).as_posix(),
        "type": "model",
        "desc": f"{run.architecture} {run.configuration}, seed {run.seed}, the best of its architecture on the "
        f"{settings.selection_split} split: {selected_accuracy(record):.4f}; test: {record.quality.test_accuracy:.4f}",
        "labels": ["text-classification", settings.kind, f"profile-{settings.profile}"],
    }


def read(run: Run) -> Record:
    return Record.read_from(run.record_path, run.stage)


def selected_accuracy(record: Record) -> float:
    """Accuracy, on the split that selects, of the epoch that was kept."""
    return next(
        epoch.selection_accuracy for epoch in record.quality.history if epoch.epoch == record.quality.selected_epoch
    )


if __name__ == "__main__":
    run_stage(main)
