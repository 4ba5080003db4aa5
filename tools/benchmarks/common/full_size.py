"""The published sizes with random weights: everything but accuracy is then real."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
import transformers
from datasets import ClassLabel, Dataset, disable_progress_bars
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from stages.core.errors import InputError
from stages.fullsize.peak_memory import cublas_workspace, predict
from stages.fullsize.settings import FULL_SIZE_PROFILE
from stages.study.params import Params, load_params
from stages.study.resolve import resolve
from stages.training.batching import resident_bytes
from stages.training.settings import RunSettings
from tools.benchmarks.common.results import Extrapolation, SpeedRow

ROWS = 2048
IMDB = {"train": 24904 - 2500, "validation": 2500, "test": 24678}  # texts of the study, de-duplicated
LENGTH_MEDIAN, LENGTH_SIGMA = 230, 0.67  # log-normal, about the tokens of IMDb's reviews before truncation
# Cells of the grid that are not measured cost at most what the measured cell with more adapters costs.
STANDS_FOR = {"lora-r8": "lora-ffn", "lora-r16": "lora-ffn", "qlora-ffn-probe": "qlora-ffn"}


def write_workspace(
    folder: Path, rows: int | dict[str, int], device: str, change: Callable[[Params], Params] | None = None
) -> None:
    """Settings of the full-size profile, random checkpoints and random texts of IMDb's lengths in ``folder``.

    Args:
        rows: texts of every split, or by split.
        change: of the parameters, before anything is made of them.

    Raises:
        InputError: fewer rows than one batch, or no CUDA device where one is asked for.
    """
    params = load_params() if change is None else change(load_params())
    rows = rows if isinstance(rows, dict) else dict.fromkeys(IMDB, rows)
    batch = params.profiles[FULL_SIZE_PROFILE].train.batch_size
    if min(rows.values()) < batch:
        raise InputError(f"--rows: {min(rows.values())}; allowed: at least {batch}, one batch")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no CUDA device; allowed here: cpu")
    params = chosen(params)
    write_settings(params, folder)
    disable_progress_bars()
    for name in params.architectures:
        write_checkpoint(params, name, folder / "models/base" / name)
        vocabulary = int(params.architecture[name].full_size["vocab_size"])
        for split in IMDB:
            length = params.profiles[FULL_SIZE_PROFILE].tokenize.max_length
            write_split(folder / "data/tokenized" / name / split, rows[split], length, vocabulary)


def write_settings(params: Params, folder: Path) -> None:
    """What ``stages/settings.py`` writes, in ``folder``; runs compute where the benchmark is told to (``--device``)."""
    profile = params.profiles[params.profile]
    train = profile.train.model_copy(update={"device": "auto"})
    profiles = params.profiles | {params.profile: profile.model_copy(update={"train": train})}
    params = params.model_copy(update={"profiles": profiles})
    for path, model in resolve(params).items():
        model.write_to(folder / path)


def chosen(params: Params) -> Params:
    """The corrected protocol at the full-size profile: one epoch."""
    profile = params.profiles[FULL_SIZE_PROFILE]
    train = profile.train.model_copy(update={"epochs": 1})
    profiles = params.profiles | {FULL_SIZE_PROFILE: profile.model_copy(update={"train": train})}
    return params.model_copy(update={"profile": FULL_SIZE_PROFILE, "protocol": "corrected", "profiles": profiles})


def write_checkpoint(params: Params, architecture: str, folder: Path) -> None:
    """An encoder of the published size at random, and a tokenizer that only pads."""
    family = params.architecture[architecture]
    torch.manual_seed(0)
    model_class = getattr(transformers, family.model_class)
    model_class(model_class.config_class(**family.full_size)).base_model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)


def write_split(folder: Path, rows: int, max_length: int, vocabulary: int) -> None:
    """Random token ids; labels alternate."""
    generator = np.random.default_rng(rows)
    drawn = generator.lognormal(np.log(LENGTH_MEDIAN), LENGTH_SIGMA, rows).astype(int)
    tokens = drawn.clip(min(16, max_length), max_length)
    ids = [generator.integers(min(1000, vocabulary // 2), vocabulary, n, dtype=np.int32) for n in tokens]
    masks = [np.ones(n, dtype=np.int8) for n in tokens]
    columns = {"input_ids": ids, "attention_mask": masks, "label": np.arange(rows) % 2, "length": tokens}
    Dataset.from_dict(columns).cast_column("label", ClassLabel(num_classes=2)).save_to_disk(folder)


def evaluated(workspace: Path, settings: RunSettings) -> int:
    """Texts that a run of ours evaluates: the selection split after each epoch, and the test split once."""
    folder = workspace / "data/tokenized" / settings.architecture
    return settings.train.epochs * count(folder / settings.selection_split) + count(folder / "test")


def lengths(folder: Path) -> list[int]:
    """Tokens of each text of a split."""
    tokens = []
    for file in sorted(folder.glob("data-*.arrow")):
        tokens += pa.ipc.open_stream(pa.memory_map(str(file))).read_all()["length"].to_pylist()
    return tokens


def count(folder: Path) -> int:
    return len(lengths(folder))


def predicted_peak(settings: RunSettings, checkpoint: Path, length: int, device: str, rows: int = 0) -> int | None:
    """Bytes of training by stages/fullsize/peak_memory.py; None on a CPU, where no allocator counts.

    Args:
        length: tokens of the longest text.
        rows: texts that lie on the device while it trains.
    """
    if device == "cpu":
        return None
    config = transformers.AutoConfig.from_pretrained(checkpoint, local_files_only=True)
    batch_size, workspace = settings.train.batch_size, cublas_workspace()
    resident = resident_bytes(rows, settings.max_length)
    return predict(settings, config, batch_size, length, "cuda", workspace=workspace, resident=resident).peak


def extrapolate(cells: list[SpeedRow], rows: int, seeds: int = 2, epochs: int = 2) -> Extrapolation:
    """Seconds of the 42 runs: measured seconds an example times the study's examples, and the fixed seconds a run.

    Nothing is extrapolated unless every architecture and stand-in was measured.
    """
    seconds: dict[str, float] = {}
    for cell in cells:
        ours, evaluation = cell.ours, cell.evaluation_seconds_per_example
        fixed = ours.seconds - ours.train_seconds - evaluation * 2 * rows  # as many texts to select and to test on
        training = epochs * IMDB["train"] / ours.samples_per_second
        evaluating = evaluation * (epochs * IMDB["validation"] + IMDB["test"])
        seconds[f"{cell.architecture} {cell.configuration}"] = training + evaluating + fixed
    architectures = {cell.architecture for cell in cells}
    configurations = ["full", "lora-ffn", "qlora-ffn", "ia3", *STANDS_FOR]
    grid = [f"{a} {STANDS_FOR.get(name, name)}" for a in architectures for name in configurations]
    if len(architectures) < 3 or not set(grid) <= seconds.keys():
        return Extrapolation(seconds_by_cell=seconds)
    return Extrapolation(grid_seconds=seeds * sum(seconds[cell] for cell in grid), seconds_by_cell=seconds)
