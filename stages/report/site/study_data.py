"""What the page shows a study from: the one of this build, and those that are kept in git, read alike."""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stages.analysis.kept_study import FOLDER, kept, read_kept
from stages.analysis.runs import CELL, RUNS, Factors, factors_of, made_by, read_runs, summarise
from stages.analysis.statistics import Statistics
from stages.core.errors import InputError
from stages.data.card import Card
from stages.published.claims import Claims, Judged
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.producers import Producers
from stages.report.site.shown import Printer
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.settings import Run

THIS = "this-build"  # among the names of kept studies, none of which has such a folder


class StudyData(NamedTuple):
    """One study. ``statistics`` is the file as plain data: one of an older schema lacks some keys."""

    name: str
    description: str | None
    small_scale: bool | None  # None: not recorded
    made_of: str | None  # commit of a kept study
    labels: dict[str, str]  # of architectures and configurations
    card: Card
    runs: pd.DataFrame  # see stages/analysis/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by (architecture, configuration); NaN where all runs failed
    statistics: dict
    records: dict[str, Record]  # by the path of the file
    paths: dict[tuple[str, str, int], str]  # by architecture, configuration and seed, the path of the record
    claims: list[Judged]
    printer: Printer
    settings: dict[tuple[str, str], tuple[str, ...]]  # by cell, the files of what its runs were told

    @property
    def is_this(self) -> bool:
        return self.name == THIS

    def label(self, name: str) -> str:
        """What an architecture or a configuration is called."""
        return self.labels.get(name, name)

    def source(self, file: Path | str, key: str, architecture: str = "", *configurations: str) -> Source:
        """Where a number is read, with the records and the settings of the cells behind it."""
        records, told = [], []
        for configuration in configurations:
            of_cell = [path for run, path in self.paths.items() if run[:2] == (architecture, configuration)]
            records += of_cell
            told += self.settings.get((architecture, configuration), ())
        return Source(file, key, tuple(records), tuple(told))

    def predictions(self, architecture: str, configuration: str) -> str:
        """The test predictions of a cell's first run."""
        record = next(path for run, path in self.paths.items() if run[:2] == (architecture, configuration))
        return f"{record.replace('metrics/runs', 'models/runs', 1).removesuffix('.json')}/predictions.parquet"

    def source_of_run(self, file: Path | str, key: str, run: tuple[str, str, int]) -> Source:
        """The same of one run: architecture, configuration, seed."""
        return Source(file, key, (self.paths[run],), self.settings.get(run[:2], ()))

    def cell_label(self, architecture: str, configuration: str) -> str:
        return f"{self.label(configuration)}, {self.label(architecture)}"

    @property
    def architectures(self) -> list[str]:
        return list(dict.fromkeys(architecture for architecture, _ in self.cells.index))

    @property
    def headline(self) -> pd.DataFrame:
        """The cells of the headline grid that have a run."""
        return self.cells[(self.cells["role"] == "train") & (self.cells["seeds"] > 0)]


def this_study(results: Results, ledger: Ledger) -> StudyData:
    """The study of this build."""
    study = results.study
    paths = record_paths(results.runs, results.tuning.factors)
    return StudyData(
        name=THIS,
        description=f"profile {study.profile}: {study.description}",
        small_scale=study.small_scale,
        made_of=None,
        labels=study.labels,
        card=results.card,
        runs=results.runs,
        cells=results.cells,
        statistics=results.statistics.model_dump(),
        records={path: Record.read_from(Path(path)) for path in paths.values()},
        paths=paths,
        claims=results.claims.claims if results.is_discussed else [],
        printer=Printer(ledger, Ledger(Producers())),
        settings={cell: results.records(*cell)[1] for cell in results.cells.index},
    )


def kept_studies(labels: dict[str, str], folder: Path = FOLDER) -> list[StudyData]:
    """Every study that is kept in git, by name.

    Args:
        labels: of this build's architectures and configurations; a kept study may have labels of its own.

    Raises:
        InputError: a file of one is missing or damaged.
    """
    found = sorted(path.name for path in folder.glob("*") if path.is_dir()) if folder.exists() else []
    return [_kept(name, labels) for name in found]


def _kept(name: str, labels: dict[str, str]) -> StudyData:
    runs = read_runs(kept(name, RUNS))
    paths = {run: str(kept(name, Path(path))) for run, path in record_paths(runs, factors_of(runs)).items()}
    settings, claims = kept(name, Path("metrics/study.json")), kept(name, Claims.path())
    study = read_kept(StudySettings, settings) if settings.exists() else None
    small = study.small_scale if study else (_plain(claims).get("small_scale") if claims.exists() else None)
    return StudyData(
        name=name,
        description=f"profile {study.profile}: {study.description}" if study else None,
        small_scale=small,
        made_of=_commit(name),
        labels=labels | (study.labels if study else {}),
        card=read_kept(Card, kept(name, Card.path())),
        runs=runs,
        cells=summarise(runs).set_index(CELL),
        statistics=_plain(kept(name, Statistics.path())),
        records={path: read_kept(Record, Path(path)) for path in paths.values()},
        paths=paths,
        claims=[],  # read as they were then
        printer=Printer(None),
        settings={},
    )


def record_paths(runs: pd.DataFrame, factors: Factors) -> dict[tuple[str, str, int], str]:
    """Where the record of each row of the table is, relative to the project."""
    paths = {}
    for architecture, configuration, seed, role in runs[[*CELL, "seed", "role"]].itertuples(index=False, name=None):
        run = Run(architecture=architecture, configuration=configuration, seed=int(seed), role=role)
        paths[architecture, configuration, int(seed)] = str(made_by(run, factors).record_path)
    return paths


def _commit(name: str) -> str | None:
    path = kept(name, Path("metrics/made_of.json"))
    return _plain(path).get("commit") if path.exists() else None


def _plain(path: Path) -> dict:
    """A JSON file of whatever schema it was written by.

    Raises:
        InputError: it is missing or no JSON.
    """
    again = f"`git checkout {path}` brings it back"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}; {again}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: no mapping; {again}")
    return content
