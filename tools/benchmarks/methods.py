"""Every method of the installed PEFT that classifies sequences: does it train, resume, load and count?

``python -m tools.benchmarks.methods``, after ``dvc repro tokenize`` (``--inputs`` names another folder that has what it
makes): the configurations of studies/beyond-lora.yaml and of variants.yaml here, on some hundred short texts of the
study. Each trains twice, the second time killed after its first epoch and started again, and is loaded from its folder.
``metrics/bench/methods.json`` and ``.md`` have a line for each.
"""

import argparse
import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import transformers
from datasets import disable_progress_bars, load_from_disk
from pydantic import Field
from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.core.types import Strict
from stages.core.yaml_files import read_yaml
from stages.fullsize.cells import count_cell
from stages.methods.adapters import CONFIG_CLASSES
from stages.study.grid import StudySettings
from stages.study.params import Params, validated
from stages.study.resolve import resolve_census, resolve_run, resolve_study
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common.children import FailedError, RefusedError, in_child, killed_once
from tools.benchmarks.common.reloading import largest_difference
from tools.benchmarks.common.results import publish
from tools.studies.merging import read_study

REPORT = Path("metrics/bench/methods.json")
STUDY, VARIANTS = "beyond-lora", Path(__file__).with_name("variants.yaml")
ARCHITECTURE, SEED = "roberta", 42
ROWS = {"train": 200, "validation": 50, "test": 100}
LENGTH = 80  # tokens of the longest text; the default study's miniature has positions for sixteen more
EPOCHS = 3
SAME = 1e-5  # of probabilities, after loading


class MethodRow(Strict):
    """What came of one configuration; None: not there, or not asked after a refusal."""

    configuration: str
    label: str
    peft_type: str | None
    quantization: str
    outcome: str  # trained, refused or failed
    reason: str | None = None  # why it was refused, or failed
    trainable: int | None = None
    adapter: int | None = None
    adapted_modules: int | None = None
    test_accuracy: float | None = None
    resumed_same: bool | None = None  # weights and predictions of the killed run, byte for byte
    reload_difference: float | None = None  # largest of a probability
    full_size_trainable: int | None = None
    faults: list[str] = Field(default_factory=list)  # of resuming, loading and counting

    @property
    def holds(self) -> bool:
        """Trained, and all else went well; or refused."""
        return self.outcome == "refused" or (self.outcome == "trained" and not self.faults)


class Methods(Strict):
    """All rows, and the kinds of PEFT of which there is none."""

    architecture: str
    peft: str  # its version
    trained: int
    refused: int
    untried: list[str]
    rows: list[MethodRow]


def main(inputs: Path, only: list[str]) -> None:
    """Try all, or ``only`` some; write and print.

    Raises:
        InputError: the inputs are not there, or something neither went well nor was refused.
    """
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    disable_progress_bars()
    warnings.simplefilter("ignore")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # of what each 8-bit product is cast to
    raw = parameters()
    rows = []
    with workspace(inputs.resolve()):
        for name in only or raw["configurations"]:
            rows.append(tried(raw, name))
            print(" | ".join(cells(rows[-1]) + rows[-1].faults), flush=True)
    kinds = {row.peft_type for row in rows}
    report = Methods(
        architecture=ARCHITECTURE,
        peft=version("peft"),
        trained=sum(row.outcome == "trained" for row in rows),
        refused=sum(row.outcome == "refused" for row in rows),
        untried=sorted(CONFIG_CLASSES.keys() - kinds),
        rows=rows,
    )
    if not only:
        publish(report, REPORT, table)
    if faulty := [row.configuration for row in rows if not row.holds]:
        raise InputError(f"{len(faulty)} of {len(rows)} neither went well nor were refused: {', '.join(faulty)}")


def parameters() -> dict:
    """Of the study, on shorter texts and with the variants, not validated."""
    raw = read_study(STUDY).raw
    variants = read_yaml(VARIANTS)
    raw["configuration"] |= variants
    raw["configurations"] = [*raw["configurations"], *variants]
    raw["probes"] = []
    profile = raw["profiles"][raw["profile"]]
    profile["tokenize"]["max_length"] = LENGTH
    profile["train"]["epochs"] = EPOCHS
    return raw


@contextmanager
def workspace(inputs: Path) -> Iterator[None]:
    """A temporary folder with some of the study's texts and its base model, as the current one.

    Raises:
        InputError: there are none.
    """
    with TemporaryDirectory(prefix="methods-") as name:
        for split, rows in ROWS.items():
            source = inputs / "data/tokenized" / ARCHITECTURE / split
            if not source.is_dir():
                raise InputError(f"{source}: not found; run `dvc repro tokenize@{ARCHITECTURE}` first")
            texts = load_from_disk(source)
            short = [index for index, length in enumerate(texts["length"]) if length <= LENGTH]
            texts.select(short[:rows]).save_to_disk(Path(name, "data/tokenized", ARCHITECTURE, split))
        shutil.copytree(inputs / "models/base" / ARCHITECTURE, Path(name, "models/base", ARCHITECTURE))
        with chdir(name):
            yield


