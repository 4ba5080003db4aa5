"""The classification head: every module that a checkpoint does not bring."""

from pathlib import Path

from safetensors import safe_open

from stages.core.errors import InputError
from stages.encoders.checkpoint import contents, fresh_modules
from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute


def head_of(settings: RunSettings, checkpoint: Path, classes: int) -> list[str]:
    """The head's modules by name: the settings' own, or those of which the checkpoint has no weights.

    It is asked for before loading, for a head must not be quantised.

    Raises:
        InputError: the checkpoint brings every weight, so that there is no head to train.
    """
    if settings.head is not None:
        return settings.head
    with safe_open(checkpoint / "model.safetensors", framework="pt") as weights:
        shapes = {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118
    with nothing_to_compute():
        found = contents(checkpoint, settings.model_class, shapes, classes)
    head = fresh_modules(found)
    if not head:
        raise InputError(f"{checkpoint}: brings a head; `dvc repro -f base@{settings.architecture}` leaves it out")
    return head
