"""Say what a profile needs on this machine, what is here, and what is missing: ``make check [PROFILE=paper]``.

It downloads and writes nothing. The exit code is 0 when all is at hand and 1 otherwise. ``--quick`` looks at the
sources and the disk alone, is silent, and ends with one line where something is missing.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.hub.disk import free_bytes, gigabytes, require_space
from stages.study.params import Params, load_params
from tools.availability import Availability, sources
from tools.estimate import Forecast, disk_bytes, duration, estimate, jobs, table
from tools.machine import Machine, measure

PROGRAMS = ("latexmk", "latexdiff")
PYTHON = (3, 11)


class Line(NamedTuple):
    """One need: what it takes, what is here, and what is missing (nothing, if empty)."""

    what: str
    needed: str
    here: str
    missing: str = ""


def main(profile: str | None = None, quick: bool = False) -> bool:
    """Print the check of a profile (default: that of ``params.yaml``); whether all is at hand.

    Raises:
        InputError: the profile is unknown; with ``quick``, the first thing that is missing.
    """
    params = load_params()
    if profile is not None:
        if profile not in params.profiles:
            raise InputError(f"profile: {profile!r}: unknown name; allowed: {', '.join(params.profiles)}")
        params = params.model_copy(update={"profile": profile})
    found = sources(params)
    if quick:
        _require(params, found)
        return True
    host = measure(params.profiles[params.profile].train.precision)
    expected = estimate(params, host)
    lines = [*_tools(), *_machine(params, host, expected), *map(_source, found)]
    _report(params, lines, expected)
    missing = [f"{line.what}: {line.missing}" for line in lines if line.missing] + _no_hub(found)
    print("\n".join(f"missing: {fault}" for fault in missing) or "nothing is missing")
    return not missing


def _require(params: Params, found: list[Availability]) -> None:
    for source in found:
        if source.missing:
            raise InputError(source.missing)
    if not all(source.made_here for source in found):
        require_space(Path().absolute(), disk_bytes(params), f"profile {params.profile}")


def _report(params: Params, lines: list[Line], expected: Forecast) -> None:
    names, seeds = params.configurations + params.probes, len(params.seeds)
    runs = len(params.architectures) * len(names) * seeds
    print(f"profile {params.profile}: {params.profiles[params.profile].description}; {runs} runs\n")
    print(tabulate([line[:3] for line in lines], ("", "needed", "here"), "simple"))
    print(f"\n{table(params, expected.runs)}\n")
    print(f"memory: {expected.memory_basis}\ntime: {expected.time_basis}\n")


def _tools() -> list[Line]:
    wanted, version = ".".join(map(str, PYTHON)), ".".join(map(str, sys.version_info[:3]))
    lacking = [name for name in PROGRAMS if shutil.which(name) is None] + _lacking_tex_files()
    return [
        Line("Python", f"{wanted} or newer", version, "" if sys.version_info >= PYTHON else "make PYTHON=..."),
        Line(
            "TeX",
            "LaTeX, latexmk, latexdiff",
            "incomplete" if lacking else "complete",
            f"{', '.join(lacking)}; `make tex` installs it or says how" if lacking else "",
        ),
    ]


def _lacking_tex_files() -> list[str]:
    """Of the files that the Makefile names in TEX_FILES, those that TeX does not find."""
    names = os.environ.get("TEX_FILES", "").split()
    if not names or shutil.which("kpsewhich") is None:
        return names
    found = subprocess.run(["kpsewhich", *names], capture_output=True, text=True, check=False).stdout
    return [name for name in names if f"/{name}\n" not in found]


def _machine(params: Params, host: Machine, expected: Forecast) -> list[Line]:
    small = params.profiles[params.profile].small_scale
    needed, free = disk_bytes(params), free_bytes(Path())
    seconds = [run.seconds for run in expected.runs.values()]
    known = None not in seconds
    total = f"{expected.bound} {duration(sum(seconds) * len(params.seeds) / expected.at_once)}" if known else "unknown"
    return [
        Line("device", "any" if small else "a CUDA GPU", host.name, "" if small or host.is_gpu else "no GPU"),
        _memory(host, expected),
        Line(
            "disk",
            gigabytes(needed),
            f"{gigabytes(free)} free",
            f"{gigabytes(needed - free)} more" if free < needed else "",
        ),
        Line("time", total, f"{host.flops_a_second / 1e9:,.0f} GFLOP/s"),
    ]


def _memory(host: Machine, expected: Forecast) -> Line:
    at_once = 1 if host.is_gpu else jobs()
    peaks = [run.memory_bytes for run in expected.runs.values() if run.memory_bytes]
    what, kind = f"memory, {at_once} at once", "of the GPU" if host.is_gpu else "RAM free"
    here = f"{gigabytes(host.memory_bytes)} {kind}"
    if not peaks:
        return Line(what, "not predicted", here)
    needed = max(peaks) * at_once
    short = f"{gigabytes(needed - host.memory_bytes)} more (JOBS=1 takes least)" if needed > host.memory_bytes else ""
    return Line(what, f"{gigabytes(needed)} at most", here, short)


def _source(source: Availability) -> Line:
    here = f"no hub ({source.no_hub}), not cached" if source.no_hub else "unfit" if source.missing else "at hand"
    return Line(source.name, source.where, here, "" if source.no_hub else source.missing)


def _no_hub(found: list[Availability]) -> list[str]:
    """What the hub does not give, as one line with the ways on."""
    names = [source.name for source in found if source.no_hub]
    if not names:
        return []
    return [
        f"{', '.join(names)}: go online, or give local copies (data: {{source: local, path: <file or folder>}}, base: "
        "{source: local, path: <folder>}), or use `profile: mini`, which needs neither"
    ]


def run(**arguments: object) -> None:
    """For the command line: exit code 1 where something is missing."""
    if not main(**arguments):
        sys.exit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", help="default: that of params.yaml")
    parser.add_argument("--quick", action="store_true", help="sources and disk alone")
    run_stage(run, **vars(parser.parse_args()))
