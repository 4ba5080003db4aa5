"""Where a benchmark of runs trains: a temporary folder with settings, data and base models, on a known machine."""

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import transformers
from datasets import disable_progress_bars, load_from_disk

from stages.core.errors import InputError
from stages.study.grid import StudySettings
from stages.study.params import load_params
from stages.training.environment import GitError, head, packages, processor
from tools.benchmarks.common import full_size
from tools.benchmarks.common.processes import matmul_peak
from tools.benchmarks.common.results import MeasuredMachine
from tools.machine import cores
from tools.studies.merging import built_folder

TOKENIZED = "data/tokenized"
INPUTS = (TOKENIZED, "models/base")


def options(description: str) -> dict[str, object]:
    """The options that these benchmarks share, from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, default=1, help="runs each; medians are reported")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--full-size", action="store_true", dest="full", help="random weights at published sizes")
    parser.add_argument(
        "--rows", type=int, help=f"texts of a split: at full size {full_size.ROWS} unless told, else all"
    )
    parser.add_argument("--study", default="", help="of studies/, that `make paper STUDY=<name>` has built")
    return vars(parser.parse_args())


@contextmanager
def prepared(
    repeats: int, device: str, full: bool, rows: int | None, study: str, on_all_cores: bool = False
) -> Iterator[tuple[Path, StudySettings, MeasuredMachine]]:
    """A workspace, the settings of its study, and the machine.

    Args:
        on_all_cores: whether a run on a CPU is to have them all, and not the threads of its study.

    Raises:
        InputError: ``repeats`` or ``rows`` too small, no such device, two kinds of study, or its data is not there yet.
    """
    if repeats < 1:
        raise InputError(f"--repeats: {repeats}; allowed: 1 or more")
    if full and study:
        raise InputError(f"--study: {study!r}: not with --full-size, whose weights are random")
    folder = built_folder(study) if study else Path()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    disable_progress_bars()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    with TemporaryDirectory(prefix="bench-") as name:
        workspace = Path(name)
        if full:
            full_size.write_workspace(workspace, full_size.ROWS if rows is None else rows, device)
        else:
            link_inputs(workspace, folder, rows)
        settings = StudySettings.read_from(workspace / StudySettings.path())
        threads = cores() if on_all_cores and device == "cpu" else settings.train.threads
        yield workspace, settings, describe(settings, device, threads)


def report_of(path: Path, full: bool, study: str) -> Path:
    """Where the report goes: at full size, or of a study of ``studies/``, beside that of the workspace's own."""
    name = "full-size" if full else study
    return path.with_stem(f"{path.stem}-{name}") if name else path


def link_inputs(workspace: Path, folder: Path, rows: int | None) -> None:
    """The settings of the study in ``folder`` as params.yaml has them, its data and base models by links.

    Args:
        rows: of each split, evenly spread; None: all.

    Raises:
        InputError: something is not there yet, or fewer rows than one batch.
    """
    with chdir(folder):
        params = load_params()
    full_size.write_settings(params, workspace)
    batch = params.profiles[params.profile].train.batch_size
    if rows is not None and rows < batch:
        raise InputError(f"--rows: {rows}; allowed: at least {batch}, one batch")
    for name in INPUTS:
        source = folder / name
        if not source.is_dir():
            raise InputError(f"{source}: not found; run `dvc repro tokenize` first")
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        if name == TOKENIZED and rows is not None:
            for split in source.glob("*/*/"):
                thin_out(split, workspace / name / split.relative_to(source), rows)
        else:
            (workspace / name).symlink_to(source.resolve())


def thin_out(split: Path, target: Path, rows: int) -> None:
    """So many rows of a split, evenly spread over it; all where it has no more."""
    texts = load_from_disk(str(split))
    chosen = np.linspace(0, len(texts) - 1, min(rows, len(texts))).round().astype(int)
    texts.select(chosen).save_to_disk(target)


def describe(study: StudySettings, device: str, threads: int | None = None) -> MeasuredMachine:
    """Where this is measured; the peak is that of so many threads, the study's unless told, and of its precision."""
    threads = threads or study.train.threads
    return MeasuredMachine(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        platform=platform.platform(),
        processor=processor(),
        cores=cores(),
        load_average=os.getloadavg()[0],
        device=torch.cuda.get_device_name() if device == "cuda" else "cpu",
        threads=threads,
        precision=study.train.precision,
        packages=packages(),
        commit=commit(),
        peak_flops_per_second=matmul_peak(device, study.train.precision, threads),
    )


def commit() -> str | None:
    """What is checked out; where git cannot say, a line says why."""
    try:
        return head()[0]
    except GitError as error:
        print(f"note: the report will not name its commit: {error}", file=sys.stderr)
        return None
