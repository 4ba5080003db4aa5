"""All that a GPU is to be asked, in parts: ``python -m tools.benchmarks.gpu``.

``--parts runs time`` asks some of them. Random weights of the published sizes and random texts of IMDb's lengths:
everything but accuracy is real. Each part prints its figures with the expected ones beside them and writes
``metrics/bench/gpu-<part>.json``. All parts take about 25 minutes of one GPU. ``--tiny`` shows on a CPU, at the sizes
of miniatures, that every part works; what it measures says nothing and is written nowhere.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import tools.benchmarks.common.forkable  # noqa: F401  # before any other import of bitsandbytes

# isort: split
import torch
import transformers

from stages.core.errors import InputError, run_stage
from stages.study.grid import StudySettings
from tools.benchmarks.common import full_size
from tools.benchmarks.common.children import in_child
from tools.benchmarks.common.results import publish
from tools.benchmarks.common.workspace import describe
from tools.benchmarks.gpu import against_published, does_it_run, what_would_pay, where_time_goes, whole_runs
from tools.benchmarks.gpu.bench import PUBLISHED, TINY, Bench, Sizes, shrunk
from tools.benchmarks.gpu.figures import Figure, Part, report_path, table, with_expected

PARTS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "runs": does_it_run.measure,
    "time": where_time_goes.measure,
    "published": against_published.measure,
    "pays": what_would_pay.measure,
    "whole": whole_runs.measure,
}


def main(parts: list[str], tiny: bool = False) -> None:
    """Measure the parts one after another.

    Raises:
        InputError: there is no GPU, and the sizes are not tiny.
    """
    if not tiny and not torch.cuda.is_available():
        raise InputError("python -m tools.benchmarks.gpu: torch sees no CUDA device; --tiny needs none")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    sizes = TINY if tiny else PUBLISHED
    for name in parts:
        with TemporaryDirectory(prefix="gpu-") as folder:
            measure(name, Path(folder), sizes)


def measure(name: str, workspace: Path, sizes: Sizes) -> None:
    """One part, in a workspace of its own; what has been measured is written at once, so that it may be stopped."""
    device = "cpu" if sizes is TINY else "cuda"
    rows = {"published": sizes.peers, "whole": sizes.whole}.get(name, sizes.rows)
    in_child(full_size.write_workspace, workspace, rows, device, shrunk if sizes is TINY else None)
    study = StudySettings.read_from(workspace / StudySettings.path())
    machine = in_child(describe, study, device)
    figures: list[Figure] = []
    began = time.monotonic()
    for figure in PARTS[name](Bench(workspace, study, machine, device, sizes)):
        figures.append(with_expected(name, figure))
        seconds = time.monotonic() - began
        print(f"{name}, {seconds:.0f} s: {figure.said}", flush=True)
        report = Part(part=name, machine=machine, sizes=sizes.name, seconds=seconds, figures=figures)
        if sizes is not TINY:
            publish(report, report_path(name), table, quiet=True)
    print(table(report, "simple"), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="some of them, in this order")
    parser.add_argument("--tiny", action="store_true", help="on the CPU, at the sizes of miniatures: does it work?")
    run_stage(main, **vars(parser.parse_args()))
