"""Are the study's saved runs the runs, wherever they are copied? Loads copies from another working directory.

``python -m tools.benchmarks.loading``, after the study (``--study`` names the folder of another one): a run of each
configuration and architecture is copied out of the project and loaded as its own card says; what ``tools.export``
writes of it, by ``AutoPeftModelForSequenceClassification`` alone; what ``tools.merge`` writes, by Transformers alone.
All probabilities of the test split are compared with the run's own. ``metrics/bench/loading.json`` and ``.md`` have a
line for each.
"""

import argparse
import re
import shutil
import warnings
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import transformers
from peft import AutoPeftModelForSequenceClassification
from tabulate import tabulate
from transformers import AutoModelForSequenceClassification

from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from stages.study.grid import StudySettings
from stages.training.settings import Run, RunSettings
from stages.training.startup import quiet_bitsandbytes
from tools import export, merge
from tools.benchmarks.common.reloading import difference
from tools.benchmarks.common.results import publish

REPORT = Path("metrics/bench/loading.json")
SAME = 1e-5  # of probabilities
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


class LoadingRow(Strict):
    """Largest differences of a probability; None: that way is not for this run."""

    run: str
    card: float
    auto_peft: float | None = None  # of what ``tools.export`` wrote
    merged: float | None = None  # of what ``tools.merge`` wrote

    @property
    def holds(self) -> bool:
        return all(value is None or value <= SAME for value in (self.card, self.auto_peft, self.merged))


class Loading(Strict):
    """All rows, and how many of them are the same."""

    same: int
    rows: list[LoadingRow]


def main(study: Path) -> None:
    """Load, compare, write and print.

    Raises:
        InputError: the study is not built, or some copy is not its run.
    """
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    quiet_bitsandbytes()
    torch.set_num_threads(1)
    rows = []
    with chdir(study), TemporaryDirectory(prefix="loading-") as name:
        settings = StudySettings.read()
        for run in settings.runs:
            if run.role == "train" and run.seed == settings.seeds[0]:
                rows.append(loaded(run, Path(name, run.architecture, run.configuration)))
                print(" | ".join(cells(rows[-1])), flush=True)
    publish(Loading(same=sum(row.holds for row in rows), rows=rows), REPORT, table)
    if others := [row.run for row in rows if not row.holds]:
        raise InputError(f"{len(others)} of {len(rows)} are other models than the run: {', '.join(others)}")


def loaded(run: Run, folder: Path) -> LoadingRow:
    """One run, each way that is for it."""
    settings = RunSettings.read(run.architecture, run.configuration)
    short = f"{run.architecture}/{run.configuration}/{run.seed}"
    if not run.model_path.is_dir():
        raise InputError(f"{run.model_path}: not found; build the study first")
    shutil.copytree(run.model_path, folder / "copy")
    row = {"run": short, "card": compared(by_card, folder / "copy", run, settings)}
    if settings.method == "peft" and not settings.is_quantized:
        export.main(short, str(folder / "exported"))
        load = AutoPeftModelForSequenceClassification.from_pretrained
        row["auto_peft"] = compared(load, folder / "exported", run, settings)
        merge.main(short, str(folder / "merged"))
        load = AutoModelForSequenceClassification.from_pretrained
        row["merged"] = compared(load, folder / "merged", run, settings)
    return LoadingRow(**row)


def compared(load: Callable, folder: Path, run: Run, settings: RunSettings) -> float:
    """Loaded from a working directory in which nothing lies, then compared where the study's data are."""
    with TemporaryDirectory(prefix="elsewhere-") as elsewhere, chdir(elsewhere):
        model = load(folder)
    return difference(model, run, settings)


def by_card(folder: Path) -> torch.nn.Module:
    """Run the example of a run's own README.md, which was written from its record."""
    example = EXAMPLE.search((folder / "README.md").read_text(encoding="utf-8"))[1]
    names: dict[str, object] = {}
    exec(example.replace('"..."', repr(str(folder))), names)
    return names["model"]


def table(report: Loading, form: str) -> str:
    """A row a run."""
    headers = ["run", "as its card says", "exported, by AutoPeft", "merged, by Transformers"]
    said = f"{report.same} of {len(report.rows)} the same within {SAME:g}, from another working directory."
    return f"{said}\n\n{tabulate(map(cells, report.rows), headers=headers, tablefmt=form, disable_numparse=True)}"


def cells(row: LoadingRow) -> list[str]:
    """Of one row, as the table has them."""
    differences = (row.card, row.auto_peft, row.merged)
    return [row.run, *("--" if value is None else f"{value:.0e}" for value in differences)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default=Path(), help="the folder of a built study")
    run_stage(main, **vars(parser.parse_args()))
