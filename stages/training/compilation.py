"""Training steps compiled by TorchDynamo, or replayed as CUDA graphs."""

from collections.abc import Callable

import torch

from stages.core.errors import InputError
from stages.training.batching import Batch
from stages.training.settings import RunSettings

MOST_WIDTHS = 64  # of compiled batches; beyond, torch would silently go on without compiling
Step = Callable[[Batch, int], torch.Tensor]


def compile_steps(model: torch.nn.Module, mode: str) -> torch.nn.Module:
    """The model compiled for training steps, a graph a width of batches; ``reduce-overhead`` replays CUDA graphs.

    Sharing the model's parameters; ``none`` and ``graphs`` are the model itself. Source: ``torch.compile``'s
    documentation.
    """
    if mode in ("none", "graphs"):
        return model
    torch._dynamo.config.recompile_limit = MOST_WIDTHS
    return torch.compile(model, dynamic=False, mode=mode)


def replayed(step: Step, settings: RunSettings, varies: bool, parameters: list[torch.nn.Parameter]) -> Step:
    """``step`` by CUDA graphs, where a run asks for them and has them; where one step is not as another, as it is.

    Layers in 8 bits look for outliers among their data, and checkpointed ones set random states.

    Args:
        varies: the method has a step of its own.
        parameters: that get gradients.
    """
    varies = varies or settings.quantization == "int8" or settings.gradient_checkpointing
    if settings.train.compile != "graphs" or varies or not torch.cuda.is_available():
        return step
    return StepGraphs(step, parameters)


class StepGraphs:
    """Forward and backward passes recorded as CUDA graphs, one a shape of batches, and replayed.

    A step of these encoders is a thousand small kernels, and starting them takes Python several times as long as they
    take the GPU. A graph starts them all at once. A run made twice so has the same weights, to the bit, but not those
    of one whose steps are not replayed: Transformers may then leave out a mask that masks nothing. Gradients must stay
    where they are: they are set to zero and not to None. Source: PyTorch's documentation, "CUDA Graphs".

    Args:
        step: forward and backward pass of a batch that is one of so many of an optimiser's step; its part of the loss.
        parameters: that get gradients.
    """

    def __init__(self, step: Step, parameters: list[torch.nn.Parameter]) -> None:
        self.step = step
        self.parameters = parameters
        self.graphs: dict[tuple, tuple[torch.cuda.CUDAGraph, list[torch.Tensor], torch.Tensor]] = {}
        self.pool = torch.cuda.graph_pool_handle()  # of memory, for all: one is replayed at a time
        self.stream = torch.cuda.Stream()  # nothing can be recorded on the default one, nor wait for it meanwhile
        self.stream.wait_stream(torch.cuda.current_stream())
        torch.cuda.set_stream(self.stream)

    def __call__(self, batch: Batch, share: int) -> torch.Tensor:
        """As ``step``; the loss is overwritten by the next call."""
        if not self.graphs:
            self.warm_up(batch, share)
        key = (batch.input_ids.shape, share)
        if key not in self.graphs:
            self.graphs[key] = self.record(batch, share)
        graph, inputs, loss = self.graphs[key]
        for own, given in zip(inputs, _tensors(batch), strict=True):
            own.copy_(given)
        graph.replay()
        return loss

    def warm_up(self, batch: Batch, share: int) -> None:
        """Have libraries make what they keep, and gradients their memory; no random number is used up."""
        with torch.random.fork_rng():
            self.step(batch, share)
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad.zero_()

    def record(self, batch: Batch, share: int) -> tuple[torch.cuda.CUDAGraph, list[torch.Tensor], torch.Tensor]:
        """The graph, what it reads and what it leaves; recording computes nothing.

        Raises:
            InputError: the model does in its steps what no graph can hold, as DeBERTa, which copies to the device.
        """
        own = Batch(*(None if tensor is None else tensor.clone() for tensor in batch))
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
                loss = self.step(own, share)
        except RuntimeError as error:  # after which nothing can be computed in this process
            reason = " ".join(str(error).split())
            raise InputError(f"train.compile: 'graphs': not for this model, allowed: none: {reason}") from error
        return graph, _tensors(own), loss


def _tensors(batch: Batch) -> list[torch.Tensor]:
    return [tensor for tensor in batch if tensor is not None]
