"""Synthetic results of a study, all that the stages after training read, made in seconds."""

import shutil
from pathlib import Path

import pandas as pd

from stages import claims, collect, reconcile, settings
from stages.analysis.runs import read_runs
from stages.study.grid import StudySettings
from tests.helpers.census import make_census
from tests.helpers.preparation import make_baselines, make_card, write_base_report, write_examples, write_lengths
from tests.helpers.records import make_record
from tests.helpers.statistics import make_statistics
from tests.helpers.tiny_study import ROOT, write_params


def write_results(**changes: object) -> StudySettings:
    """Everything that collect, tables, figures and paper read, for a changed params.yaml, in the current folder.

    The rate's scale is fixed here: it is tuned with the miniature encoders and appears in expected texts.
    """
    write_params(Path(), **{"profiles.mini.train.lr_scale": 150, **changes})
    settings.main()
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    study = StudySettings.read()
    for run in study.runs:
        make_record(run).write_to(run.record_path)
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    make_card().write_to(Path("data/raw/card.json"))
    write_examples()
    make_baselines().write()
    make_statistics(study).write()
    for index, architecture in enumerate(study.architectures):
        write_base_report(architecture)
        write_lengths(architecture, 28 + 4 * index, study.max_length)
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
