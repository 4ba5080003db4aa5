"""A run's model from its folder, by PEFT or Transformers alone: are its probabilities those of the run?"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
import transformers
from peft import PeftModel

from stages.methods.building import load_model
from stages.methods.quantization import autocast_dtype
from stages.training.batching import read_classes
from stages.training.run import open_split
from stages.training.scores import PROBABILITY
from stages.training.settings import Run, RunSettings


def largest_difference(run: Run) -> float:
    """Of any probability of the test split; an adapter goes onto its base as that run loaded it, quantised or not."""
    settings = RunSettings.read(run.architecture, run.configuration)
    tokenized = Path("data/tokenized", run.architecture)
    if settings.adapter is None:
        model = getattr(transformers, settings.model_class).from_pretrained(run.model_path)
    else:
        base = load_model(settings, Path("models/base", run.architecture), read_classes(tokenized / "train")).model
        model = PeftModel.from_pretrained(base, run.model_path)
    return difference(model, run, settings)


def difference(model: torch.nn.Module, run: Run, settings: RunSettings) -> float:
    """The largest between a model's probabilities of the test split and those in the run's folder."""
    model.eval()
    test = open_split(settings, Path("data/tokenized", run.architecture, "test"), model)
    order = test.by_length()
    model.to(test.ids.device)
    dtype = autocast_dtype(settings)
    torch.backends.cuda.enable_cudnn_sdp(False)  # as in the run: another kernel rounds otherwise
    with torch.inference_mode(), torch.autocast(test.ids.device.type, dtype, enabled=dtype is not None):
        batches = test.batches(order, settings.train.evaluation_batch_size)
        logits = [model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits for batch in batches]
    probabilities = torch.cat(logits).double().cpu().softmax(dim=1).numpy()
    columns = pq.read_table(run.model_path / "predictions.parquet").to_pydict()
    expected = np.column_stack([values for name, values in columns.items() if name.startswith(PROBABILITY)])
    return float(np.abs(probabilities - expected[order]).max())
