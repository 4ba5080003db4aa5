"""A cell's model on the meta device: shapes and dtypes, no weights, any size in about a second."""

import torch
import transformers
from bitsandbytes.functional import name2qmap
from bitsandbytes.nn import Linear4bit
from peft import prepare_model_for_kbit_training
from transformers import PretrainedConfig, PreTrainedModel
from transformers.integrations import replace_with_bnb_linear

from stages.methods.audit import in_head
from stages.methods.building import Loaded, apply_method
from stages.methods.quantization import autocast_dtype, follow_autocast, quantization_config
from stages.training.settings import RunSettings

META = torch.device("meta")
PUBLISHED_CLASSES = 2  # the census is of the published study, whatever the data at hand


def model_config(settings: RunSettings, sizes: dict) -> PretrainedConfig:
    """The configuration of a cell's classifier from its class's keywords."""
    return getattr(transformers, settings.model_class).config_class(**sizes, num_labels=PUBLISHED_CLASSES)


def meta_model(settings: RunSettings, config: PretrainedConfig) -> Loaded:
    """What ``methods.build_model`` makes of a checkpoint, without one; the head counts as what it did not bring."""
    with META:
        model = getattr(transformers, settings.model_class)(config)
        new_weights = [name for name, _ in model.named_parameters() if in_head(name, settings.head)]
    if settings.is_quantized:
        model = quantised(model, settings)
    elif settings.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    with META:
        return Loaded(apply_method(model, settings, settings.head), new_weights, settings.head)


def quantised(model: PreTrainedModel, settings: RunSettings) -> PreTrainedModel:
    """Linear layers replaced as loading in 4 bits does, each weight packed with its constants."""
    model = replace_with_bnb_linear(model, settings.head, quantization_config(settings, settings.head))
    known = dict(name2qmap)
    for module in model.modules():
        if isinstance(module, Linear4bit):
            # Params4bit.to("meta") keeps a weight unpacked; this is the step it takes for any other device
            module.weight = module.weight._quantize(META)
    if autocast_dtype(settings) is not None:
        follow_autocast(model)
    # bitsandbytes keeps its code book for the next call, and one without data would break a real quantisation
    name2qmap.clear()
    name2qmap.update(known)
    model.is_loaded_in_4bit = True
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.gradient_checkpointing)
