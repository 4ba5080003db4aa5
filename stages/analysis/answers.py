"""Test predictions of the grid, and which of its answers are right."""

import numpy as np
import pandas as pd

from stages.analysis.runs import CELL, factors_of, made_by
from stages.analysis.statistics import Over
from stages.core.errors import InputError
from stages.study.grid import StudySettings
from stages.training.settings import Run

PROBABILITY = "probability_"  # and a class's id: the column of its probabilities
COLUMNS = ["label", "prediction", f"{PROBABILITY}0", f"{PROBABILITY}1"]  # at least

# By architecture, the configurations that have a run of every seed, in the order of the settings. A failed run leaves
# its configuration out, for the statistics take the seeds together.
Names = dict[str, list[str]]
# By architecture, whether each answer of these configurations is right: booleans (configurations, examples, seeds).
Answers = dict[str, np.ndarray]
Predictions = list[tuple[Run, pd.DataFrame]]


def read_predictions(study: StudySettings, runs: pd.DataFrame) -> Predictions:
    """Each run of the table with its test predictions, in grid order.

    Raises:
        InputError: the first file that is missing, lacks a column, or has other labels or classes than the first run's.
    """
    predictions: Predictions = []
    factors = factors_of(runs)
    collected = set(runs[[*CELL, "seed"]].itertuples(index=False, name=None))
    for run in study.runs:
        if (run.architecture, run.configuration, run.seed) not in collected:  # it failed
            continue
        made = made_by(run, factors)
        frame = _read(made)
        if predictions:
            first, first_frame = predictions[0]
            _check_labels(made, frame, made_by(first, factors), first_frame)
        predictions.append((run, frame))
    return predictions


def _path(run: Run) -> str:
    return f"{run.model_path}/predictions.parquet"


def _read(run: Run) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(_path(run))
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
