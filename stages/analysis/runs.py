"""The tidy table of runs (``metrics/runs.csv``), and its means over seeds: a row a cell."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stages.analysis.costs import compared_costs, compared_memory
from stages.core.csv_tables import read_table
from stages.core.errors import InputError
from stages.core.types import texts_of
from stages.study.grid import StudySettings
from stages.training.record import Cost, Environment, Parameters, Quality, Record, RunIdentity
from stages.training.settings import OWN_RATE, Run, RunSettings, Train

RUNS = Path("metrics/runs.csv")
SUMMARY = Path("metrics/summary.json")
FAILED = Path("metrics/failed.csv")
SWEEP = Path("metrics/sweep.csv")  # runs at every learning rate, where several were tried
FAILED_COLUMNS = ["architecture", "configuration", "seed", "kind", "cause"]
CELL = ["architecture", "configuration"]
FACTOR = "rate_factor"  # of tables of tuned studies alone: the multiple of its own rate that is best for a cell
# Columns that hold text, beside versions and hashes: "01" and "NA" are names, and no subject of a commit is a number.
TEXTS = {*CELL, "role", "kind", FACTOR, "dropout_kernel", *texts_of(RunIdentity, RunSettings, Train, Environment)}
TEXTS -= {"dropout"}  # which is the adapter's, a number
CLASS_SCORE = "test_f1_"  # and a class's id: the column of its F1 score, which tables of older studies lack
AVERAGED = [  # columns of which a cell has means over seeds
    *("test_accuracy", "test_f1_macro", "test_loss", "train_seconds"),
    *("peak_memory_allocated_bytes", "peak_memory_host_bytes", "trainable_parameters", "total_parameters"),
]
# What a record says of where it was made and the table does not, or not under that name.
NO_COLUMN = {"packages", "dataset_sha256", "checkpoint_revision", "checkpoint_pickle_sha256", "commit_unknown"}
COMPARED_BY = ["steps", "resumed_at_step", "device", "threads"]  # what costs are made comparable by


Factors = dict[tuple[str, str], str]  # by architecture and configuration, as params.yaml has them


def flatten(record: Record, of: Run) -> dict[str, object]:
    """The record of a run of the grid as one row of scalars, units in the names; lists of names are joined by spaces.

    ``adapter`` is peft's configuration as JSON. Settings keep their own names, parameter counts end in ``_parameters``,
    package versions begin with ``version_``; ``precision`` and ``threads`` are those in effect, not the profile's.
    """
    run = record.run
    settings = run.settings
    row: dict[str, object] = {key: getattr(of, key) for key in (*CELL, "seed", "role")}
    for key, value in run.model_dump(exclude={*CELL, "seed", "settings"}).items():
        row[key] = " ".join(value) if isinstance(value, list) else value
    row["kind"] = settings.kind
    row["adapter"] = None if settings.adapter is None else json.dumps(settings.adapter)
    for key, value in settings.model_dump(exclude={"train", "adapter", *run.model_fields_set}).items():
        row[key] = " ".join(value) if isinstance(value, list) else value
    for column, option in {"rank": "r", "alpha": "lora_alpha", "dropout": "lora_dropout"}.items():
        row[column] = settings.option(option)
    # Precision and threads in effect are in other columns, and so is `dropout`, which is that of the adapter.
    row |= settings.train.model_dump(exclude={"precision", "threads", "dropout"})
    row["dropout_kernel"] = settings.train.dropout
    row |= _quality(record.quality)
    row |= {f"{key}_parameters": value for key, value in record.parameters.model_dump().items()}
    row |= record.cost.model_dump()
    row["predictions_sha256"] = record.predictions_sha256
    return row | _environment(record.environment)


def _quality(quality: Quality) -> dict[str, object]:
    scores = quality.model_dump(exclude={"confusion", "history"})
    return scores | {f"{CLASS_SCORE}{label}": score for label, score in enumerate(quality.f1_by_class)}


def _environment(environment: Environment) -> dict[str, object]:
    row = environment.model_dump(exclude=NO_COLUMN)
    if environment.commit_unknown:  # a column of the tables that need it alone
        row["commit_unknown"] = environment.commit_unknown
    row |= {f"version_{name}": version for name, version in environment.packages.items()}
    row |= {f"dataset_sha256_{split}": digest for split, digest in environment.dataset_sha256.items()}
    return row


def tidy(records: list[tuple[Run, Record]], factors: Factors | None = None) -> pd.DataFrame:
    """One row a run of the grid, in the order given; ``factors`` says at which rate of a sweep each record is."""
    runs = pd.DataFrame([flatten(record, run) for run, record in records])
    if factors:
        cells = zip(*(runs[name] for name in CELL), strict=True)
        runs.insert(len(CELL) + 2, FACTOR, [factors[cell] for cell in cells])
    return runs


def factors_of(runs: pd.DataFrame) -> Factors:
    """By cell, the multiple of its own rate that its rows are of; empty where rates were not tuned."""
    if FACTOR not in runs:
        return {}
    return {tuple(cell): factor for *cell, factor in runs[[*CELL, FACTOR]].itertuples(index=False, name=None)}


def made_by(run: Run, factors: Factors) -> Run:
    """The run whose record and model stand for one of the grid: that at the best rate."""
    return run.at(factors.get((run.architecture, run.configuration), OWN_RATE))


def is_text(column: str) -> bool:
    """Whether a column of the tidy table holds text."""
    return column in TEXTS or column.startswith(("version_", "dataset_sha256_")) or column.endswith("_sha256")


def columns_of_all() -> list[str]:
    """The columns of the tidy table that every study has, from the schema of records, in order of the letters."""
    identity = {*RunIdentity.model_fields} - {"settings"}
    settings = {*RunSettings.model_fields} - {"train", "adapter"}
    training = {*Train.model_fields} - {"precision", "threads", "dropout"}
    quality = {*Quality.model_fields} - {"confusion", "history"}
    environment = {*Environment.model_fields} - NO_COLUMN
    counts = {f"{name}_parameters" for name in Parameters.model_fields}
    own = {*CELL, "seed", "role", "kind", "adapter", "rank", "alpha", "dropout", "dropout_kernel", "predictions_sha256"}
    own |= {"disturbed"}  # of stages/analysis/costs.py
    return sorted(own | identity | settings | training | quality | counts | {*Cost.model_fields} | environment)


def read_runs(path: Path = RUNS) -> pd.DataFrame:
    """Read the table back.

    Raises:
        InputError: the file is missing, or is of another form: a column is not there, or holds no numbers.
    """
    # What is kept of a study may be of an older form; of it means alone are read.
    required = columns_of_all() if path == RUNS else [*CELL, "seed", "role", *AVERAGED, *COMPARED_BY]
    return _table(path, required, is_text)


def read_failed(path: Path = FAILED) -> pd.DataFrame:
    """The runs of the grid that failed and are shown as holes, a row each: ``FAILED_COLUMNS``.

    Raises:
        InputError: the file is missing or damaged.
    """
    return _table(path, FAILED_COLUMNS, lambda name: name != "seed")


def _table(path: Path, required: list[str], is_text: Callable[[str], bool]) -> pd.DataFrame:
    """A table that ``collect`` wrote, here or for a kept study."""
    again = "run `dvc repro -f collect`" if path in (RUNS, FAILED) else f"`git checkout {path}` brings it back"
    try:
        table = read_table(path, is_text)
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; {again.replace(' -f', '')} first") from error
    except (OSError, ValueError) as error:  # pandas' own of an empty or a ragged file are the latter
        raise InputError(f"{path}: no table: {' '.join(str(error).split())}; {again}") from error
    for name in required:
        if name not in table:
            raise InputError(f"{path}: no column {name}; {again}")
    for name in table:
        words = [] if is_text(name) else [value for value in table[name] if isinstance(value, str)]
        if words:
            raise InputError(f"{path}: {name}: {words[0]!r}; required: numbers; {again}")
    return table


def complete_configurations(study: StudySettings, runs: pd.DataFrame) -> dict[str, list[str]]:
    """By architecture, the configurations that have a run of every seed, in the order of the settings."""
    seeds = runs.groupby(CELL)["seed"].nunique()
    complete = set(seeds.index[seeds == len(study.seeds)])
    by_architecture = {}
    for architecture in study.architectures:
        by_architecture[architecture] = [name for name in study.configurations if (architecture, name) in complete]
    return by_architecture


def class_score_columns(runs: pd.DataFrame) -> list[str]:
    """The columns of F1 scores of single classes, by id; none in tables of older studies."""
    return [name for name in runs if name.removeprefix(CLASS_SCORE).isdecimal()]


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, one row an (architecture, configuration), in grid order.

    Standard deviations are those of a sample (ddof 1), NaN with one seed. Accuracies and F1 scores are fractions; those
    of single classes are ``test_f1_<class id>_mean``. Costs are the cell's own; what begins with ``compared`` is of all
    runs of the same ``work`` (``stages/analysis/costs.py``).
    """
    compared = runs.assign(peak_memory_bytes=runs[compared_memory(runs).column])
    costs = compared_costs(runs)
    compared = compared.join(costs[["work", "work_runs", "compared_seconds", "compared_bytes"]])
    class_scores = {f"{name}_mean": (name, "mean") for name in class_score_columns(runs)}
    cells = compared.groupby(CELL, sort=False).agg(
        role=("role", "first"),
        seeds=("seed", "size"),
        test_accuracy_mean=("test_accuracy", "mean"),
        test_accuracy_sd=("test_accuracy", "std"),
        test_accuracy_min=("test_accuracy", "min"),
        test_accuracy_max=("test_accuracy", "max"),
        test_f1_macro_mean=("test_f1_macro", "mean"),
        test_loss_mean=("test_loss", "mean"),
        train_seconds_mean=("train_seconds", "mean"),
        peak_memory_bytes_mean=("peak_memory_bytes", "mean"),
        work=("work", "first"),
        work_runs=("work_runs", "first"),
        compared_seconds=("compared_seconds", "mean"),
        compared_bytes=("compared_bytes", "mean"),
        trainable_parameters=("trainable_parameters", "first"),
        total_parameters=("total_parameters", "first"),
        **class_scores,
    )
    return cells.reset_index()


def with_holes(cells: pd.DataFrame, study: StudySettings) -> pd.DataFrame:
    """The means of ``summarise`` indexed by cell, NaN and no seeds where every run of a cell failed, in grid order."""
    roles = {(run.architecture, run.configuration): run.role for run in study.runs}
    indexed = cells.set_index(CELL)
    if len(indexed) == len(roles):
        return indexed
    whole = indexed.reindex(pd.MultiIndex.from_tuples(roles, names=CELL))
    return whole.assign(role=list(roles.values()), seeds=whole["seeds"].fillna(0).astype(int))
