"""Training some of a model's own parameters: a linear probe, BitFit (Ben Zaken et al., 2022), layer norms."""

from fnmatch import fnmatchcase

import torch

from stages.core.errors import InputError
from stages.methods.audit import in_head


def train_subset(model: torch.nn.Module, patterns: list[str], head: list[str]) -> list[str]:
    """Freeze all but the head and the parameters that match a pattern (``*.bias``); the names of those.

    Raises:
        InputError: a pattern that matches nothing.
    """
    names = [name for name, _ in model.named_parameters()]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"parameters: {pattern!r}: matches no parameter; there are e.g. {', '.join(names[:3])}")
    chosen = []
    for name, parameter in model.named_parameters():
        matches = any(fnmatchcase(name, pattern) for pattern in patterns)
        parameter.requires_grad = matches or in_head(name, head)
        if matches and not in_head(name, head):
            chosen.append(name)
    return chosen
