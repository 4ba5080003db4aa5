"""What would pay: each idea by itself, outside the product, against steps as they are in the same process's turn."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from transformers.models.deberta_v2 import modeling_deberta_v2

from stages.training.settings import Run
from stages.training.trainer import StudyTrainer
from tools.benchmarks.common.children import FailedError, RefusedError, in_child
from tools.benchmarks.common.processes import ROOT
from tools.benchmarks.gpu.bench import Bench
from tools.benchmarks.gpu.figures import Figure
from tools.benchmarks.gpu.steps_taken import Taken, steps_taken
from tools.benchmarks.gpu.where_time_goes import ONE_BATCH

IMPORT = "from stages.training.run import fine_tune"
LEAN = f"from stages.training.startup import lean_imports\nwith lean_imports():\n    {IMPORT}"


def compile_layers(trainer: StudyTrainer) -> None:
    """The encoder's layers, one after another with any width, not the model as a whole."""
    lists = [module for module in trainer.model.modules() if isinstance(module, torch.nn.ModuleList)]
    for layer in max(lists, key=len):
        layer.compile(dynamic=True, backend="inductor" if trainer.device.type == "cuda" else "eager")


def ready_masks(trainer: StudyTrainer) -> None:
    """Masks of four dimensions, which no model asks whether they are all ones: to ask is to wait for the device."""
    plain = trainer.output

    def output(batch: Any, model: torch.nn.Module, **labels: torch.Tensor) -> Any:
        return plain(batch._replace(attention_mask=batch.attention_mask[:, None, None, :].bool()), model, **labels)

    trainer.output = output


def positions_kept(_: StudyTrainer) -> None:
    """DeBERTa's table of relative positions, made once for each width."""
    made = modeling_deberta_v2.build_relative_position

    @cache
    def of_width(queries: int, keys: int, buckets: int, most: int) -> torch.Tensor:
        sizes = (torch.empty(1, queries, 1, device="cuda"), torch.empty(1, keys, 1, device="cuda"))
        return made(*sizes, bucket_size=buckets, max_position=most)

    def kept(query: torch.Tensor, key: torch.Tensor, bucket_size: int = -1, max_position: int = -1) -> torch.Tensor:
        if query.device.type == "cpu":
            return made(query, key, bucket_size, max_position)
        return of_width(query.shape[-2], key.shape[-2], bucket_size, max_position)

    modeling_deberta_v2.build_relative_position = kept


def inputs_uncast(trainer: StudyTrainer) -> None:
    """PEFT's layers leave what comes to them in the precision in which it comes."""
    for module in trainer.model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = False


def frozen_in_bf16(trainer: StudyTrainer) -> None:
    """Weights of linear layers that do not train are cast once, not in every forward pass."""
    for module in trainer.model.modules():
        if isinstance(module, torch.nn.Linear) and not any(p.requires_grad for p in module.parameters()):
            module.to(torch.bfloat16)


def attention_by_cudnn(_: StudyTrainer) -> None:
    torch.backends.cuda.enable_cudnn_sdp(True)


class Idea(NamedTuple):
    """Something to try on cells: other settings, or a change of the trainer."""

    name: str
    cells: list[tuple[str, str]]
    changes: Mapping[str, Any] = MappingProxyType({})
    prepare: Callable[[StudyTrainer], None] | None = None


FULL, ADAPTED = [("roberta", "full"), ("deberta", "full")], [("roberta", "lora-ffn"), ("deberta", "lora-ffn")]
QUANTIZED = [("roberta", "qlora-ffn")]
AS_IT_IS = "as it is"
GRAPHS = {"train": ONE_BATCH["train"] | {"compile": "graphs"}}
IDEAS = [
    Idea("one batch a step", FULL + QUANTIZED, ONE_BATCH),
    Idea("steps replayed as graphs, one batch", [FULL[0], ADAPTED[0], *QUANTIZED], GRAPHS),
    Idea("the encoder's layers compiled, one batch", FULL + ADAPTED[:1], ONE_BATCH, compile_layers),
    Idea("masks ready", [FULL[0], *ADAPTED[:1]], {}, ready_masks),
    Idea("positions kept", [FULL[1]], {}, positions_kept),
    Idea("PEFT's inputs uncast", ADAPTED, {}, inputs_uncast),
    Idea("frozen weights in bf16", ADAPTED, {}, frozen_in_bf16),
    Idea("fused AdamW, not bitsandbytes'", QUANTIZED, {"optimizer": "adamw_torch_fused"}),
    Idea("cuDNN's attention", FULL[:1], {}, attention_by_cudnn),
]


def measure(bench: Bench) -> Iterator[Figure]:
    yield from imports()
    cells = sorted({cell for idea in IDEAS for cell in idea.cells if cell[0] in bench.study.architectures})
    for cell in cells:
        run = bench.run(*cell)
        yield from figure(bench, run, Idea(AS_IT_IS, [cell]))
        for idea in IDEAS:
            if cell in idea.cells:
                yield from figure(bench, run, idea)
        yield from figure(
            bench, run, Idea(f"{AS_IT_IS}, again", [cell])
        )  # how far two measurements of one thing differ


def figure(bench: Bench, run: Run, idea: Idea) -> list[Figure]:
    """What a step takes with an idea, and all the steps before those that were timed."""
    name = f"{run.architecture} {run.configuration}"
    try:
        taken: Taken = in_child(steps_taken, bench.workspace, run, bench.sizes, idea.changes, idea.prepare)
    except (FailedError, RefusedError) as error:
        return [Figure(of=name, what=f"step: {idea.name}", fault=str(error))]
    first = f"first {bench.sizes.warm_up} steps: {idea.name}"
    return [
        Figure(of=name, what=f"step: {idea.name}", value=1000 * taken.seconds, unit="ms"),
        Figure(of=name, what=first, value=taken.first_seconds, unit="s"),
    ]


def imports() -> Iterator[Figure]:
    """What a run imports, with and without what it does not use; the second time, when files have been read."""
    for what, code in (("all imports", IMPORT), ("imports without the unused", LEAN)):
        for _ in range(2):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
            seconds = time.perf_counter() - began
        yield Figure(of="a run", what=what, value=seconds, unit="s")
