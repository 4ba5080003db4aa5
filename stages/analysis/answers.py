"""Test predictions of the grid, and which of its answers are right."""

import numpy as np
import pandas as pd

from stages.analysis.runs import CELL
from stages.analysis.statistics import Over
from stages.core.errors import InputError
from stages.study.grid import StudySettings
from stages.training.settings import Run

COLUMNS = ["label", "prediction", "probability_negative", "probability_positive"]


# Mappings by architecture run through this file: the configurations that have a run of every seed (a failed run leaves
# its configuration out there, for all of this takes the seeds together), in the order of the settings, and theirs:
Names = dict[str, list[str]]
Answers = dict[str, np.ndarray]  # right or wrong (configurations, examples, seeds)


def read_predictions(study: StudySettings, runs: pd.DataFrame) -> list[tuple[Run, pd.DataFrame]]:
    """Each run of the table with its test predictions, in grid order.

    Raises:
        InputError: the first file that is missing, lacks a column, or has other labels than the first cell's.
    """
    found: list[tuple[Run, pd.DataFrame]] = []
    made = set(runs[[*CELL, "seed"]].itertuples(index=False, name=None))
    for cell in study.runs:
        if (cell.architecture, cell.configuration, cell.seed) not in made:
            continue
        path, stage = cell.model_path / "predictions.parquet", cell.stage
        if not path.exists():
            raise InputError(f"{path}: no predictions of this run; `dvc repro {stage}` makes them")
        frame = pd.read_parquet(path)
        missing = [name for name in COLUMNS if name not in frame]
        if missing:
            raise InputError(f"{path}: no column {', '.join(missing)}; `dvc repro -f {stage}`")
        if found and not np.array_equal(frame["label"], found[0][1]["label"]):
            first = found[0][0].model_path / path.name
            raise InputError(f"{path}: labels are not those of {first}: another test split; `dvc repro -f {stage}`")
        found.append((cell, frame))
    return found


def right_answers(study: StudySettings, names: Names, predictions: list[tuple[Run, pd.DataFrame]]) -> Answers:
    """Whether each run's prediction of each test example is its label, for the cells in ``names``."""
    right = {
        (cell.architecture, cell.configuration, cell.seed): (frame["label"] == frame["prediction"]).to_numpy()
        for cell, frame in predictions
    }
    return {
        architecture: np.stack(
            [
                np.stack([right[architecture, name, seed] for seed in study.seeds], axis=1)
                for name in names[architecture]
            ]
        )
        for architecture in names
    }


def seed_count(answers: Answers) -> int:
    return next(iter(answers.values())).shape[2]


def sampled_over(answers: Answers) -> Over:
    return "examples" if seed_count(answers) == 1 else "examples and seeds"
