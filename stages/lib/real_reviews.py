"""The study of IMDb that is kept in git, beside builds whose reviews are generated."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy.stats import kendalltau

from stages.lib.card import Card, read_card
from stages.lib.cells import Cell
from stages.lib.ledger import Ledger, Origin
from stages.lib.numbers import COUNT, DIFFERENCE, FACTOR, PERCENT, POINTS
from stages.lib.pretraining import PretrainingReport
from stages.lib.runs import read_runs, reference, summarise
from stages.lib.settings import StudySettings

FOLDER = Path("metrics/imdb-mini")  # what `dvc exp run -S profile=imdb-mini` leaves in metrics/, and its data card
TABLE = FOLDER / "runs.csv"


class RealReviews(NamedTuple):
    """One architecture's runs on IMDb."""

    architecture: str
    runs: pd.DataFrame  # see stages/lib/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by configuration
    card: Card
    base: PretrainingReport
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
    base = PretrainingReport.model_validate_json(base_path(architecture).read_text(encoding="utf-8"))
    agreement = float(kendalltau(*scores, nan_policy="omit").statistic)
    return RealReviews(architecture, runs, own, read_card(FOLDER / "card.json"), base, agreement)


def base_path(architecture: str) -> Path:
    return FOLDER / "base" / f"{architecture}.json"


def enter(ledger: Ledger, real: RealReviews, study: StudySettings) -> None:
    """Its numbers: accuracy of each configuration, and its difference from full fine-tuning."""
    full, accuracy = reference(study), real.cells["test_accuracy_mean"]
    for name, cell in real.cells.iterrows():
        own = real.runs[real.runs["configuration"] == name]
        cells = (Cell(architecture=real.architecture, configuration=name, seed=s, role="train") for s in own["seed"])
        records = tuple(str(FOLDER / cell.record_path.relative_to("metrics")) for cell in cells)
        where = f"test_accuracy where configuration is {name}"
        ledger.add(f"imdb.{name}.accuracy", accuracy[name], PERCENT, Origin(TABLE, f"mean of {where}", records))
        ledger.add(
            f"imdb.{name}.accuracy_sd", cell["test_accuracy_sd"], POINTS, Origin(TABLE, f"sd of {where}", records)
        )
        if full in accuracy and name != full:
            source = Origin(TABLE, f"mean of {where} - that of {full}", records)
            ledger.add(f"imdb.{name}.difference", accuracy[name] - accuracy[full], DIFFERENCE, source)
    for split in ("train", "test", "unsupervised"):
        source = Origin(FOLDER / "card.json", f"splits.{split}.rows")
        ledger.add(f"imdb.{split}", real.card.splits[split].rows, COUNT, source)
    ledger.add("imdb.runs", len(real.runs), COUNT, Origin(TABLE, "number of rows"))
    ledger.add("imdb.steps", real.base.steps, COUNT, Origin(base_path(real.architecture), "steps"))
    source = Origin(TABLE, f"Kendall's tau-b of mean test_accuracy with that of {real.architecture} in this build")
    ledger.add("imdb.agreement", real.agreement, FACTOR, source, optional=True)
