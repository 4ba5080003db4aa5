"""One line at the start of a run: which of how many, and how long the rest may take."""

import json
from pathlib import Path
from statistics import median

from stages.core.errors import InputError
from stages.training.record import Record
from stages.training.settings import Run

GRID = Path("data/settings/study.json")  # read as plain JSON: its schema is the study's, and no run depends on that


def announce(architecture: str, configuration: str, seed: int) -> None:
    """Print the run's place in the study.

    A record newer than the study's settings was made (or confirmed) by this pass over the grid; the others may
    still be up to date, so the time left is an upper bound. This reads for display only: nothing here
    reaches a result.

    Raises:
        InputError: the study's settings are damaged.
    """
    try:
        study = json.loads(GRID.read_text(encoding="utf-8"))
        runs = [Run(**run) for run in [*study["runs"], *study["sweep"]]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{GRID}: not as `settings` writes it; run `dvc repro -f settings`") from error
    since = GRID.stat().st_mtime
    done = [run for run in runs if _is_newer(run, since)]
    left = ""
    if done:
        seconds = median(_run_seconds(run) for run in done)
        left = f", at most {seconds * (len(runs) - len(done)) / 60:.0f} min left"
    place = min(len(done) + 1, len(runs))
    print(f"[run {place} of {len(runs)}{left}] {architecture} {configuration} seed {seed}", flush=True)


def _is_newer(run: Run, since: float) -> bool:
    return run.record_path.exists() and run.record_path.stat().st_mtime >= since


def _run_seconds(run: Run) -> float:
    cost = Record.read_from(run.record_path).cost
    return cost.startup_seconds + cost.train_seconds + cost.evaluation_seconds + cost.saving_seconds
