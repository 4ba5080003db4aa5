"""Synthetic results of a study, all that the stages after training read, made in seconds."""

import shutil
from pathlib import Path

import pandas as pd

from stages import claims, collect, reconcile, settings
from stages.analysis.runs import read_runs
from stages.study.grid import StudySettings
from tests.helpers.census import make_census
from tests.helpers.kinds import GENERATED, IMDB, Kind, statistics_of
from tests.helpers.preparation import (
    make_baselines,
    make_card,
    write_base_report,
    write_lengths,
    write_package_report,
    write_token_report,
)
from tests.helpers.records import make_record
from tests.helpers.tiny_study import ROOT, write_params


def write_results(kind: Kind = GENERATED, **changes: object) -> StudySettings:
    """Everything that collect, tables, figures and paper read, for a changed params.yaml, in the current folder.

    The rate's scale is fixed here: it is tuned with the miniature encoders and appears in expected texts.
    """
    write_params(Path(), **{"profiles.mini.train.lr_scale": 150, **kind.params, **changes})
    settings.main()
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    study = StudySettings.read()
    if study.base_source in ("hub", "package") and kind is GENERATED:
        kind = IMDB
    for run in study.every_run:
        make_record(run, kind.matrix(run)).write_to(run.record_path)
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    make_card(kind.shares, kind.test_rows, **kind.card).write_to(Path("data/raw/card.json"))
    kind.write_texts()
    make_baselines(max(kind.shares), kind.unit, kind.ceiling).write()
    statistics_of(kind, study).write()
    for index, architecture in enumerate(study.architectures):
        write_package_report(architecture) if study.base_source == "package" else write_base_report(architecture)
        write_lengths(architecture, 28 + 4 * index, study.max_length)
        write_token_report(architecture, kind.truncated, kind.test_rows)
    return study


def make_runs(**changes: object) -> tuple[StudySettings, pd.DataFrame]:
    """The grid of a changed params.yaml, and its table of runs."""
    study = write_results(**changes)
    collect.main()
    return study, read_runs()


def judge_published_study() -> None:
    """Everything that follows from the published figures, in the current folder; needs ``metrics/runs.csv``."""
    for name in ("data/reported", "stages/published"):
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    make_census(StudySettings.read()).write()
    reconcile.main()
    claims.main()
