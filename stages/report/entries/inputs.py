"""All that the report is written from, read once."""

from typing import NamedTuple

import pandas as pd

from stages.analysis.baselines import Baselines
from stages.analysis.kept_study import KeptStudy, read_kept_study
from stages.analysis.runs import CELL, RUNS, read_failed, read_runs, summarise, with_holes
from stages.analysis.statistics import Comparison, Statistics
from stages.core.errors import InputError
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.fullsize.census import Census
from stages.published.claims import Claims
from stages.published.memory_check import against_published, by_process
from stages.published.reconciliation import Reconciliation
from stages.report.numbers.ledger import Source
from stages.study.grid import StudySettings
from stages.training.settings import RunSettings


class Results(NamedTuple):
    """Validated inputs of tables, numbers and text."""

    study: StudySettings
    runs: pd.DataFrame  # see stages/analysis/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by (architecture, configuration)
    card: Card
    bases: dict[str, BaseReport]
    baselines: Baselines
    statistics: Statistics
    claims: Claims
    reconciliation: Reconciliation
    memory: pd.DataFrame  # see memory_check.against_published
    processes: pd.DataFrame  # see memory_check.by_process
    census: Census
    failed: pd.DataFrame  # runs of the grid that have no row: holes, see runs.read_failed
    real: KeptStudy | None  # kept runs on IMDb, beside generated reviews

    @property
    def base_rate_adapters(self) -> list[str]:
        """Configurations of the headline grid at the base rate, full fine-tuning aside."""
        own = self.study.configurations
        return [name for name in self.study.headline if own[name].lr == "base" and own[name].method != "full"]

    def comparison(self, architecture: str, first: str, second: str) -> Comparison | None:
        """The paired test of two configurations, whichever way round it was made; None if it was not."""
        wanted = {first, second}
        return next(
            (
                c
                for c in self.statistics.comparisons
                if c.architecture == architecture and {c.first, c.second} == wanted
            ),
            None,
        )

    def mean(self, architecture: str, configuration: str, column: str = "test_accuracy_mean") -> float:
        return self.cells.loc[(architecture, configuration), column]

    def made(self, architecture: str, names: list[str]) -> list[str]:
        """Those of ``names`` with a run that completed on the architecture."""
        return [name for name in names if not self.is_hole(architecture, name)]

    def records(self, configuration: str, architecture: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Record files of a cell's runs, and the file of the settings that they were told."""
        here, failed = (
            (architecture, configuration),
            set(self.failed["seed"][self.holes_of(architecture, configuration)]),
        )
        cells = [c for c in self.study.runs if (c.architecture, c.configuration) == here and c.seed not in failed]
        return tuple(str(c.record_path) for c in cells), (str(RunSettings.path(architecture, configuration)),)

    def holes_of(self, architecture: str, configuration: str) -> pd.Series:
        """Which rows of ``failed`` are runs of a cell."""
        return (self.failed["architecture"] == architecture) & (self.failed["configuration"] == configuration)

    def has_hole(self, architecture: str, configuration: str) -> bool:
        """Whether a run of the cell failed: its means are over the other seeds, or there is none."""
        return bool(self.holes_of(architecture, configuration).any())

    def is_hole(self, architecture: str, configuration: str) -> bool:
        """Whether every run of the cell failed."""
        return bool(self.cells.loc[(architecture, configuration), "seeds"] == 0)

    def origin(self, column: str, configuration: str) -> Source:
        """A column of a configuration's first run."""
        return Source(RUNS, column, *self.records(configuration, next(iter(self.study.architectures))))


def read_results() -> Results:
    """Read everything.

    Raises:
        InputError: the first missing or invalid file, or the first run that the grid lacks or does not have.
    """
    study, runs, failed = StudySettings.read(), read_runs(), read_failed()
    _check_grid(study, runs, failed)
    cells = with_holes(summarise(runs), study)
    bases = {name: BaseReport.read(name) for name in study.architectures}
    census = Census.read()
    judged = Claims.read(), Reconciliation.read(), against_published(census), by_process(census), census
    card = Card.read()
    real = read_kept_study(study, cells, card)
    return Results(study, runs, cells, card, bases, Baselines.read(), Statistics.read(), *judged, failed, real)


def _check_grid(study: StudySettings, runs: pd.DataFrame, failed: pd.DataFrame) -> None:
    """Exactly one row a run of the grid, but for those that failed."""
    holes = set(failed[[*CELL, "seed"]].itertuples(index=False, name=None))
    wanted = [(cell.architecture, cell.configuration, cell.seed) for cell in study.runs]
    found = list(runs[[*CELL, "seed"]].itertuples(index=False, name=None))
    for cell in wanted:
        if cell not in found and cell not in holes:
            raise InputError(f"{RUNS}: no row for {' '.join(map(str, cell))}; run `dvc repro collect`")
    for row, cell in enumerate(found, start=2):
        if cell not in wanted or cell in found[: row - 2]:
            raise InputError(f"{RUNS}:{row}: {' '.join(map(str, cell))} is not in the grid; run `dvc repro -f collect`")
