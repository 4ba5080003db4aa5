"""Say what a profile needs on this machine, what is here and what is missing: ``make check [PROFILE=…] [STUDY=…]``.

It downloads and writes nothing. The exit code is 0 when all is at hand and 1 otherwise. ``--quick`` looks at the
sources, the disk and the precision alone, and ends with one line where something is missing; all that it says otherwise
is that git cannot be used, without which a study runs all the same.
"""

import argparse
import logging
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.free_text import plain
from stages.hub.disk import free_bytes, gigabytes, require_space
from stages.report.text.pdf import tex_environment
from stages.study.params import Params, load_params
from stages.training.environment import GitError, head, use_device
from tools.availability import Availability, no_hub, sources
from tools.engine.display import duration
from tools.estimate import Forecast, disk_bytes, estimate, runs_a_cell, settings_of, table, unknown_sizes
from tools.gpus import NO_GPU, gpu_fault, installed_torch, needed_device, require_device
from tools.machine import Machine, bf16_fault, gain_of_bf16, jobs, measure
from tools.studies.merging import read_study

PROGRAMS = ("latexmk", "latexdiff")
PYTHON = (3, 11)
COMMIT_DIGITS = 12
NO_REPOSITORY, NO_SCM = "not a git repository", "no_scm = true"


class Line(NamedTuple):
    """One need: what it takes, what is here, and what is missing (nothing, if empty)."""

    what: str
    needed: str
    here: str
    missing: str = ""


def main(
    profile: str | None = None, quick: bool = False, told: str = "auto", study: str = "", elsewhere: bool = False
) -> bool:
    """Print the check of a profile (default: the chosen one) with ``told`` as JOBS; whether all is at hand.

    It is a profile of ``params.yaml``, or of a ``study`` by its name in ``studies/``. With ``elsewhere`` the runs are
    not made on this machine.

    Raises:
        InputError: JOBS is wrong or the profile unknown; with ``quick``, the first thing that is missing.
    """
    jobs(told)
    params = read_study(study).params if study else load_params()
    if profile is not None:
        if profile not in params.profiles:
            raise InputError(f"PROFILE: {profile!r}: unknown name; allowed: {', '.join(params.profiles)}")
        params = params.model_copy(update={"profile": profile})
    train = params.profiles[params.profile].train
    at_once = jobs(told, train.device)
    if train.device == "cpu":  # before anything asks torch
        use_device("cpu")
    inputs = sources(params)
    if quick:  # the stage settings tries the models, which takes seconds of imports
        _require(params, inputs, at_once)
        if not elsewhere:
            require_device(params)
        if _wants_bf16(params) and not elsewhere and (fault := bf16_fault(params.profile)):
            raise InputError(fault)
        return True
    _require_models(params)
    host = measure(train.precision, train.device)
    expected = estimate(params, host)
    lines = [_python(), _tex(), _git(), *_machine(params, host, expected, at_once), *map(_source, inputs)]
    _report(params, lines, expected)
    missing = [f"{line.what}: {line.missing}" for line in lines if line.missing] + no_hub(inputs)
    print("\n".join(f"missing: {fault}" for fault in missing) or "nothing is missing")
    if needed_device(params) == "any" and (fault := gpu_fault()):
        print(f"note: {fault}")
    return not missing


def _require_models(params: Params) -> None:
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it names a kernel that nothing here needs
    from stages.fullsize.trials import require_models  # seconds of imports

    architectures = {name: params.architecture[name] for name in params.architectures}
    require_models(architectures, params.profiles[params.profile].base, list(settings_of(params).values()))


def _require(params: Params, inputs: list[Availability], at_once: int) -> None:
    for source in inputs:
        if source.missing:
            raise InputError(source.missing)
    if not all(source.made_here for source in inputs):
        require_space(Path().absolute(), disk_bytes(params, at_once), f"profile {params.profile}")
    _note_unknown_commit()


def _note_unknown_commit() -> None:
    """Say once, before a study, why its records will not name a commit.

    Raises:
        InputError: DVC would stop at the same: there is no repository, and it was not told to do without.
    """
    try:
        head()
    except GitError as error:
        does_without = any(NO_SCM in path.read_text(encoding="utf-8") for path in Path(".dvc").glob("config*"))
        if NO_REPOSITORY in str(error) and not does_without:
            raise
        print(f"note: records will not say which commit made them: {error}", file=sys.stderr)


def _report(params: Params, lines: list[Line], expected: Forecast) -> None:
    names = params.configurations + params.probes
    runs = len(params.architectures) * len(names) * runs_a_cell(params)
    print(f"profile {params.profile}: {plain(params.profiles[params.profile].description)}; {runs} runs\n")
    print(tabulate([line[:3] for line in lines], ("", "needed", "here"), "simple"))
    print(f"\n{table(params, expected.runs)}\n")
    print(f"memory: {expected.memory_basis}\ntime: {expected.time_basis}\n")


