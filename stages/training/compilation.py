"""Training steps compiled by TorchDynamo."""

import torch

MOST_WIDTHS = 64  # of compiled batches; beyond, torch would silently go on without compiling


def compile_steps(model: torch.nn.Module, mode: str) -> torch.nn.Module:
    """The model compiled for training steps, a graph a width of batches; ``reduce-overhead`` replays CUDA graphs.

    Sharing the model's parameters; ``none`` is the model itself. Source: ``torch.compile``'s documentation.
    """
    if mode == "none":
        return model
    torch._dynamo.config.recompile_limit = MOST_WIDTHS
    return torch.compile(model, dynamic=False, mode=mode)
