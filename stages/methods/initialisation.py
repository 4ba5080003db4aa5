"""Adapters that start from data of the training split, and adapters that change the weights below them when they start.

EVA, CorDA and LoRA-GA look at some texts before the first step. PEFT leaves the call to the user: without it EVA would
start at random in silence.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from peft import (
    LoraGAConfig,
    PeftConfig,
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    initialize_lora_eva_weights,
    preprocess_loraga,
)
from peft.tuners.lora.corda import preprocess_corda
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from stages.core.errors import InputError

FIELD = "init_lora_weights"
ROWS = 256  # of the training split that an initialisation looks at, at most
GRADIENT_BATCHES = 4  # of which LoRA-GA averages the gradients
PASSES = 50  # over its rows, in which EVA's components must have settled
# What starts from the weights below it and takes its start from them. A saved adapter of this kind fits only weights
# that were changed in the same way, which for those that saw data, or drew at random, nobody can do again.
CHANGES_BASE = ("pissa", "olora", "corda", "lora_ga")
AT_START = "_matrices_at_start"  # attribute of an adapted model
FIRST, SECOND = ".lora_A.", ".lora_B."  # in the names of LoRA's two matrices
WEIGHTS = "adapter_model.safetensors"

Inputs = dict[str, torch.Tensor]  # input_ids, attention_mask, labels of a batch


class TrainingData(NamedTuple):
    """What a method may know of the training before it."""

    steps: int  # of the optimiser, in all
    batches: Callable[[int], Iterator[Inputs]]  # so many rows each, of the training split, in an order of the seed's


def initialised(model: PreTrainedModel, config: PeftConfig, data: TrainingData | None) -> PeftModel:
    """The model with its adapter, started from data if it asks for that.

    Args:
        data: None where nothing is trained (a count of parameters): the adapter then has its shape alone.
    """
    start = str(getattr(config, FIELD, "")).lower()
    if start == "loftq" and not torch.cuda.is_available():
        raise InputError(f"adapter.{FIELD}: 'loftq': computed on a CUDA device, of which there is none here")
    if start in BEFORE and data is None:
        setattr(config, FIELD, True)
        start = ""
    if start in BEFORE:
        BEFORE[start](model, config, data)
    adapted = get_peft_model(model, config)
    if start == "eva" and data is not None:
        _eva(adapted, config, data)
    if start.startswith(CHANGES_BASE) and not config.use_dora and data is not None:
        setattr(adapted, AT_START, _matrices(get_peft_model_state_dict(adapted)))
    return adapted


def save_adapter(model: PeftModel, folder: Path) -> None:
    """As PEFT saves it; one that changed the weights below it, as what it adds to them as they were before.

    With B A the product that is trained, and B0 A0 what was taken from the weights at the start, that is B A - B0 A0:
    a LoRA of twice the rank, which loads and merges as any other. (PEFT's own conversion leaves out trained heads.)
    """
    model.save_pretrained(folder)
    at_start = getattr(model, AT_START, None)
    if at_start is None:
        return
    weights = load_file(folder / WEIGHTS)
    for name, start in at_start.items():
        is_first = FIRST in name
        weights[name] = torch.cat([weights[name], start if is_first else -start], dim=0 if is_first else 1)
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(_of_twice_the_rank(json.loads(path.read_text(encoding="utf-8"))), indent=2), "utf-8")


def _matrices(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies of the two matrices of each module."""
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items() if FIRST in name or SECOND in name}


def _of_twice_the_rank(config: dict) -> dict:
    """A saved LoRA with its ranks doubled and its products scaled as before, which starts as any other."""
    growth = math.sqrt(2) if config["use_rslora"] else 2  # of alpha, which is divided by the rank or by its root
    changes = {"r": config["r"] * 2, "lora_alpha": config["lora_alpha"] * growth, FIELD: True}
    changes["rank_pattern"] = {name: rank * 2 for name, rank in config["rank_pattern"].items()}
    changes["alpha_pattern"] = {name: alpha * growth for name, alpha in config["alpha_pattern"].items()}
    return config | changes | {"corda_config": None, "lora_ga_config": None}


def _corda(model: PreTrainedModel, config: PeftConfig, data: TrainingData) -> None:
    """Covariances of the inputs of each target, text by text: padding would count as input."""

    def read_texts() -> None:
        for batch in islice(data.batches(1), ROWS):
            length = int(batch["attention_mask"].sum())
            model(input_ids=batch["input_ids"][:, :length], attention_mask=batch["attention_mask"][:, :length])

    config.corda_config.verbose = False
    with _quiet():
        preprocess_corda(model, config, run_model=read_texts)


def _lora_ga(model: PreTrainedModel, config: PeftConfig, data: TrainingData) -> None:
    """Gradients of the targets' own weights over some batches."""
    config.lora_ga_config = config.lora_ga_config or LoraGAConfig()

    def backward() -> None:
        for batch in islice(data.batches(_batch_rows(data)), GRADIENT_BATCHES):
            model(**batch).loss.backward()

    preprocess_loraga(model, config, train_step=backward)
    model.zero_grad()


def _eva(model: PeftModel, config: PeftConfig, data: TrainingData) -> None:
    """Principal components of the inputs of each target; PEFT shares the ranks out among the targets by them."""
    rows = _batch_rows(data)
    batches = [_without_labels(batch) for batch in islice(data.batches(rows), ROWS // rows)]
    components = round(config.r * config.eva_config.rho)
    fewest = min(int(batch["attention_mask"].sum()) for batch in batches)
    if fewest < components:
        raise InputError(
            f"adapter.{FIELD}: 'eva': {components} components (r x eva_config.rho) need as many tokens a batch; "
            f"one of {rows} texts has {fewest}"
        )
    initialize_lora_eva_weights(model, _Repeated(batches), show_progress_bar=False)


class _Repeated:
    """Batches over and over, for PEFT reads until its components have settled, and would for ever."""

    def __init__(self, batches: list[Inputs]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Inputs]:
        for _ in range(PASSES):
            yield from self.batches
        raise InputError(f"adapter.{FIELD}: 'eva': its components have not settled in {PASSES} passes over {ROWS} rows")


def _batch_rows(data: TrainingData) -> int:
    """Rows of a batch, fewer where the training split has fewer."""
    return sum(1 for _ in islice(data.batches(1), 16))


def _without_labels(batch: Inputs) -> Inputs:
    return {name: tensor for name, tensor in batch.items() if name != "labels"}


def _quiet() -> redirect_stderr:
    """Of progress bars."""
    return redirect_stderr(StringIO())


BEFORE: dict[str, Callable[[PreTrainedModel, PeftConfig, TrainingData], None]] = {"corda": _corda, "lora_ga": _lora_ga}