def _python() -> Line:
    wanted, here = ".".join(map(str, PYTHON)), ".".join(map(str, sys.version_info[:3]))
    return Line("Python", f"{wanted} or newer", here, "" if sys.version_info >= PYTHON else "make PYTHON=...")


def _tex() -> Line:
    what, needed = "TeX", "LaTeX, latexmk, latexdiff"
    lacking = [name for name in PROGRAMS if shutil.which(name) is None] + _lacking_tex_files()
    if not lacking:
        return Line(what, needed, "complete")
    return Line(what, needed, "incomplete", f"{', '.join(lacking)}; `make tex` installs it or says how")


def _lacking_tex_files() -> list[str]:
    """Of the files that the Makefile names in TEX_FILES, those that TeX does not find."""
    names = os.environ.get("TEX_FILES", "").split()
    if not names or shutil.which("kpsewhich") is None:
        return names
    paths = subprocess.run(
        ["kpsewhich", *names],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        env=tex_environment(),
    ).stdout
    return [name for name in names if f"/{name}\n" not in paths]


def _git() -> Line:
    """Whether records can say which commit made them."""
    needed = "a commit that records can name"
    try:
        return Line("git", needed, head()[0][:COMMIT_DIGITS])
    except GitError as error:
        return Line("git", needed, "unknown", str(error))


def _machine(params: Params, host: Machine, expected: Forecast, at_once: int) -> list[Line]:
    needed = needed_device(params)
    lacks_gpu = needed == "a CUDA GPU" and not host.is_gpu
    return [
        Line("device", needed, host.name, (gpu_fault() or NO_GPU) if lacks_gpu else ""),
        Line("torch", "built for CUDA" if needed == "a CUDA GPU" else "any build", installed_torch()),
        _memory(host, expected, at_once),
        *_bf16(params, host),
        _disk(params, at_once),
        Line("time", _time(params, expected), f"{host.flops_a_second / 1e9:,.0f} GFLOP/s"),
    ]


def _bf16(params: Params, host: Machine) -> list[Line]:
    """What bf16 is worth on a processor, where a profile for any device computes in it."""
    what, needed = "bf16", "faster than fp32"
    if not _wants_bf16(params) or host.is_gpu:
        return []
    fault = bf16_fault(params.profile)
    if fault:
        return [Line(what, needed, "none", fault)]
    gain = gain_of_bf16()
    return [Line(what, needed, f"{gain:.1f} times as fast", bf16_fault(params.profile, gain))]


def _wants_bf16(params: Params) -> bool:
    profile = params.profiles[params.profile]
    return profile.small_scale and profile.train.precision == "bf16"


def _disk(params: Params, at_once: int) -> Line:
    needed, free = disk_bytes(params, at_once), free_bytes(Path())
    missing = f"{gigabytes(needed - free)} more" if free < needed else ""
    unknown = unknown_sizes(params)
    words = f"{gigabytes(needed)}, and what {', '.join(unknown)} takes" if unknown else gigabytes(needed)
    return Line("disk", words, f"{gigabytes(free)} free", missing)


def _time(params: Params, expected: Forecast) -> str:
    """Of all runs, as many at once as were told."""
    seconds = [run.seconds for run in expected.runs.values()]
    if None in seconds:
        return "unknown"
    return f"{expected.bound} {duration(sum(seconds) * runs_a_cell(params) / expected.at_once)}"


def _memory(host: Machine, expected: Forecast, at_once: int) -> Line:
    if host.is_gpu:
        at_once = math.ceil(at_once / host.gpus)  # share one
    peaks = [run.memory_bytes for run in expected.runs.values() if run.memory_bytes]
    what, kind = f"memory, {at_once} at once", "of the GPU" if host.is_gpu else "RAM free"
    here = f"{gigabytes(host.memory_bytes)} {kind}"
    if not peaks:
        return Line(what, "not predicted", here)
    needed = max(peaks) * at_once
    missing = needed - host.memory_bytes
    fault = f"{gigabytes(missing)} more (JOBS=1 takes least)" if missing > 0 else ""
    return Line(what, f"{gigabytes(needed)} at most", here, fault)


def _source(source: Availability) -> Line:
    if source.no_hub:  # one line tells what is missing for all such sources
        return Line(source.name, source.place, f"no hub ({source.no_hub}), not cached")
    return Line(source.name, source.place, "unfit" if source.missing else "at hand", source.missing)


def run(**arguments: object) -> None:
    """For the command line: exit code 1 where something is missing."""
    if not main(**arguments):
        sys.exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", help="default: that of params.yaml")
    parser.add_argument("--jobs", dest="told", default="auto", help="JOBS of make: a number, or auto")
    parser.add_argument("--study", default="", help="of a file in studies/; default: params.yaml's")
    parser.add_argument("--quick", action="store_true", help="sources, disk and precision alone")
    parser.add_argument("--elsewhere", action="store_true", help="the runs are made on other machines")
    run_stage(run, **vars(parser.parse_args()))
