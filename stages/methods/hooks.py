"""What a method does in training beside training its parameters: terms of the loss, a step of its own, a state.

AdaLoRA adds a term to the loss and takes ranks away as training goes on; AdaMSS may do the latter; KaSA has a
penalty. Which method does is read off PEFT's classes.
"""

from typing import Any

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import nn

# Fields of PEFT's configurations with a penalty that its user is to add, and where PEFT has it.
PENALTIES = {"kasa_config": "_get_kasa_loss", "monteclora_config": "_get_monteclora_loss"}


class Hooks:
    """Of one model; of any but a PEFT model, and of most of those, all do nothing.

    Attributes:
        own_loss: the model's own loss has a term beside the cross-entropy, and is to be asked for.
        acts: any of these.
    """

    def __init__(self, model: nn.Module) -> None:
        wrapped = model.base_model if isinstance(model, PeftModel) else None
        self.tuner = wrapped if isinstance(wrapped, BaseTuner) else None
        self.config = None if self.tuner is None else model.active_peft_config
        self.own_loss = self.tuner is not None and type(self.tuner).forward is not BaseTuner.forward
        self.allocates = hasattr(self.tuner, "update_and_allocate")
        self.penalties = [
            getattr(self.tuner, method) for field, method in PENALTIES.items() if getattr(self.config, field, None)
        ]

    @property
    def acts(self) -> bool:
        return bool(self.own_loss or self.allocates or self.penalties)

    def loss(self, cross_entropy: torch.Tensor) -> torch.Tensor:
        """With the penalties, if there are any."""
        for penalty in self.penalties:
            cross_entropy = cross_entropy + penalty()
        return cross_entropy

    def after_step(self, step: int) -> None:
        """To be called after the optimiser's ``step``, counted from 0, while the gradients are still there."""
        if self.allocates:
            self.tuner.update_and_allocate(step)

    def state(self) -> dict[str, Any]:
        """What a method that allocates remembers: tensors, numbers and texts in lists and dictionaries."""
        if not self.allocates:
            return {}
        frozen = [name for name, p in self.tuner.named_parameters() if not p.requires_grad]
        holders = [_plain(holder) for holder in self._holders()]
        return {"holders": holders, "rank_pattern": getattr(self.config, "rank_pattern", None), "frozen": frozen}

    def set_state(self, state: dict[str, Any]) -> None:
        """Put back what ``state`` gave."""
        if not self.allocates:
            return
        for holder, values in zip(self._holders(), state["holders"], strict=True):
            for name, value in values.items():
                setattr(holder, name, value)
        if hasattr(self.config, "rank_pattern"):
            self.config.rank_pattern = state["rank_pattern"]
        frozen = set(state["frozen"])
        for name, parameter in self.tuner.named_parameters():
            parameter.requires_grad_(name not in frozen)

    def _holders(self) -> list[object]:
        """Where it is remembered: AdaLoRA has an object for it, AdaMSS its layers."""
        allocator = getattr(self.tuner, "rankallocator", None)
        layers = [module for module in self.tuner.modules() if isinstance(module, BaseTunerLayer)]
        return [*layers, *([] if allocator is None else [allocator])]


def _plain(holder: object) -> dict[str, dict]:
    """Its dictionaries of tensors, or of lists of tensors, that are neither parameters nor buffers."""
    found = {}
    for name, value in vars(holder).items():
        if isinstance(value, dict) and not name.startswith("_") and all(map(_is_plain, value.values())):
            found[name] = value
    return found


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, torch.Tensor | bool | int | float | str)