def tried(raw: dict, name: str) -> MethodRow:
    """One configuration, from its parameters to its count at full size."""
    entry = raw["configuration"][name]
    row = MethodRow(
        configuration=name,
        label=entry["label"],
        peft_type=(entry.get("adapter") or {}).get("peft_type"),
        quantization=entry.get("quantization", "none"),
        outcome="trained",
    )
    run = Run(architecture=ARCHITECTURE, configuration=name, seed=SEED, role="train")
    try:
        params = validated(raw | {"configurations": [name]}, f"studies/{STUDY}.yaml")
        resolve_run(params, ARCHITECTURE, name).write_to(RunSettings.path(ARCHITECTURE, name))
        resolve_study(params).write_to(StudySettings.path())
        in_child(fine_tune, ARCHITECTURE, name, SEED)
    except (InputError, RefusedError) as error:
        return row.model_copy(update={"outcome": "refused", "reason": str(error)})
    except FailedError as error:
        return row.model_copy(update={"outcome": "failed", "reason": str(error)})
    record = Record.read_from(run.record_path)
    row = row.model_copy(
        update={
            "trainable": record.parameters.trainable,
            "adapter": record.parameters.adapter,
            "adapted_modules": len(record.run.adapted_modules),
            "test_accuracy": record.quality.test_accuracy,
        }
    )
    return row.model_copy(update=examined(run, params))


def examined(run: Run, params: Params) -> dict:
    """Killed and resumed, loaded, counted: fields of a row."""
    fields, faults = {}, []
    steps = {
        "resumed_same": lambda: resumed_same(run),
        "reload_difference": lambda: in_child(largest_difference, run),
        "full_size_trainable": lambda: in_child(full_size_trainable, params, run.configuration),
    }
    for field, step in steps.items():
        try:
            fields[field] = step()
        except (RefusedError, FailedError) as error:
            faults.append(f"{field}: {error}")
    if fields.get("resumed_same") is False:
        faults.append("resumed_same: other weights or predictions")
    if fields.get("reload_difference", 0) > SAME:
        faults.append(f"reload_difference: above {SAME:g}")
    return fields | {"faults": faults}


def resumed_same(run: Run) -> bool:
    """Whether a run that is killed after an epoch and started again leaves what it left undisturbed."""
    before = left_by(run)
    shutil.rmtree(run.model_path)
    killed_once(run, fine_tune, run.architecture, run.configuration, run.seed)
    if Record.read_from(run.record_path).cost.resumed_at_step == 0:
        raise FailedError("it began anew")
    return left_by(run) == before


def left_by(run: Run) -> dict[str, bytes]:
    files = [*run.model_path.glob("*.safetensors"), run.model_path / "predictions.parquet"]
    return {file.name: file.read_bytes() for file in files}


def full_size_trainable(params: Params, configuration: str) -> int:
    census = resolve_census(params)
    settings = census.runs[params.protocol][ARCHITECTURE][configuration]
    return count_cell(settings, census.full_size[ARCHITECTURE]).trainable


def table(report: Methods, form: str) -> str:
    """A row a configuration, those that were refused last."""
    headers = ["configuration", "method", "trains", "adapter", "accuracy", "resumed", "reloaded", "at full size"]
    trained = [cells(row) for row in report.rows if row.outcome == "trained"]
    refused = [[row.configuration, row.label, row.reason] for row in report.rows if row.outcome != "trained"]
    parts = [
        f"{report.trained} trained, {report.refused} refused; peft {report.peft}, {report.architecture}.",
        tabulate(trained, headers=headers, tablefmt=form, disable_numparse=True),
        tabulate(refused, headers=["configuration", "method", "why not"], tablefmt=form, disable_numparse=True),
    ]
    return "\n\n".join(parts)


def cells(row: MethodRow) -> list[str]:
    """Of one row, as the table has them."""
    if row.outcome != "trained":
        return [row.configuration, row.label, f"{row.outcome}: {row.reason}"]
    same = {True: "same", False: "other", None: "no"}[row.resumed_same]
    difference = "no" if row.reload_difference is None else f"{row.reload_difference:.0e}"
    counted = "not counted" if row.full_size_trainable is None else f"{row.full_size_trainable:,}"
    figures = [f"{row.trainable:,}", f"{row.adapter:,}", f"{row.test_accuracy:.3f}", same, difference, counted]
    return [row.configuration, row.label, *figures]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=Path, default=Path(), help="a folder with data/tokenized and models/base")
    parser.add_argument("only", nargs="*", help="configurations to try; all, unless given, and then nothing is written")
    run_stage(main, **vars(parser.parse_args()))
