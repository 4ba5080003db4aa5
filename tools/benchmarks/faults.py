"""Three runs of a study made to fail: are the others made, the three named, and is there a paper with three holes?

``python -m tools.benchmarks.faults`` plants a learning rate of 1e6, an allocation that no machine can serve and a
kill -9 in a clone's ``stages/train.py``, each in one run; ``--size`` says in which study.
"""

import argparse
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader

from stages.core.errors import InputError, run_stage
from stages.training.settings import Run
from tools.benchmarks.common import working_copy as sandbox

ANCHOR = re.compile(r"^    settings = read_settings\(RunSettings.*\n", re.MULTILINE)
FAULTS = {
    "diverged": 'settings = settings.model_copy(update={"learning_rate": 1e6})',
    "out of memory": "torch.empty(1 << 50)",
    "killed": "os.kill(os.getpid(), 9)",
}


def main(size: str, jobs: int) -> None:
    """Print how the study ended, without and with ``allow_failed``.

    Raises:
        InputError: another number of runs failed, the exit code says otherwise, or there is no paper.
    """
    with TemporaryDirectory() as name:
        more = {"configurations": ["full", "lora-ffn", "ia3", "lora-r8"]} if size == "few" else {}
        folder = sandbox.make(Path(name, "study"), sandbox.SIZES[size] | more)
        cells = sandbox.cells(folder)
        chosen = [next(cell for cell in cells if cell.configuration == c) for c in ("full", "lora-ffn", "ia3")]
        plant(folder, dict(zip(FAULTS, chosen, strict=True)))
        sandbox.commit(folder)
        first = sandbox.run(folder, *sandbox.study(jobs), check=False)
        print(first.stdout[first.stdout.index(f"{len(cells) - 3} done") :] + first.stderr)
        expect(first.returncode != 0, "exit code 0 although runs failed")
        expect(not (folder / "paper/main.pdf").exists(), "a paper although runs failed")
        for kind, cell in zip(FAULTS, chosen, strict=True):
            expect(f"{cell.stage} failed" in first.stdout, f"{cell.stage} is not named")
            note = (folder / cell.record_path).with_suffix(".failed.json").read_text(encoding="utf-8")
            expect(f'"kind": "{kind}"' in note, f"{cell.stage}: not noted as {kind}: {note}")
        sandbox.set_params(folder, {"allow_failed": True})
        second = sandbox.run(folder, *sandbox.study(jobs), check=False)
        expect(second.returncode == 0, second.stdout + second.stderr)
        text = "".join(page.extract_text() for page in PdfReader(folder / "paper/main.pdf").pages)
        print(f"allow_failed: exit code 0, {text.count(chr(0x2020))} daggers in paper/main.pdf")
        print((folder / "metrics/failed.csv").read_text(encoding="utf-8"))


def plant(folder: Path, faults: dict[str, Run]) -> None:
    """Each fault in one run, right after the settings are read."""
    path = folder / "stages/train.py"
    lines = "".join(
        f"    if (architecture, configuration, seed) == {(cell.architecture, cell.configuration, cell.seed)}:\n"
        f"        {FAULTS[kind]}\n"
        for kind, cell in faults.items()
    )
    code, planted = ANCHOR.subn(lambda found: found[0] + lines, path.read_text(encoding="utf-8"))
    expect(planted == 1, f"{path}: no place to plant a fault")
    path.write_text(code, encoding="utf-8")


def expect(held: bool, otherwise: str) -> None:
    """Raises InputError: what was found instead."""
    if not held:
        raise InputError(otherwise)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    sandbox.add_size(parser)
    parser.add_argument("--jobs", type=int, default=2)
    run_stage(main, **vars(parser.parse_args()))
