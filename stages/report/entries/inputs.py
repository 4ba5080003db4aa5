"""All that the report is written from, read once."""

from typing import NamedTuple

import pandas as pd

from stages.analysis.baselines import Baselines
from stages.analysis.kept_study import REAL, KeptStudy, read_kept_study
from stages.analysis.runs import CELL, RUNS, made_by, read_failed, read_runs, summarise, with_holes
from stages.analysis.statistics import Comparison, Statistics
from stages.core.errors import InputError
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.encoders.token_report import TokenReport
from stages.fullsize.census import Census, CensusCell
from stages.published import scope
from stages.published.claims import Claims
from stages.published.memory_check import by_process, printed_peaks
from stages.published.reconciliation import Reconciliation
from stages.report.numbers.ledger import Source
from stages.study.grid import StudySettings
from stages.training.settings import RunSettings
from stages.tuning.tuning import Tuning


class Measure(NamedTuple):
    """What configurations are ranked by."""

    key: str  # of a cell's number in the ledger
    difference: str  # of two cells' difference there, and of its size
    distance: str
    column: str  # of the means over seeds
    noun: str  # in a sentence


ACCURACY = Measure("accuracy", "difference", "distance", "test_accuracy_mean", "accuracy")
MACRO_F1 = Measure("f1", "f1_difference", "f1_distance", "test_f1_macro_mean", "macro-F1")
# A class is as large as the others if it has no more rows than this, nor fewer, of what they have on average.
MOST_OF_OTHERS, LEAST_OF_OTHERS = 1.5, 0.5


def are_balanced(counts: list[int]) -> bool:
    """Whether classes are of similar size; of two, neither has more than three in five rows."""
    for index, count in enumerate(counts):
        others = counts[:index] + counts[index + 1 :]
        mean_of_others = sum(others) / len(others)
        if not LEAST_OF_OTHERS * mean_of_others <= count <= MOST_OF_OTHERS * mean_of_others:
            return False
    return True


class Results(NamedTuple):
    """Validated inputs of tables, numbers and text."""

    study: StudySettings
    runs: pd.DataFrame  # see stages/analysis/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by (architecture, configuration)
    card: Card
    bases: dict[str, BaseReport]
    tokens: dict[str, TokenReport]  # by architecture
    baselines: Baselines
    statistics: Statistics
    claims: Claims
    reconciliation: Reconciliation
    memory: pd.DataFrame  # see memory_check.printed_peaks
    processes: pd.DataFrame  # see memory_check.by_process
    census: Census
    failed: pd.DataFrame  # runs of the grid that have no row: holes, see runs.read_failed
    real: KeptStudy | None  # kept runs on IMDb, beside generated reviews
    tuning: Tuning  # every learning rate that was tried, and the one that the runs of each cell are of

    @property
    def is_discussed(self) -> bool:
        """Whether the study that this one reproduces is a subject of the report."""
        return scope.is_discussed(self.study, self.card)

    @property
    def is_compared(self) -> bool:
        """Whether these records decide anything about it."""
        return scope.is_compared(self.study, self.card)

    def class_counts(self, split: str) -> list[int]:
        """Rows of each class, by its id."""
        counts = self.card.splits[split].class_counts
        return [counts.get(str(label), 0) for label in range(len(self.card.classes))]

    @property
    def is_balanced(self) -> bool:
        """Whether the classes of the test split are of similar size."""
        return are_balanced(self.class_counts("test"))

    @property
    def measure(self) -> Measure:
        """Accuracy, but where one class is so frequent that naming it alone would do well."""
        return ACCURACY if self.is_balanced else MACRO_F1

    def leading(self, architecture: str, configuration: str) -> float:
        """A cell's mean of the measure that configurations are ranked by."""
        return self.mean(architecture, configuration, self.measure.column)

    @property
    def bag_leading(self) -> float:
        """The same of the bag of words."""
        bag = self.baselines.tfidf_logistic_regression
        return bag.test_accuracy if self.measure == ACCURACY else bag.test_f1_macro

    @property
    def base_rate_adapters(self) -> list[str]:
        """Configurations of the headline grid at the base rate, full fine-tuning aside."""
        adapters = []
        for name in self.study.headline:
            configuration = self.study.configurations[name]
            if configuration.lr == "base" and configuration.method != "full":
                adapters.append(name)
        return adapters

    @property
    def is_tuned(self) -> bool:
        """Whether a cell's runs are those at the best of several rates, chosen on validation."""
        return self.study.is_tuned

    @property
    def rate_is_shared(self) -> bool:
        """Whether all of the headline grid but probes of the learning rate were run at the base rate."""
        at_base = [name for name in self.study.headline if self.study.configurations[name].lr == "base"]
        rates = self.runs.loc[self.runs["configuration"].isin(at_base), "nominal_learning_rate"]
        return not self.is_tuned and bool((rates == self.study.lr).all())

    def counted(self, protocol: str) -> dict[str, dict[str, CensusCell]]:
        """Cells of the census by architecture and configuration; none of a protocol that it lacks, nor holes."""
        cells = {}
        for architecture, entries in self.census.root.get(protocol, {}).items():
            cells[architecture] = {name: entry for name, entry in entries.items() if isinstance(entry, CensusCell)}
        return cells

    @property
    def uncounted(self) -> list[tuple[str, str]]:
        """Cells of the grid, by architecture and configuration, that the census has no count of under some protocol."""
        missing = []
        for architecture, configuration in self.cells.index:
            grids = [grid.get(architecture, {}) for grid in map(self.counted, self.census.root)]
            if any(configuration not in grid for grid in grids):
                missing.append((architecture, configuration))
        return missing

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
        files, settings = [], {}
        for configuration in configurations:
            failed_seeds = self._failed_seeds(architecture, configuration)
            for run in self.study.runs:
                if (run.architecture, run.configuration) == (architecture, configuration):
                    made = made_by(run, self.tuning.factors)  # at the best rate, where rates are tuned
                    settings[str(RunSettings.path(architecture, made.configuration))] = None
                    if run.seed not in failed_seeds:
                        files.append(str(made.record_path))
        return tuple(files), tuple(settings)

    def records_of(self, configuration: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same of a configuration on all architectures."""
        records, settings = [], []
        for architecture in self.study.architectures:
            of_cell = self.records(architecture, configuration)
            records += of_cell[0]
            settings += of_cell[1]
        return tuple(records), tuple(settings)

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
        tokens={name: TokenReport.read(name) for name in study.architectures},
        baselines=Baselines.read(),
        statistics=Statistics.read(),
        claims=Claims.read(),
        reconciliation=Reconciliation.read(),
        memory=printed_peaks(census),
        processes=by_process(census),
        census=census,
        failed=failed,
        real=read_kept_study(REAL, study, cells, card),
        tuning=Tuning.read(),
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
