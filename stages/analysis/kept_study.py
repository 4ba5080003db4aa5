"""The study of IMDb that is kept in git, beside builds whose reviews are generated."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy.stats import kendalltau

from stages.analysis.runs import RUNS, read_runs, summarise
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.study.grid import StudySettings

FOLDER = Path("metrics/imdb-mini")  # what `dvc exp run -S profile=imdb-mini` leaves in metrics/, and its data card
CARD = FOLDER / "card.json"


class KeptStudy(NamedTuple):
    """One architecture's runs on IMDb."""

    architecture: str
    runs: pd.DataFrame  # see stages/analysis/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by configuration
    card: Card
    base: BaseReport
    agreement: float  # Kendall's tau-b of the mean accuracies on IMDb and of this build, NaN under two configurations


def kept(path: Path) -> Path:
    """Where a file of ``metrics/`` is kept."""
    return FOLDER / path.relative_to("metrics")


TABLE = kept(RUNS)


def read_kept_study(study: StudySettings, cells: pd.DataFrame, card: Card) -> KeptStudy | None:
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
    kept_cells = summarise(runs).set_index("configuration")
    kept_cells = kept_cells.loc[[name for name in study.configurations if name in kept_cells.index]]
    if architecture not in study.architectures or kept_cells.empty:
        return None
    here = cells.loc[architecture]["test_accuracy_mean"].reindex(kept_cells.index)
    return KeptStudy(
        architecture=architecture,
        runs=runs,
        cells=kept_cells,
        card=Card.read_from(CARD),
        base=BaseReport.read_from(kept(BaseReport.path(architecture)), BaseReport.STAGE.format(architecture)),
        agreement=float(kendalltau(kept_cells["test_accuracy_mean"], here, nan_policy="omit").statistic),
    )
