"""What a run costs beside its training as the grid grows: 42 and 420 runs of one trivial step each.

``python -m tools.benchmarks.scale`` puts a script that writes two files in the place of ``stages/train.py`` and makes
all runs, their inputs being made; the seconds a run are those of the whole command, its start and dvc.lock included.
A run of the large grid may cost 1.2 times one of the small grid, not more.
"""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from tools.benchmarks.common import working_copy

GRID = {"architectures": ["distilbert"], "probes": [], "configurations": ["full", "lora-r8", "lora-r16"]}
SEEDS = (14, 140)  # 42 and 420 runs
GROWTH = 1.2
TRIVIAL = """import sys
from pathlib import Path
run = "/".join(sys.argv[1:])
Path("models/runs", run).mkdir(parents=True)
record = Path("metrics/runs", f"{run}.json")
record.parent.mkdir(parents=True, exist_ok=True)
record.write_text("{}")
Path("models/runs", run, "model").write_text(run)
"""


def main(jobs: int) -> None:
    """Print the figures.

    Raises:
        InputError: a run of the large grid costs more than ``GROWTH`` times as much.
    """
    rows = [measure(seeds, jobs) for seeds in SEEDS]
    print(tabulate(rows, headers="keys", floatfmt=".3f"))
    small, large = (row["seconds a run"] for row in rows)
    if large > GROWTH * small:
        raise InputError(f"a run costs {large / small:.2f} times as much; allowed: {GROWTH}")


def measure(seeds: int, jobs: int) -> dict[str, float]:
    """A study of trivial runs, the seconds of one worker and of the processor shared out among them.

    Raises:
        InputError: not all runs were made.
    """
    with TemporaryDirectory() as name:
        changes = working_copy.SIZES["few"] | GRID | {"seeds": list(range(seeds))}
        folder = working_copy.make(Path(name, "study"), changes)
        (folder / "stages/train.py").write_text(TRIVIAL, encoding="utf-8")
        working_copy.execute(folder, "dvc", "repro", "--quiet", "baselines", "tokenize@distilbert")
        began, before = time.monotonic(), os.times()
        study = working_copy.execute(
            folder, *working_copy.study(jobs), check=False
        )  # ends at collect: these are no records
        seconds, after = time.monotonic() - began, os.times()
        made = len(list((folder / "metrics/runs").glob("*/*/*.json")))
        if made != len(working_copy.runs(folder)):
            raise InputError(f"{made} runs made\n{study.stdout}{study.stderr}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "runs": made,
        "jobs": jobs,
        "seconds": seconds,
        "seconds a run": seconds * jobs / made,
        "of the processor": used / made,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    run_stage(main, **vars(parser.parse_args()))
