"""What pretraining is worth: fine-tuning from the pretrained encoders against the same encoders at random.

Run it after the study: ``make benchmark``. The pretrained side is read from the study's records; the random
side is trained here by the study's own ``stages.train``, a process a run, on the same tokenised data.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.study.grid import StudySettings
from stages.training.record import Record
from stages.training.settings import Run

ROOT = Path(__file__).resolve().parents[2]
REPORT = Path("metrics/bench/pretraining.json")
CONFIGURATIONS = ("full", "lora-ffn")
INITIALISATION_SEED = 0


def main() -> None:
    """Print and write mean test accuracies over seeds, by architecture and configuration."""
    study = StudySettings.read()
    missing = [name for name in CONFIGURATIONS if name not in study.configurations]
    if missing:
        raise InputError(f"configurations: {', '.join(missing)}: not in the grid; needed: {', '.join(CONFIGURATIONS)}")
    with TemporaryDirectory() as name:
        workspace = Path(name)
        shutil.copytree("data/settings", workspace / "data/settings")
        (workspace / "data/tokenized").symlink_to(Path("data/tokenized").resolve())
        for architecture, family in study.architectures.items():
            randomise(architecture, family.model_class, workspace)
        report = {}
        for architecture in study.architectures:
            comparisons = {name: compare(architecture, name, study.seeds, workspace) for name in CONFIGURATIONS}
            report[architecture] = comparisons
    write_text(REPORT, json.dumps(report, indent=2) + "\n")
    print(table(report))


def randomise(architecture: str, model_class: str, workspace: Path) -> None:
    """The base checkpoint's configuration and tokenizer with freshly initialised weights."""
    import torch
    import transformers

    source, target = Path("models/base", architecture), workspace / "models/base" / architecture
    shutil.copytree(source, target)
    torch.manual_seed(INITIALISATION_SEED)
    config = transformers.AutoConfig.from_pretrained(source, local_files_only=True)
    getattr(transformers, model_class)(config).base_model.save_pretrained(target)


def compare(architecture: str, configuration: str, seeds: list[int], workspace: Path) -> dict[str, float]:
    """Mean test accuracy from pretrained and from random weights, and the difference, as fractions."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    accuracies = {"pretrained": [], "random": []}
    for seed in seeds:
        command = [sys.executable, "-m", "stages.train", architecture, configuration, str(seed)]
        subprocess.run(command, cwd=workspace, env=environment, check=True)
        run = Run(architecture=architecture, configuration=configuration, seed=seed, role="train")
        accuracies["pretrained"].append(Record.read_from(run.record_path).quality.test_accuracy)
        accuracies["random"].append(Record.read_from(workspace / run.record_path).quality.test_accuracy)
    pretrained, random = mean(accuracies["pretrained"]), mean(accuracies["random"])
    return {"pretrained": pretrained, "random": random, "lift": pretrained - random}


def table(report: dict) -> str:
    """Percent, and percentage points for the lift."""
    rows = []
    for architecture, comparisons in report.items():
        for configuration, values in comparisons.items():
            percent = [100 * values[key] for key in ("pretrained", "random", "lift")]
            rows.append([architecture, configuration, *percent])
    headers = ["architecture", "configuration", "pretrained (%)", "random (%)", "lift (pp)"]
    return tabulate(rows, headers=headers, floatfmt=".2f")


if __name__ == "__main__":
    run_stage(main)
