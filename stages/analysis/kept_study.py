"""The study of IMDb that is kept in git, beside builds whose reviews are generated."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy.stats import kendalltau

from stages.analysis.runs import read_runs, summarise
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.study.grid import StudySettings

FOLDER = Path("metrics/imdb-mini")  # what `dvc exp run -S profile=imdb-mini` leaves in metrics/, and its data card
TABLE = FOLDER / "runs.csv"


class RealReviews(NamedTuple):
    """One architecture's runs on IMDb."""

    architecture: str
    runs: pd.DataFrame  # see stages/analysis/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by configuration
    card: Card
    base: BaseReport
    agreement: float  # Kendall's tau-b of the mean accuracies on IMDb and of this build, NaN under two configurations


def read_real_reviews(study: StudySettings, cells: pd.DataFrame, card: Card) -> RealReviews | None:
    """What is kept of IMDb for cells of this build; None if there is nothing, or if this build has real reviews itself.

    Args:
        cells: means of this build, indexed by (architecture, configuration).

    Raises:
        InputError: a file is invalid.
    """
    if card.source != "generated" or not TABLE.exists():
        return None
    runs = read_runs(TABLE)
    (architecture,) = runs["architecture"].unique()
    own = summarise(runs).set_index("configuration")
    own = own.loc[[name for name in study.configurations if name in own.index]]
    if architecture not in study.architectures or own.empty:
        return None
    scores = own["test_accuracy_mean"], cells.loc[architecture]["test_accuracy_mean"].reindex(own.index)
    base = BaseReport.model_validate_json(base_path(architecture).read_text(encoding="utf-8"))
    agreement = float(kendalltau(*scores, nan_policy="omit").statistic)
    return RealReviews(architecture, runs, own, Card.read_from(FOLDER / "card.json"), base, agreement)


def base_path(architecture: str) -> Path:
    return FOLDER / "base" / f"{architecture}.json"
