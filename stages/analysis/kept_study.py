"""A study that is kept in git (``make keep``), beside a build whose texts are generated."""

from math import isclose, nan
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd
from pydantic import BaseModel
from scipy.stats import kendalltau

from stages.analysis.baselines import Baselines
from stages.analysis.runs import CELL, FACTOR, RUNS, read_runs, summarise
from stages.core.errors import InputError
from stages.core.files import StageFile
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.study.grid import StudySettings
from stages.training.record import Record

FOLDER = Path("metrics/studies")  # a folder a study, by its name in studies/
REAL = "laptop"  # the study of real reviews, by a published encoder, that is set beside generated ones
File = TypeVar("File", bound=StageFile)


def kept(name: str, path: Path) -> Path:
    """Where a file that a stage writes to ``metrics/``, the data card or the study's settings are kept of a study."""
    return FOLDER / name / (path.relative_to("metrics") if path.is_relative_to("metrics") else path.name)


def read_kept(kind: type[File], path: Path) -> File:
    """A file of a kept study, which no stage of this build makes again.

    Raises:
        InputError: it is missing or damaged; the line says how to have it back.
    """
    try:
        return kind.read_from(path)
    except InputError as error:
        fault = str(error).partition("; run `dvc repro")[0]  # which would make this build's
        raise InputError(f"{fault}; `git checkout {path}` brings it back") from error


class KeptBag(BaseModel):
    """Of the bag of words, what every version of the file has."""

    test_accuracy: float


class KeptBaselines(StageFile):
    """The baselines as a study kept them, which may be of an older schema."""

    PLACE = Baselines.PLACE
    STAGE = Baselines.STAGE

    tfidf_logistic_regression: KeptBag


class KeptStudy(NamedTuple):
    """The runs of the first architecture of a kept study, beside this build."""

    name: str
    study: StudySettings  # its own
    architecture: str
    runs: pd.DataFrame  # see stages/analysis/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by configuration
    here: pd.Series  # mean test accuracy in this build of configurations that both have, over its architectures
    card: Card
    base: BaseReport
    bag: float  # test accuracy of the bag of words
    agreement: float  # Kendall's tau-b of its mean accuracies and of ``here``, NaN under two configurations

    def place(self, path: Path) -> Path:
        """Where it has a file of ``metrics/``, the data card or its settings."""
        return kept(self.name, path)


def read_kept_study(name: str, study: StudySettings, cells: pd.DataFrame, card: Card) -> KeptStudy | None:
    """What is kept of a study, to be set beside this build.

    Args:
        name: of the kept study.
        study, cells, card: of this build; its means, indexed by (architecture, configuration).

    Returns:
        None if nothing is kept, if the two share no configuration, or if this build's data are not generated.

    Raises:
        InputError: a file is invalid.
    """
    table = kept(name, RUNS)
    if card.source != "generated" or not table.exists():
        return None
    runs = read_runs(table)
    require_its_records(name, runs)
    own = read_kept(StudySettings, kept(name, StudySettings.path()))
    architecture = next(iter(own.architectures))
    runs = runs[runs["architecture"] == architecture].reset_index(drop=True)
    kept_cells = summarise(runs).set_index("configuration")
    here = over_architectures(cells).reindex(kept_cells.index.intersection(study.configurations, sort=False))
    if here.empty:
        return None
    means = kept_cells["test_accuracy_mean"].loc[here.index]
    return KeptStudy(
        name=name,
        study=own,
        architecture=architecture,
        runs=runs,
        cells=kept_cells,
        here=here,
        card=read_kept(Card, kept(name, Card.path())),
        base=read_kept(BaseReport, kept(name, BaseReport.path(architecture))),
        bag=read_kept(KeptBaselines, kept(name, Baselines.path())).tfidf_logistic_regression.test_accuracy,
        agreement=float(kendalltau(means, here, nan_policy="omit").statistic),
    )


def over_architectures(cells: pd.DataFrame) -> pd.Series:
    """Mean test accuracy of each configuration over architectures; NaN where one has no run of it."""
    return cells["test_accuracy_mean"].groupby("configuration").agg(lambda means: means.mean(skipna=False))


def require_its_records(name: str, runs: pd.DataFrame) -> None:
    """A kept table has a row for each kept record, and its accuracy.

    Raises:
        InputError: one of the two is damaged.
    """
    if FACTOR in runs:  # whose rows are called by their cell, and records by the rate that was chosen too
        return
    folder = kept(name, Path("metrics/runs"))
    recorded = {}
    for path in sorted(folder.glob("*/*/*.json")):
        record = read_kept(Record, path)
        cell = record.run.architecture, record.run.configuration, record.run.seed
        recorded[cell] = record.quality.test_accuracy
    told = {tuple(cell): accuracy for *cell, accuracy in runs[[*CELL, "seed", "test_accuracy"]].itertuples(index=False)}
    for cell in sorted(recorded.keys() | told.keys()):
        # the last digit of a float is up to who reads it
        if not isclose(recorded.get(cell, nan), told.get(cell, nan), rel_tol=1e-12):
            raise InputError(
                f"{kept(name, RUNS)}: {'/'.join(map(str, cell))}: test_accuracy {told.get(cell)}, in {folder} "
                f"{recorded.get(cell)}; `git checkout {FOLDER / name}` brings both back"
            )
