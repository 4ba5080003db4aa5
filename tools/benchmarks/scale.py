"""What a run costs beside its training as the grid grows: 42 and 420 runs of one trivial step each.

``python -m tools.benchmarks.scale`` puts a script that writes two files in the place of ``stages/train.py`` and makes
all runs, their inputs being made; the seconds a run are those of the whole command, its start and dvc.lock included.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from tools.benchmarks.common import working_copy as sandbox

GRID = {"architectures": ["distilbert"], "probes": [], "configurations": ["full", "lora-r8", "lora-r16"]}
SIZES = (14, 140)  # seeds: 42 and 420 runs
GROWTH = 1.5
TRIVIAL = """import sys
from pathlib import Path
cell = "/".join(sys.argv[1:])
Path("models/runs", cell).mkdir(parents=True)
record = Path("metrics/runs", f"{cell}.json")
record.parent.mkdir(parents=True, exist_ok=True)
record.write_text("{}")
Path("models/runs", cell, "model").write_text(cell)
"""


def main(jobs: int) -> None:
    """Print the figures.

    Raises:
        InputError: a run of the large grid costs more than half as much again.
    """
    rows = [measure(seeds, jobs) for seeds in SIZES]
    print(tabulate(rows, headers="keys", floatfmt=".3f"))
    if rows[1]["seconds a run"] > GROWTH * rows[0]["seconds a run"]:
        raise InputError(f"a run costs more than {GROWTH} times as much")


def measure(seeds: int, jobs: int) -> dict[str, float]:
    with TemporaryDirectory() as name:
        folder = sandbox.make(Path(name, "study"), sandbox.SIZES["few"] | GRID | {"seeds": list(range(seeds))})
        (folder / "stages/train.py").write_text(TRIVIAL, encoding="utf-8")
        sandbox.run(folder, "dvc", "repro", "--quiet", "baselines", "tokenize@distilbert")
        started = time.monotonic()
        done = sandbox.run(folder, *sandbox.study(jobs), check=False)  # ends at collect: these are no records
        seconds = time.monotonic() - started
        made = len(list((folder / "metrics/runs").glob("*/*/*.json")))
        if made != len(sandbox.cells(folder)):
            raise InputError(f"{made} runs made\n{done.stdout}{done.stderr}")
        return {"runs": made, "jobs": jobs, "seconds": seconds, "seconds a run": seconds * jobs / made}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    run_stage(main, **vars(parser.parse_args()))
