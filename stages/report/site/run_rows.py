"""The runs of a study: how far each is right and believable, and all that its record says."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.analysis.answers import Predictions, probabilities
from stages.analysis.calibration import BINS
from stages.analysis.runs import CELL
from stages.analysis.statistics import Statistics
from stages.core.free_text import visible
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import PERCENT, SCORE
from stages.report.site.cell_rows import rounded
from stages.report.site.shown import Shown
from stages.report.site.study_data import StudyData

MOST_CLASSES = 12  # of a confusion matrix that is shown whole
COMMONEST = 10  # confusions of a larger one


class RunRow(NamedTuple):
    """A row of the table of runs."""

    run: str  # the path of its record
    architecture: str
    configuration: str
    seed: int
    accuracy: Shown
    ece: Shown
    brier: Shown


def run_key(architecture: str, configuration: str, seed: int) -> str:
    """How the keys of a run's own numbers begin."""
    return f"run.{architecture}.{configuration}.{seed}"


def run_rows(study: StudyData) -> list[RunRow]:
    """In the grid's order; runs that failed have no row."""
    of_run, show = _calibrations(study), study.printer.show
    rows = []
    for architecture, configuration, seed, accuracy in study.runs[[*CELL, "seed", "test_accuracy"]].itertuples(
        index=False, name=None
    ):
        run = (architecture, configuration, seed)
        path, key, calibration = study.paths[run], run_key(*run), of_run.get(run, {})
        recorded = study.source_of_run(path, "quality.test_accuracy", run)
        ece, brier = (
            study.source_of_run(
                Statistics.path(), f"calibration where {architecture}, {configuration}, {seed}: {of}", run
            )
            for of in ("expected_calibration_error", "brier_score")
        )
        rows.append(
            RunRow(
                run=path,
                architecture=study.label(architecture),
                configuration=study.label(configuration),
                seed=seed,
                accuracy=show(accuracy, PERCENT, f"{key}.accuracy", recorded),
                ece=show(calibration.get("expected_calibration_error"), PERCENT, f"{key}.ece", ece),
                brier=show(calibration.get("brier_score"), SCORE, f"{key}.brier", brier),
            )
        )
    return rows


def run_details(study: StudyData) -> dict[str, dict]:
    """By the path of a record: its confusion matrix, and the columns of the table of runs that are not as all others'.

    What all runs of the study have in common is under the empty path. ``key`` and ``command`` are of a run of this
    build: of them the script makes the entries of the matrix, which would be most of the index.
    """
    producers = Producers() if study.is_this else None
    columns = [column for column in study.runs if study.runs[column].notna().any()]
    same = [column for column in columns if study.runs[column].nunique(dropna=False) == 1]
    details: dict[str, dict] = {"": {"record": _fields(study.runs.iloc[0], same)}}
    own = [column for column in columns if column not in same]
    for _, row in study.runs.iterrows():
        path = study.paths[row["architecture"], row["configuration"], int(row["seed"])]
        confusion = study.records[path].quality.confusion
        details[path] = {
            "title": f"{study.cell_label(row['architecture'], row['configuration'])}, seed {row['seed']}",
            "record": _fields(row, own),
        } | _confusion(confusion)
        if producers is not None:
            producer = producers.producer(path)
            details[path]["key"] = run_key(row["architecture"], row["configuration"], int(row["seed"]))
            details[path]["command"] = producer.command if producer else f"git checkout -- {path}"
    return details


def reliability(study: StudyData, predictions: Predictions) -> list[dict]:
    """Of each run a row a bin of confidence that has examples: mean confidence and accuracy there, in percent."""
    rows = []
    for run, frame in predictions:
        confidence = probabilities(frame)[np.arange(len(frame)), frame["prediction"]]
        right = (frame["label"] == frame["prediction"]).to_numpy()
        bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # as stages/analysis/calibration.py
        means = pd.DataFrame({"bin": bins, "confidence": confidence, "right": right}).groupby("bin")
        for _, of_bin in means:
            rows.append(
                {
                    "run": study.paths[run.architecture, run.configuration, run.seed],
                    "confidence": rounded(100 * of_bin["confidence"].mean()),
                    "accuracy": rounded(100 * of_bin["right"].mean()),
                    "texts": len(of_bin),
                }
            )
    return rows


def _calibrations(study: StudyData) -> dict[tuple[str, str, int], dict]:
    entries = study.statistics["calibration"]
    return {(entry["architecture"], entry["configuration"], entry["seed"]): entry for entry in entries}


def _fields(row: pd.Series, columns: list[str]) -> dict[str, str]:
    """What a row of the table of runs says, as text."""
    fields = {}
    for column in columns:
        value = row[column]
        if not pd.isna(value):
            fields[column] = visible(str(value))
    return fields


def _confusion(matrix: list[list[int]]) -> dict[str, object]:
    """The whole matrix, or the commonest confusions of one that no screen has room for: actual, predicted, texts."""
    if len(matrix) <= MOST_CLASSES:
        return {"confusion": matrix}
    pairs = [(count, a, b) for a, row in enumerate(matrix) for b, count in enumerate(row) if a != b and count]
    commonest = sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:COMMONEST]
    return {"confusions": [[a, b, count] for count, a, b in commonest]}
