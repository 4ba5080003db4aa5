"""The page of a small study in the current folder, without LaTeX and training; the browser that it is read in."""

import hashlib
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from stages import collect, paper, site, tables
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.study.grid import StudySettings
from stages.training.settings import Run
from tests.helpers.paper import prepare
from tests.helpers.records import accuracy, as_predicted
from tests.helpers.tiny_study import ROOT

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHOUT_SANDBOX = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root otherwise
TEXTS = 120
GRID = {"architectures": ["distilbert", "roberta"], "configurations": ["full", "lora-r8", "lora-ffn"], "probes": []}
GRID |= {"seeds": [42, 43]}


MADE = TemporaryDirectory(prefix="site-tests-")


def make_page(kept: tuple[str, ...] = (), texts: list[str] | None = None, **changes: object) -> str:
    """All inputs of the stage for a changed study, and what it makes of them; made once.

    Args:
        kept: which of the studies in git are kept here too.
        texts: the first texts of the test split.
    """
    made = Path(MADE.name, hashlib.sha256(repr((kept, texts, sorted(changes.items()))).encode()).hexdigest())
    if not made.exists():
        _make_page(kept, texts or [], **{**GRID, **changes})
        shutil.copytree(".", made)
    shutil.copytree(made, ".", dirs_exist_ok=True)
    return site.PAGE.read_text(encoding="utf-8")


def _make_page(kept: tuple[str, ...], texts: list[str], **changes: object) -> None:
    prepare(**changes)
    write_predictions(StudySettings.read(), texts)
    collect.main()
    tables.main()
    write_source()
    shutil.copytree(ROOT / "paper/page", "paper/page", dirs_exist_ok=True)
    for name in kept:
        shutil.copytree(ROOT / "metrics/studies" / name, f"metrics/studies/{name}")
    site.main()


def write_predictions(study: StudySettings, texts: list[str]) -> None:
    """The test split, and each run's answers: the lower a row's number, the harder it is."""
    texts = [*texts, *(f"the plot of film {row} was not good" for row in range(len(texts), TEXTS))]
    labels = np.arange(TEXTS) % 2
    pd.DataFrame({"text": texts, "label": labels}).to_parquet(site.TEST, index=False)
    for run in study.every_run:
        as_predicted(run, answers(run, labels))


def answers(run: Run, labels: np.ndarray) -> pd.DataFrame:
    """Every run is wrong about the first three rows, and about as many more as its accuracy says."""
    generator = np.random.default_rng(run.seed)
    wrong = generator.random(TEXTS) > accuracy(run)
    wrong[:3] = True
    prediction = np.where(wrong, 1 - labels, labels)
    second = np.where(prediction == 1, 0.9, 0.1)
    columns = {"label": labels, "prediction": prediction, "probability_0": 1 - second, "probability_1": second}
    return pd.DataFrame(columns)


def write_source() -> None:
    """``paper/main.tex`` and the numbers that it prints, as stage ``paper`` writes them."""
    results = read_results()
    ledger = build(results)
    for kind in paper.FLOATS:
        ledger.note_printed(paper.GENERATED / kind / "numbers.json")
    text = paper.render(paper.TEMPLATE, paper.context(results, ledger))
    Path("paper/main.tex").write_text(text, encoding="utf-8")
    ledger.write(paper.NUMBERS)
