"""One line at the start of a run: which of how many, and how long the rest may take."""

import json
from statistics import median

from stages.lib.cells import STUDY, Cell
from stages.lib.records import read_record


def announce(architecture: str, configuration: str, seed: int) -> None:
    """Print the run's place in the study.

    A record newer than the study's settings was made (or confirmed) by this pass over the grid; the others may
    still be up to date, so the time left is an upper bound. This reads for display only: nothing here
    reaches a result.
    """
    cells = [Cell(**cell) for cell in json.loads(STUDY.read_text(encoding="utf-8"))["cells"]]
    since = STUDY.stat().st_mtime
    done = [cell for cell in cells if _is_newer(cell, since)]
    left = ""
    if done:
        seconds = median(_run_seconds(cell) for cell in done)
        left = f", at most {seconds * (len(cells) - len(done)) / 60:.0f} min left"
    place = min(len(done) + 1, len(cells))
    print(f"[run {place} of {len(cells)}{left}] {architecture} {configuration} seed {seed}", flush=True)


def _is_newer(cell: Cell, since: float) -> bool:
    return cell.record_path.exists() and cell.record_path.stat().st_mtime >= since


def _run_seconds(cell: Cell) -> float:
    cost = read_record(cell.record_path).cost
    return cost.startup_seconds + cost.train_seconds + cost.evaluation_seconds + cost.saving_seconds
