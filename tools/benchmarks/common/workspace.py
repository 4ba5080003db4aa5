"""Where a benchmark of runs trains: a temporary folder with settings, data and base models, on a known machine."""

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import transformers

from stages.core.errors import InputError
from stages.study.grid import StudySettings
from stages.study.params import load_params
from stages.training.environment import GitError, head, packages, processor
from tools.benchmarks.common import full_size
from tools.benchmarks.common.processes import matmul_peak
from tools.benchmarks.common.results import MeasuredMachine
from tools.machine import cores

INPUTS = ("data/tokenized", "models/base")


def options(description: str) -> dict[str, object]:
    """The options that these benchmarks share, from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=1, help="runs each; medians are reported")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--full-size", action="store_true", dest="full", help="random weights at published sizes")
    parser.add_argument("--rows", type=int, default=full_size.ROWS, help="training texts at full size")
    return vars(parser.parse_args())


@contextmanager
def prepared(repeats: int, device: str, full: bool, rows: int) -> Iterator[tuple[Path, StudySettings, MeasuredMachine]]:
    """A workspace, the settings of its study, and the machine.

    Raises:
        InputError: ``repeats`` or ``rows`` too small, no such device, or the study's data is not there yet.
    """
    if repeats < 1:
        raise InputError(f"--repeats: {repeats}; allowed: 1 or more")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    with TemporaryDirectory(prefix="bench-") as name:
        workspace = Path(name)
        if full:
            full_size.write_workspace(workspace, rows, device)
        else:
            link_inputs(workspace)
        study = StudySettings.read_from(workspace / StudySettings.path())
        yield workspace, study, describe(study, device)


def link_inputs(workspace: Path) -> None:
    """The study's settings as params.yaml has them, its data and base models by links.

    Raises:
        InputError: one of them is not there yet.
    """
    full_size.write_settings(load_params(), workspace)
    for name in INPUTS:
        if not Path(name).is_dir():
            raise InputError(f"{name}: not found; run `dvc repro tokenize` first")
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).symlink_to(Path(name).resolve())


def describe(study: StudySettings, device: str) -> MeasuredMachine:
    """Where this is measured; the peak is that of the threads and the precision our runs use."""
    return MeasuredMachine(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        platform=platform.platform(),
        processor=processor(),
        cores=cores(),
        load_average=os.getloadavg()[0],
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        threads=study.train.threads,
        precision=study.train.precision,
        packages=packages(),
        commit=commit(),
        peak_flops_per_second=matmul_peak(device, study.train.precision, study.train.threads),
    )


def commit() -> str | None:
    """What is checked out; where git cannot say, a line says why."""
    try:
        return head()[0]
    except GitError as error:
        print(f"note: the report will not name its commit: {error}", file=sys.stderr)
        return None
