"""A whole study in the current folder, from params.yaml to the PDF: every stage, in this process."""

import shutil
from pathlib import Path

from stages import (
    base,
    baselines,
    claims,
    collect,
    figures,
    paper,
    prepare,
    reconcile,
    settings,
    site,
    statistics,
    tables,
    tokenize,
)
from stages.study.grid import StudySettings
from stages.training.run import fine_tune
from tests.helpers.census import make_census
from tests.helpers.tiny_study import ROOT

BUILT = ("generated", "main.tex", "main.pdf", "site", "*.tar.gz", "*.py", "__pycache__")


def build() -> StudySettings:
    """Run every stage; the census, which no data change, is made up."""
    for name in ("paper", "data/reported", "stages/published"):
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns(*BUILT), dirs_exist_ok=True)
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    settings.main()
    study = StudySettings.read()
    prepare.main()
    for architecture in study.architectures:
        base.main(architecture)
        tokenize.main(architecture)
    for run in study.every_run:
        fine_tune(run.architecture, run.configuration, run.seed)
    make_census(study).write()
    for stage in (baselines, collect, statistics, reconcile, claims, tables, figures, paper, site):
        stage.main()
    return study


def pdf_text() -> str:
    """What the pages say, white space as single spaces."""
    from pypdf import PdfReader

    pages = PdfReader(Path("paper/main.pdf")).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())
