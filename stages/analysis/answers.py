"""Test predictions of the grid, and which of its answers are right."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from stages.analysis.runs import CELL, RUNS, factors_of, made_by
from stages.analysis.statistics import Over
from stages.core.errors import InputError
from stages.core.files import sha256
from stages.core.parquet import read_parquet
from stages.study.grid import StudySettings
from stages.training.record import accuracy, f1_macro
from stages.training.settings import Run

PROBABILITY = "probability_"  # and a class's id: the column of its probabilities
COLUMNS = ["label", "prediction", f"{PROBABILITY}0", f"{PROBABILITY}1"]  # at least

SAME = 1e-9  # relative: a sum of logarithms is not the same to the last digit everywhere

# By architecture, the configurations that have a run of every seed, in the order of the settings. A failed run leaves
# its configuration out, for the statistics take the seeds together.
Names = dict[str, list[str]]
# By architecture, whether each answer of these configurations is right: booleans (configurations, examples, seeds).
Answers = dict[str, np.ndarray]
Predictions = list[tuple[Run, pd.DataFrame]]


def read_predictions(study: StudySettings, runs: pd.DataFrame) -> Predictions:
    """Each run of the table with its test predictions, in grid order.

    Raises:
        InputError: the first file that is missing, damaged or not what the run's record says, lacks a column, or has
            other labels or classes than the first run's.
    """
    predictions: Predictions = []
    factors = factors_of(runs)
    rows = runs.set_index([*CELL, "seed"])
    for run in study.runs:
        if (run.architecture, run.configuration, run.seed) not in rows.index:  # it failed
            continue
        made = made_by(run, factors)
        frame = _read(made)
        recorded = rows.loc[(run.architecture, run.configuration, run.seed)]
        if predictions:
            first, first_frame = predictions[0]
            _check_labels(made, frame, made_by(first, factors), first_frame)
        _check_scores(made, frame, recorded)
        predictions.append((run, frame))
    return predictions


def _path(run: Run) -> str:
    return f"{run.model_path}/predictions.parquet"


def _read(run: Run) -> pd.DataFrame:
    try:
        frame = read_parquet(Path(_path(run)), run.stage).replace_schema_metadata().to_pandas()
    except FileNotFoundError as error:
        raise InputError(f"{_path(run)}: no predictions of this run; `dvc repro {run.stage}` makes them") from error
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise InputError(f"{_path(run)}: no column {', '.join(missing)}; `dvc repro -f {run.stage}`")
    return frame


def _check_labels(run: Run, frame: pd.DataFrame, first: Run, first_frame: pd.DataFrame) -> None:
    count, expected = class_count(frame), class_count(first_frame)
    if count != expected:
        raise InputError(
            f"{_path(run)}: {count} classes, {_path(first)} has {expected}: other data; `dvc repro -f {run.stage}`"
        )
    if not np.array_equal(frame["label"], first_frame["label"]):
        raise InputError(
            f"{_path(run)}: labels are not those of {_path(first)}: another test split; `dvc repro -f {run.stage}`"
        )


def _check_scores(run: Run, frame: pd.DataFrame, recorded: pd.Series) -> None:
    """The predictions are those that the run left, and its scores, which ``collect`` copied, are theirs."""
    path = Path(_path(run))
    again = f"`make paper` mends it, `dvc repro -f {run.stage}` makes it anew"
    if sha256(path) != recorded["predictions_sha256"]:
        raise InputError(f"{path}: damaged: another hash than {run.record_path} gives; {again}")
    for key, score in scores(frame).items():
        if not math.isclose(score, recorded[key], rel_tol=SAME):
            raise InputError(f"{RUNS}: {key}: {recorded[key]!r}; {path} says {score!r}: one is damaged; {again}")


def scores(frame: pd.DataFrame) -> dict[str, float]:
    """What a run's record says of its predictions, computed from them."""
    label = frame["label"].to_numpy()
    counts = np.zeros((class_count(frame),) * 2, dtype=int)
    np.add.at(counts, (label, frame["prediction"].to_numpy()), 1)
    of_label = probabilities(frame)[np.arange(len(label)), label]
    tiny = np.finfo(float).eps
    return {
        "test_accuracy": accuracy(counts.tolist()),
        "test_f1_macro": f1_macro(counts.tolist()),
        "test_loss": float(-np.log(of_label.clip(tiny, 1 - tiny)).mean()),
    }


def class_count(frame: pd.DataFrame) -> int:
    """How many classes a run's predictions have a probability for."""
    return sum(name.startswith(PROBABILITY) for name in frame)


def probabilities(frame: pd.DataFrame) -> np.ndarray:
    """Of each class by id: (examples, classes)."""
    return frame[[f"{PROBABILITY}{label}" for label in range(class_count(frame))]].to_numpy()


def right_answers(study: StudySettings, names: Names, predictions: Predictions) -> Answers:
    """Whether each run's prediction of each test example is its label, for the configurations in ``names``."""
    right = {}
    for run, frame in predictions:
        right[run.architecture, run.configuration, run.seed] = (frame["label"] == frame["prediction"]).to_numpy()
    answers = {}
    for architecture, configurations in names.items():
        by_configuration = []
        for configuration in configurations:
            by_seed = [right[architecture, configuration, seed] for seed in study.seeds]
            by_configuration.append(np.stack(by_seed, axis=1))
        answers[architecture] = np.stack(by_configuration)
    return answers


def seed_count(answers: Answers) -> int:
    return next(iter(answers.values())).shape[2]


def sampled_over(answers: Answers) -> Over:
    return "examples" if seed_count(answers) == 1 else "examples and seeds"
