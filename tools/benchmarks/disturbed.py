"""Does what else a machine does decide anything in the report? Builds the study's runs and paper twice and compares.

Run it after the study: ``python -m tools.benchmarks.disturbed``. Two clones at the current commit get the study's data
and base models, make all of its runs, as many at a time as there are cores, and write the paper. While the second is in
the middle of its runs, a process a core computes for a minute beside them. No sentence of the paper, number aside, no
mark on a frontier and no verdict on a claim may differ, but those sentences that say "disturbed".
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tabulate import tabulate

from stages.analysis.statistics import Statistics
from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.published.claims import Claims
from stages.study.grid import StudySettings
from stages.training.environment import git
from stages.training.record import Record
from stages.training.settings import Run

REPORT = Path("metrics/bench/disturbed.json")
INPUTS = ("data/settings", "data/raw", "data/tokenized", "models/base", "metrics/base", "metrics/tokenized")
AFTER_RUNS = ("collect", "statistics", "claims", "tables", "figures", "paper")
BURN_SECONDS = 60
BURN = f"import time\nend = time.monotonic() + {BURN_SECONDS}\nwhile time.monotonic() < end: pass"
NUMBER = re.compile(r"\\traced\{[^{}]*\}\{[^{}]*\}|\d+(?:[.,]\d+)*")
RANGE = re.compile(r"# to #")  # of a number that moves within rounding a build prints one, or the least and the most
END_OF_SENTENCE = re.compile(r"(?<=[.;:}])\s+")
EXEMPT = "disturbed"
QUANTILES = {"least": 0, "lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75, "most": 1}


def main() -> None:
    """Print and write what differs, and how far times moved.

    Raises:
        InputError: something differs that may not.
    """
    runs = StudySettings.read().every_run
    with TemporaryDirectory() as name:
        quiet, disturbed = Path(name, "quiet"), Path(name, "disturbed")
        for folder in (quiet, disturbed):
            make_clone(folder)
            train_all(runs, folder, burn=folder == disturbed)
            for stage in AFTER_RUNS:
                execute(folder, f"stages.{stage}")
        report = {"runs": len(runs), "times": moved(runs, quiet, disturbed), **differences(quiet, disturbed)}
    write_text(REPORT, json.dumps(report, indent=2) + "\n")
    print(tabulate(report["times"], headers="keys", floatfmt=".2f"))
    faults = [f"{kind}: {line}" for kind in ("sentences", "frontiers", "verdicts") for line in report[kind]]
    print("\n".join(faults) or f"{report['sentences_compared']} sentences, all marks and verdicts: the same")
    if faults:
        raise InputError(f"{len(faults)} differences between a disturbed build and another; allowed: none")


def make_clone(folder: Path) -> None:
    """The current commit with links to what the runs and the paper read."""
    git("clone", "--quiet", ".", str(folder))
    for part in INPUTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).symlink_to(Path(part).resolve())


def train_all(runs: list[Run], folder: Path, burn: bool) -> None:
    """Make every run, in the grid's order; beside those in the middle, if so told, a process a core computes."""
    cores = os.cpu_count() or 1
    began = time.monotonic()

    def train(numbered: tuple[int, Run]) -> None:
        number, run = numbered
        if burn and number == len(runs) // 2:
            for _ in range(cores):
                subprocess.Popen([sys.executable, "-c", BURN])  # ends by itself
        execute(folder, "stages.train", run.architecture, run.configuration, str(run.seed))
        print(f"{folder.name}: {run.stage} ({time.monotonic() - began:.0f} s)", flush=True)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(train, enumerate(runs)))


def execute(folder: Path, module: str, *arguments: str) -> None:
    """Raises InputError: it failed; with the end of what it said."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        raise InputError(f"{module} {' '.join(arguments)}: {done.stderr.strip()[-500:]}")


def moved(runs: list[Run], quiet: Path, disturbed: Path) -> list[dict[str, str | float]]:
    """By clock, quantiles over runs of the ratio of training time, the disturbed build's over the other's."""
    costs = [[Record.read_from(folder / run.record_path).cost for folder in (quiet, disturbed)] for run in runs]
    rows = []
    for clock in ("train_seconds", "train_processor_seconds"):
        ratios = [getattr(later, clock) / getattr(first, clock) for first, later in costs]
        quantiles = np.quantile(ratios, list(QUANTILES.values())).round(3).tolist()
        rows.append({"ratio of": clock, **dict(zip(QUANTILES, quantiles, strict=True))})
    return rows


def differences(quiet: Path, disturbed: Path) -> dict[str, object]:
    """What the two builds say differently; sentences that say so may."""
    texts = [sentences((folder / "paper/main.tex").read_text(encoding="utf-8")) for folder in (quiet, disturbed)]
    changed = (texts[0] - texts[1]) + (texts[1] - texts[0])
    return {
        "disturbed_runs": [statistics(folder).costs.disturbed_runs for folder in (quiet, disturbed)],
        "sentences_compared": texts[0].total(),
        "exempt": sorted(text for text in changed if EXEMPT in text),
        "sentences": sorted(text for text in changed if EXEMPT not in text),
        "frontiers": sorted(frontier_marks(quiet) ^ frontier_marks(disturbed)),
        "verdicts": sorted(verdicts(quiet) ^ verdicts(disturbed)),
    }


def sentences(source: str) -> Counter[str]:
    """The sentences of a LaTeX source, without its comments and with a mark for each number or range of numbers."""
    text = re.sub(r"(?<!\\)%.*", "", source)
    marked = RANGE.sub("#", NUMBER.sub("#", " ".join(text.split())))
    return Counter(" ".join(part.split()) for part in END_OF_SENTENCE.split(marked) if part.strip())


def statistics(folder: Path) -> Statistics:
    return Statistics.read_from(folder / Statistics.path())


def frontier_marks(folder: Path) -> set[str]:
    """Cells that are said to be on a frontier, by cost."""
    return {
        f"{entry.cost} {entry.architecture} {entry.configuration}"
        for entry in statistics(folder).frontiers
        if entry.is_on
    }


def verdicts(folder: Path) -> set[str]:
    """Of every claim, in its words and by either evidence."""
    claims = json.loads((folder / Claims.path()).read_text(encoding="utf-8"))
    return {f"{path}: {value}" for path, value in leaves(claims) if path.endswith("verdict")}


def leaves(value: object, path: str = "") -> list[tuple[str, object]]:
    """Every value of a JSON document with the keys that lead to it."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, f"{path}.{index}")]
    return [(path, value)]


if __name__ == "__main__":
    run_stage(main)
