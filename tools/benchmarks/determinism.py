"""Is a run the same wherever and whenever it is made? Repeats runs of the study and compares.

Run it after the study: ``make determinism``; or of a study in ``studies/``, ``python -m tools.benchmarks.determinism
--study laptop --repeat-only``, which repeats a run of each method and leaves the rest out.

A clone at the current commit gets the study's data and base models and repeats twelve runs (four methods of each
architecture) one after another, in reverse order of the grid, each in a process of its own. Weights, predictions and
the ``quality`` section must be the same bit for bit. The four methods of one architecture are then killed in the middle
of their second epoch and started again, which must not show either. Last, one run is made first, in the middle and last
of ten, and once beside another: its peaks of memory must agree.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.files import sha256, write_text
from stages.study.grid import StudySettings
from stages.training import checkpoints
from stages.training.environment import git
from stages.training.record import Record
from stages.training.settings import Run
from tools.studies.merging import built_folder

REPORT = Path("metrics/bench/determinism.json")
CONFIGURATIONS = ("full", "lora-ffn", "qlora-ffn", "ia3", "head-only")
INPUTS = ("data/settings", "data/tokenized", "models/base")
SEQUENCE = 10
INTO_EPOCH = 0.3  # seconds after the first checkpoint that a run is killed
SPREAD = 0.05  # of the smallest peak: how far peaks of one run may lie apart
COMPARED = ("weights", "predictions", "quality")
PEAKS = ("peak_memory_host_bytes", "evaluation_peak_memory_host_bytes")


def main(study: str = "", repeat_only: bool = False) -> None:
    """Print and write which runs came out the same, and how far memory moved.

    Args:
        study: one of ``studies/`` that has been built; empty: the workspace's.
        repeat_only: kill nothing, and leave memory out.

    Raises:
        InputError: none of these methods is in the grid, a run differs, or memory depends on the order.
    """
    with chdir(built_folder(study) if study else Path()):
        report = repeated(repeat_only)
    name = f"{REPORT.stem}-{study}" if study else REPORT.stem
    write_text(REPORT.with_stem(name), json.dumps(report, indent=2) + "\n")
    for part in ("cells", "resumed", "order"):
        if report.get(part):
            print(tabulate(report[part], headers="keys", floatfmt=".1f" if part == "order" else "g"))
    rows = report["cells"] + report.get("resumed", [])
    different = [row["cell"] for row in rows if not all(row[key] for key in COMPARED)]
    if different:
        raise InputError(f"not reproduced: {', '.join(different)}")
    spread = report.get("spread", {})
    if max(spread.values(), default=0) > SPREAD:
        raise InputError(f"memory depends on the order of runs: spread {spread}; allowed: {SPREAD}")


def repeated(only: bool) -> dict[str, object]:
    """Runs of the study in the current folder, made again; unless ``only`` that, killed, and in another order."""
    study = StudySettings.read()
    runs = [run for run in study.runs if run.configuration in CONFIGURATIONS and run.seed == study.seeds[0]]
    if not runs:
        raise InputError(f"configurations: none of {', '.join(CONFIGURATIONS)} is in the grid; at least one is needed")
    with TemporaryDirectory() as name:
        clone = Path(name, "clone")
        make_clone(clone)
        cells = []
        for number, run in enumerate(reversed(runs), 1):
            cells.append(compare(run, retrain(run, clone, f"{number} of {len(runs)}"), clone))
        if only:
            return {"cells": cells}
        resumed = [killed_and_resumed(run, clone) for run in runs if run.architecture == runs[0].architecture]
        order = positions(runs[0], runs, clone)
    spread = {}
    for key in PEAKS:
        peaks_of_key = [row[key] for row in order]
        spread[key] = max(peaks_of_key) / min(peaks_of_key) - 1
    return {"cells": cells, "resumed": resumed, "order": order, "spread": spread}


def make_clone(clone: Path) -> None:
    """The current commit with links to the study's data and base models."""
    git("clone", "--quiet", ".", str(clone))
    for folder in INPUTS:
        (clone / folder).parent.mkdir(parents=True, exist_ok=True)
        (clone / folder).symlink_to(Path(folder).resolve())


def command(run: Run) -> list[str]:
    return [sys.executable, "-m", "stages.train", run.architecture, run.configuration, str(run.seed)]


def retrain(run: Run, clone: Path, place: str) -> Record:
    """Make a run in the clone, in a process of its own."""
    print(f"[{place}] {run.architecture} {run.configuration}", flush=True)
    subprocess.run(command(run), cwd=clone, check=True, capture_output=True)
    return Record.read_from(clone / run.record_path)


def killed_and_resumed(run: Run, clone: Path) -> dict[str, str | bool | int]:
    """Kill a run between its first checkpoint and its end, let it go on, and compare.

    Raises:
        InputError: it ended before it was killed, or began anew.
    """
    print(f"[killed and resumed] {run.architecture} {run.configuration}", flush=True)
    process = subprocess.Popen(command(run), cwd=clone, stdout=subprocess.DEVNULL)
    unfinished = clone / checkpoints.FOLDER / run.architecture / run.configuration / str(run.seed)
    while process.poll() is None and not list(unfinished.glob(f"checkpoint-*/{checkpoints.WHOLE}")):
        time.sleep(0.01)
    time.sleep(INTO_EPOCH)
    process.kill()
    if process.wait() != -signal.SIGKILL:
        raise InputError(f"{run.stage}: ended before it was killed")
    again = retrain(run, clone, "resumed")
    if not again.cost.resumed_at_step:
        raise InputError(f"{run.stage}: began anew after it was killed")
    comparison = compare(run, again, clone)
    row = {"cell": comparison["cell"], "resumed_at_step": again.cost.resumed_at_step}
    return row | {key: comparison[key] for key in COMPARED}


def compare(run: Run, again: Record, clone: Path) -> dict[str, str | bool | float]:
    """Whether the study's own run and its repetition are the same."""
    first = Record.read_from(run.record_path)
    prediction_files = [folder / run.model_path / "predictions.parquet" for folder in (Path(), clone)]
    return {
        "cell": f"{run.architecture} {run.configuration} {run.seed}",
        "weights": again.quality.weights_sha256 == first.quality.weights_sha256,
        "predictions": len(set(map(sha256, prediction_files))) == 1,
        "quality": again.quality == first.quality,
        "memory_ratio": again.cost.peak_memory_host_bytes / first.cost.peak_memory_host_bytes,
    }


def positions(run: Run, others: list[Run], clone: Path) -> list[dict[str, str | float]]:
    """Peak memory in MiB of ``run`` first, in the middle and last of a sequence, and beside another run."""
    rows = []
    for index in range(SEQUENCE):
        place = f"{index + 1} of {SEQUENCE}"
        chosen = run if index in (0, SEQUENCE // 2, SEQUENCE - 1) else others[index % len(others)]
        record = retrain(chosen, clone, place)
        if chosen == run:
            rows.append(peaks(record, place))
    with ThreadPoolExecutor(2) as pool:
        another = pool.submit(retrain, others[-1], clone, "beside")
        beside = pool.submit(retrain, run, clone, "beside")
        rows.append(peaks(beside.result(), "beside another"))
        another.result()
    return rows


def peaks(record: Record, place: str) -> dict[str, str | float]:
    return {"place": place} | {key: getattr(record.cost, key) / 2**20 for key in PEAKS}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="", help="one of studies/ that has been built; default: params.yaml's")
    parser.add_argument("--repeat-only", action="store_true", help="kill no run, and do not compare memory")
    run_stage(main, **vars(parser.parse_args()))
