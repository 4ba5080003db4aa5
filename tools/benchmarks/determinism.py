"""Is a run the same wherever and whenever it is made? Retrains cells of the study and compares.

Run it after the study: ``make determinism``. A clone at the current commit gets the study's data and base models and
retrains twelve cells (four methods of each architecture) one after another, in reverse order of the grid, each in a
process of its own. Weights, predictions and the ``quality`` section must be the same bit for bit. The four methods of
one architecture are then killed in the middle of their second epoch and started again, which must not show either.
Last, one cell runs first, in the middle and last of ten, and once beside another run: its peaks of memory must agree.
"""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.files import sha256
from stages.study.grid import StudySettings
from stages.training import checkpoints
from stages.training.record import Record
from stages.training.settings import Run

REPORT = Path("metrics/bench/determinism.json")
CONFIGURATIONS = ("full", "lora-ffn", "qlora-ffn", "ia3")
INPUTS = ("data/settings", "data/tokenized", "models/base")
SEQUENCE = 10
INTO_EPOCH = 0.3  # seconds after the first checkpoint that a run is killed
SPREAD = 0.05  # of the smallest peak: how far peaks of one run may lie apart
PEAKS = ("peak_memory_host_bytes", "evaluation_peak_memory_host_bytes")


def main() -> None:
    """Print and write which cells came out the same, and how far memory moved."""
    study = StudySettings.read()
    cells = [cell for cell in study.runs if cell.configuration in CONFIGURATIONS and cell.seed == study.seeds[0]]
    if not cells:
        raise InputError(f"configurations: none of {', '.join(CONFIGURATIONS)} is in the grid; at least one is needed")
    with TemporaryDirectory() as name:
        clone = Path(name, "clone")
        subprocess.run(["git", "clone", "--quiet", ".", clone], check=True)
        for folder in INPUTS:
            (clone / folder).parent.mkdir(parents=True, exist_ok=True)
            (clone / folder).symlink_to(Path(folder).resolve())
        rows = [
            compare(cell, retrain(cell, clone, f"{n} of {len(cells)}"), clone) for n, cell in enumerate(cells[::-1], 1)
        ]
        resumed = [killed_and_resumed(cell, clone) for cell in cells if cell.architecture == cells[0].architecture]
        order = positions(cells[0], cells, clone)
    spread = {key: max(row[key] for row in order) / min(row[key] for row in order) - 1 for key in PEAKS}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    report = {"cells": rows, "resumed": resumed, "order": order, "spread": spread}
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(tabulate(rows, headers="keys"))
    print(tabulate(resumed, headers="keys"))
    print(tabulate(order, headers="keys", floatfmt=".1f"))
    made = [*rows, *resumed]
    different = [row["cell"] for row in made if not (row["weights"] and row["predictions"] and row["quality"])]
    if different:
        raise InputError(f"not reproduced: {', '.join(different)}")
    if max(spread.values()) > SPREAD:
        raise InputError(f"memory depends on the order of runs: spread {spread}; allowed: {SPREAD}")


def retrain(cell: Run, clone: Path, place: str) -> Record:
    """Train a cell in the clone, in a process of its own."""
    print(f"[{place}] {cell.architecture} {cell.configuration}", flush=True)
    arguments = [cell.architecture, cell.configuration, str(cell.seed)]
    subprocess.run([sys.executable, "-m", "stages.train", *arguments], cwd=clone, check=True, capture_output=True)
    return Record.read_from(clone / cell.record_path)


def killed_and_resumed(cell: Run, clone: Path) -> dict[str, str | bool | int]:
    """Kill a run of a cell between its first checkpoint and its end, let it go on, and compare.

    Raises:
        InputError: it ended before it was killed, or began anew.
    """
    arguments = [cell.architecture, cell.configuration, str(cell.seed)]
    print(f"[killed and resumed] {cell.architecture} {cell.configuration}", flush=True)
    process = subprocess.Popen([sys.executable, "-m", "stages.train", *arguments], cwd=clone, stdout=subprocess.DEVNULL)
    unfinished = clone / checkpoints.FOLDER / "/".join(arguments)
    while process.poll() is None and not list(unfinished.glob(f"checkpoint-*/{checkpoints.WHOLE}")):
        time.sleep(0.01)
    time.sleep(INTO_EPOCH)
    process.kill()
    if process.wait() != -signal.SIGKILL:
        raise InputError(f"{cell.stage}: ended before it was killed")
    again = retrain(cell, clone, "resumed")
    if not again.cost.resumed_at_step:
        raise InputError(f"{cell.stage}: began anew after it was killed")
    same = compare(cell, again, clone)
    return {"cell": same["cell"], "resumed_at_step": again.cost.resumed_at_step} | {
        key: same[key] for key in ("weights", "predictions", "quality")
    }


def compare(cell: Run, again: Record, clone: Path) -> dict[str, str | bool | float]:
    """Whether the study's own run of a cell and its repetition are the same."""
    first = Record.read_from(cell.record_path)
    prediction_files = [folder / cell.model_path / "predictions.parquet" for folder in (Path(), clone)]
    return {
        "cell": f"{cell.architecture} {cell.configuration} {cell.seed}",
        "weights": again.quality.weights_sha256 == first.quality.weights_sha256,
        "predictions": len(set(map(sha256, prediction_files))) == 1,
        "quality": again.quality == first.quality,
        "memory_ratio": again.cost.peak_memory_host_bytes / first.cost.peak_memory_host_bytes,
    }


def positions(cell: Run, others: list[Run], clone: Path) -> list[dict[str, str | float]]:
    """Peak memory in MiB of ``cell`` run first, in the middle and last of a sequence, and beside another run."""
    rows = []
    for place in range(SEQUENCE):
        chosen = cell if place in (0, SEQUENCE // 2, SEQUENCE - 1) else others[place % len(others)]
        record = retrain(chosen, clone, f"{place + 1} of {SEQUENCE}")
        if chosen == cell:
            rows.append(peaks(record, f"{place + 1} of {SEQUENCE}"))
    with ThreadPoolExecutor(2) as pool:
        beside = pool.submit(retrain, others[-1], clone, "beside")
        rows.append(peaks(pool.submit(retrain, cell, clone, "beside").result(), "beside another"))
        beside.result()
    return rows


def peaks(record: Record, place: str) -> dict[str, str | float]:
    return {"place": place} | {key: getattr(record.cost, key) / 2**20 for key in PEAKS}


if __name__ == "__main__":
    run_stage(main)
