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
        adapters = []
        for name in self.study.headline:
            configuration = self.study.configurations[name]
            if configuration.lr == "base" and configuration.method != "full":
                adapters.append(name)
        return adapters

    def comparison(self, architecture: str, first: str, second: str) -> Comparison | None:
        """The paired test of two configurations, whichever way round it was made; None if it was not."""
        for test in self.statistics.comparisons:
            if test.architecture == architecture and {test.first, test.second} == {first, second}:
                return test
        return None

    def mean(self, architecture: str, configuration: str, column: str = "test_accuracy_mean") -> float:
        return self.cells.loc[(architecture, configuration), column]

    def is_probe(self, architecture: str, configuration: str) -> bool:
        """Whether a cell probes the learning rate and is no part of the headline grid."""
        return self.cells.loc[(architecture, configuration), "role"] == "probe"

    def completed(self, architecture: str, names: list[str]) -> list[str]:
        """Those of ``names`` with a run that completed on the architecture."""
        return [name for name in names if not self.is_hole(architecture, name)]

    def is_hole(self, architecture: str, configuration: str) -> bool:
        """Whether every run of the cell failed."""
        return bool(self.cells.loc[(architecture, configuration), "seeds"] == 0)

    def has_hole(self, architecture: str, configuration: str) -> bool:
        """Whether a run of the cell failed: its means are over the other seeds, or there is none."""
        return bool(self._failed_seeds(architecture, configuration))

    def records(self, architecture: str, *configurations: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Record files of the runs of one or several cells, and the files of the settings that they were told."""
        files = []
        for configuration in configurations:
            failed_seeds = self._failed_seeds(architecture, configuration)
            for run in self.study.runs:
                of_cell = (run.architecture, run.configuration) == (architecture, configuration)
                if of_cell and run.seed not in failed_seeds:
                    files.append(str(run.record_path))
        settings = [str(RunSettings.path(architecture, configuration)) for configuration in configurations]
        return tuple(files), tuple(settings)

    def first_run(self, column: str, configuration: str) -> Source:
        """Where a column of a configuration's first run is read."""
        return Source(RUNS, column, *self.records(next(iter(self.study.architectures)), configuration))

    def _failed_seeds(self, architecture: str, configuration: str) -> set[int]:
        of_cell = (self.failed["architecture"] == architecture) & (self.failed["configuration"] == configuration)
        return set(self.failed["seed"][of_cell])


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
    card = Card.read()
    return Results(
        study=study,
        runs=runs,
        cells=cells,
        card=card,
        bases=bases,
        baselines=Baselines.read(),
        statistics=Statistics.read(),
        claims=Claims.read(),
        reconciliation=Reconciliation.read(),
        memory=against_published(census),
        processes=by_process(census),
        census=census,
        failed=failed,
        real=read_kept_study(study, cells, card),
    )


def _check_grid(study: StudySettings, runs: pd.DataFrame, failed: pd.DataFrame) -> None:
    """Exactly one row a run of the grid, but for those that failed."""
    key = [*CELL, "seed"]
    planned = [(run.architecture, run.configuration, run.seed) for run in study.runs]
    rows = list(runs[key].itertuples(index=False, name=None))
    without_row = set(failed[key].itertuples(index=False, name=None))
    for run in planned:
        if run not in rows and run not in without_row:
            raise InputError(f"{RUNS}: no row for {' '.join(map(str, run))}; run `dvc repro collect`")
    for index, run in enumerate(rows):
        if run not in planned or run in rows[:index]:
            line = index + 2  # of the file, under its header
            raise InputError(f"{RUNS}:{line}: {' '.join(map(str, run))} is not in the grid; run `dvc repro -f collect`")
