"""Every method of the installed PEFT that classifies sequences: does it train, resume, load and count?

``python -m tools.benchmarks.methods``, after ``dvc repro tokenize`` (``--inputs`` names another folder that has what it
makes): the configurations of studies/beyond-lora.yaml and of variants.yaml here, on some hundred short texts of the
study. Each trains twice, the second time killed after its first epoch and started again, and is loaded from its folder.
``metrics/bench/methods.json`` and ``.md`` have a line for each. With ``--device cuda`` it is ``methods-gpu``: in bf16
unless ``--precision`` says otherwise, several at once.
"""

import argparse
import logging
import shutil
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import tools.benchmarks.common.forkable  # noqa: F401  # before any other import of bitsandbytes

# isort: split
import torch
import transformers
from datasets import disable_progress_bars, load_from_disk

from stages.core.errors import InputError, run_stage
from stages.core.yaml_files import read_yaml
from stages.fullsize.cells import count_cell
from stages.methods.adapters import CONFIG_CLASSES
from stages.study.grid import StudySettings
from stages.study.params import Params, validated
from stages.study.resolve import resolve_census, resolve_run, resolve_study
from stages.training import checkpoints
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common.children import FORK, FailedError, RefusedError, in_child, killed_once
from tools.benchmarks.common.method_rows import MethodRow, Methods, cells, table
from tools.benchmarks.common.reloading import largest_difference
from tools.benchmarks.common.results import publish
from tools.machine import cores
from tools.studies.merging import read_study

REPORTS = {"cpu": Path("metrics/bench/methods.json"), "cuda": Path("metrics/bench/methods-gpu.json")}
PRECISIONS = {"cpu": "fp32", "cuda": "bf16"}
STUDY, VARIANTS = "beyond-lora", Path(__file__).with_name("variants.yaml")
ARCHITECTURE, SEED = "roberta", 42
ROWS = {"train": 200, "validation": 50, "test": 100}
LENGTH = 80  # tokens of the longest text; the default study's miniature has positions for sixteen more
EPOCHS = 3
SAME = 1e-5  # of probabilities, after loading


def main(
    inputs: Path, only: list[str], device: str = "cpu", precision: str | None = None, jobs: int | None = None
) -> None:
    """Try all, or ``only`` some, ``jobs`` at once; write and print.

    Raises:
        InputError: the inputs or the device are not there, or something neither went well nor was refused.
    """
    if (device == "cuda") != torch.cuda.is_available():
        there = "torch sees a CUDA device" if device == "cpu" else "torch sees no CUDA device"
        hide = "; CUDA_VISIBLE_DEVICES= hides it" if device == "cpu" else ""
        raise InputError(f"--device {device}: {there}{hide}")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    disable_progress_bars()
    warnings.simplefilter("ignore")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # of what each 8-bit product is cast to
    precision = precision or PRECISIONS[device]
    raw = parameters(precision)
    rows = []
    with ProcessPoolExecutor(jobs or (cores() if device == "cuda" else 1), mp_context=FORK) as pool:
        name = pool.submit(device_name, device).result()  # a process that asks itself could not fork on
        for row in pool.map(partial(tried_apart, inputs.resolve(), raw), only or raw["configurations"]):
            rows.append(row)
            print(" | ".join(cells(row) + row.faults), flush=True)
            if not only:  # what is tried is kept, should a machine be taken away
                publish(methods(rows, name, precision), REPORTS[device], table, quiet=True)
    if not only:
        publish(methods(rows, name, precision), REPORTS[device], table)
    if faulty := [row.configuration for row in rows if not row.holds]:
        raise InputError(f"{len(faulty)} of {len(rows)} neither went well nor were refused: {', '.join(faulty)}")


def device_name(device: str) -> str:
    return "cpu" if device == "cpu" else torch.cuda.get_device_name()


def methods(rows: list[MethodRow], device: str, precision: str) -> Methods:
    """The report of the configurations tried so far."""
    return Methods(
        architecture=ARCHITECTURE,
        device=device,
        precision=precision,
        torch=version("torch"),
        peft=version("peft"),
        bitsandbytes=version("bitsandbytes"),
        trained=sum(row.outcome == "trained" for row in rows),
        refused=sum(row.outcome == "refused" for row in rows),
        untried=sorted(CONFIG_CLASSES.keys() - {row.peft_type for row in rows}),
        rows=rows,
    )


def parameters(precision: str = "fp32") -> dict:
    """Of the study, on shorter texts and with the variants, not validated."""
    raw = read_study(STUDY).raw
    variants = read_yaml(VARIANTS)
    raw["configuration"] |= variants
    raw["configurations"] = [*raw["configurations"], *variants]
    raw["probes"] = []
    profile = raw["profiles"][raw["profile"]]
    profile["tokenize"]["max_length"] = LENGTH
    profile["train"] |= {"epochs": EPOCHS, "precision": precision}
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


def tried_apart(inputs: Path, raw: dict, name: str) -> MethodRow:
    """``tried``, in a workspace and on a core of its own."""
    torch.set_num_threads(1)
    with workspace(inputs):
        return tried(raw, name)


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
    killed_once(checkpoints.folder_of(run), fine_tune, run.architecture, run.configuration, run.seed)
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=Path, default=Path(), help="a folder with data/tokenized and models/base")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["fp32", "bf16"], help="fp32 on a CPU, bf16 on a GPU, unless given")
    parser.add_argument("--jobs", type=int, help="configurations at once; as many as cores on a GPU, else one")
    parser.add_argument("only", nargs="*", help="configurations to try; all, unless given, and then nothing is written")
    run_stage(main, **vars(parser.parse_args()))
