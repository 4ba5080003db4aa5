"""The check that a saved run is the run: loaded anew, it must predict what it predicted."""

import time
from pathlib import Path

import numpy as np
import torch

from stages.saved.loading import load_saved, one_line
from stages.saved.saved_run import ADAPTER, BASE
from stages.training.batching import Split
from stages.training.record import RELOAD_TOLERANCE, Reload
from stages.training.scores import probability_columns
from stages.training.settings import RunSettings
from stages.training.trainer import StudyTrainer

FEWEST_ROWS = 32  # as far as there are so many


def check_reload(
    trainer: StudyTrainer, test: Split, predictions: dict[str, np.ndarray], folder: Path, checkpoint: Path
) -> Reload:
    """Load what has been saved in ``folder`` and compare its probabilities with the ``predictions`` beside it.

    On the last batches of the evaluation, batched as they were then: its longest rows where batches are by length.
    A run that cannot be loaded is a finding and no failure. The trainer's own model is given up for it, so that no
    device has to hold two.
    """
    started = time.perf_counter()
    trainer.give_up_model()
    size = trainer.settings.train.evaluation_batch_size
    order = last_rows(trainer.evaluation_order(test), size)
    fault = difference = None
    try:
        model = load_saved(folder, checkpoint).to(trainer.device)
        with torch.inference_mode():
            logits = [trainer.logits(batch, model).float().cpu() for batch in test.batches(order, size)]
        probabilities = torch.cat(logits).double().softmax(dim=1).numpy()
        difference = float(np.abs(probabilities - probability_columns(predictions)[order]).max())
    except Exception as error:  # any kind of method may fail in any way, and its results stand all the same
        fault = one_line(error)
    if difference is not None and not difference <= RELOAD_TOLERANCE:
        fault = f"its probabilities differ by {difference:.1g}, more than {RELOAD_TOLERANCE:g}"
    if fault is not None:
        print(f"  saved, but loaded anew it is not the same: {fault}", flush=True)
    return Reload(
        rows=len(order),
        largest_difference=difference,
        loaded=way_of_loading(trainer.settings, folder),
        fault=fault,
        seconds=time.perf_counter() - started,
    )


def last_rows(order: np.ndarray, size: int) -> np.ndarray:
    """Those of the last batches of ``size``, as many batches as hold ``FEWEST_ROWS``."""
    start = (len(order) - 1) // size * size
    while start > 0 and len(order) - start < FEWEST_ROWS:
        start -= size
    return order[start:]


def way_of_loading(settings: RunSettings, folder: Path) -> str:
    """In a few words, for the record."""
    if not (folder / ADAPTER).exists():
        return "a whole model"
    source = "the copy beside it" if any((folder / BASE).glob("*.safetensors")) else "its base"
    if settings.checkpoint_hub_id is not None:
        source = f"{settings.checkpoint_hub_id} at {settings.checkpoint_revision}"
    if not settings.is_quantized:
        return f"an adapter on {source}"
    packing = "" if settings.quantization == "int8" else ", bitsandbytes' packing for CPUs off"
    return f"an adapter on {source}, its linear layers in {settings.quantization}{packing}"
