"""Three runs of a study made to fail: are the others made, the three named, and is there a paper with three holes?

``python -m tools.benchmarks.faults`` plants a learning rate of 1e6, an allocation that no machine can serve and a
kill -9 in the code of a run in a clone (``stages/training/run.py``), each in one run; ``--size`` says in which study.
"""

import argparse
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader

from stages.core.errors import InputError, run_stage
from stages.training.settings import Run
from tools.benchmarks.common import working_copy

CODE = "stages/training/run.py"
ANCHOR = re.compile(r"^    settings = RunSettings\.read\(.*\n", re.MULTILINE)
FAULTS = {
    "diverged": 'settings = settings.model_copy(update={"learning_rate": 1e6})',
    "out of memory": "torch.empty(1 << 50)",
    "killed": "os.kill(os.getpid(), 9)",
}
CONFIGURATIONS = ("full", "lora-ffn", "ia3")  # whose first run gets a fault each
DAGGER = "\N{DAGGER}"


def main(size: str, jobs: int) -> None:
    """Print how the study ended, without and with ``allow_failed``.

    Raises:
        InputError: another number of runs failed, the exit code says otherwise, or there is no paper.
    """
    with TemporaryDirectory() as name:
        more = {"configurations": [*CONFIGURATIONS, "lora-r8"]} if size == "few" else {}
        folder = working_copy.make(Path(name, "study"), working_copy.SIZES[size] | more)
        faulty = choose(working_copy.runs(folder))
        plant(folder / CODE, faulty)
        working_copy.commit(folder)
        check_failures_are_named(folder, jobs, faulty)
        working_copy.set_params(folder, {"allow_failed": True})
        check_paper_shows_holes(folder, jobs)


def choose(runs: list[Run]) -> dict[str, Run]:
    """A run for each fault."""
    firsts = [next(run for run in runs if run.configuration == name) for name in CONFIGURATIONS]
    return dict(zip(FAULTS, firsts, strict=True))


def plant(path: Path, faulty: dict[str, Run]) -> None:
    """Each fault in one run, right after the settings are read.

    Raises:
        InputError: the file does not read settings in one place.
    """
    lines = ""
    for kind, run in faulty.items():
        lines += f"    if (architecture, configuration, seed) == {(run.architecture, run.configuration, run.seed)}:\n"
        lines += f"        {FAULTS[kind]}\n"
    code, places = ANCHOR.subn(lambda line: line[0] + lines, path.read_text(encoding="utf-8"))
    expect(places == 1, f"{path}: {places} places to plant a fault; needed: 1")
    path.write_text(code, encoding="utf-8")


def check_failures_are_named(folder: Path, jobs: int, faulty: dict[str, Run]) -> None:
    """Run the study, in which no hole is allowed."""
    study = working_copy.execute(folder, *working_copy.study(jobs), check=False)
    made = f"{len(working_copy.runs(folder)) - len(faulty)} done"
    expect(made in study.stdout, f"not {made}: {study.stdout}{study.stderr}")
    print(study.stdout[study.stdout.rindex(made) :] + study.stderr)
    expect(study.returncode != 0, "exit code 0 although runs failed")
    expect(not (folder / "paper/main.pdf").exists(), "a paper although runs failed")
    for kind, run in faulty.items():
        expect(f"{run.stage} failed" in study.stdout, f"{run.stage} is not named")
        note = (folder / run.record_path).with_suffix(".failed.json").read_text(encoding="utf-8")
        expect(f'"kind": "{kind}"' in note, f"{run.stage}: not noted as {kind}: {note}")


def check_paper_shows_holes(folder: Path, jobs: int) -> None:
    """Run the study again, in which holes are allowed."""
    study = working_copy.execute(folder, *working_copy.study(jobs), check=False)
    expect(study.returncode == 0, study.stdout + study.stderr)
    text = "".join(page.extract_text() for page in PdfReader(folder / "paper/main.pdf").pages)
    print(f"allow_failed: exit code 0, {text.count(DAGGER)} daggers in paper/main.pdf")
    print((folder / "metrics/failed.csv").read_text(encoding="utf-8"))


def expect(held: bool, otherwise: str) -> None:
    """Raises InputError: what is the case instead."""
    if not held:
        raise InputError(otherwise)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    working_copy.add_size(parser)
    parser.add_argument("--jobs", type=int, default=2)
    run_stage(main, **vars(parser.parse_args()))
