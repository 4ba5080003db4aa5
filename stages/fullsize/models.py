"""A cell's model on the meta device: shapes and dtypes, no weights, any size in about a second."""

import torch
import transformers
from bitsandbytes.functional import name2qmap
from bitsandbytes.nn import Linear4bit, Linear8bitLt
from peft import prepare_model_for_kbit_training
from transformers import PretrainedConfig, PreTrainedModel
from transformers.integrations import replace_with_bnb_linear

from stages.methods.audit import in_head
from stages.methods.building import Loaded, apply_method
from stages.methods.quantization import autocast_dtype, follow_autocast, quantization_config
from stages.training.settings import RunSettings

META, CPU = torch.device("meta"), torch.device("cpu")
PUBLISHED_CLASSES = 2  # the census is of the published study, whatever the data at hand
WITH_DATA_UP_TO = 500_000_000  # parameters that may be made in memory, in fp32, to find an adapter's shapes
MOST_SIZES = 4  # numbers of a buffer that are the sizes of something


def model_config(settings: RunSettings, sizes: dict) -> PretrainedConfig:
    """The configuration of a cell's classifier from its class's keywords."""
    return getattr(transformers, settings.model_class).config_class(**sizes, num_labels=PUBLISHED_CLASSES)


def meta_model(settings: RunSettings, config: PretrainedConfig, with_data_up_to: int = WITH_DATA_UP_TO) -> Loaded:
    """What ``methods.build_model`` makes of a checkpoint, without one; the head counts as what it did not bring.

    Some adapters compute with the weights that they adapt when they are made, as with their singular values: see
    ``made_with_data``.

    Args:
        settings: a cell's resolved settings.
        config: the model's configuration, at any size.
        with_data_up_to: parameters of a model that may be made with random weights.

    Raises:
        InputError: the method cannot be applied to such a model.
    """
    try:
        return _made(settings, config, META)
    except RuntimeError as error:
        return made_with_data(settings, config, error, with_data_up_to)


def made_with_data(
    settings: RunSettings, config: PretrainedConfig, refusal: RuntimeError, with_data_up_to: int = WITH_DATA_UP_TO
) -> Loaded:
    """The same model where ``refusal`` is torch's for want of data: made with random weights, which are then dropped.

    Raises:
        RuntimeError: ``refusal`` itself, if it is another one or the model is too large.
    """
    parameters = sum(parameter.numel() for parameter in plain(settings, config, META).parameters())
    if not for_want_of_data(refusal) or parameters > with_data_up_to or settings.is_quantized:
        raise refusal
    loaded = _made(settings, config, CPU)
    return loaded._replace(model=without_data(loaded.model))


def for_want_of_data(error: Exception) -> bool:
    """Whether torch refused to compute with a tensor that has none; it has no class of its own for that."""
    return isinstance(error, RuntimeError) and "meta" in str(error).lower()


def without_data(model: torch.nn.Module) -> torch.nn.Module:
    """Moved to the meta device but for an adapter's few whole numbers, such as its sizes, which it asks for later."""
    sizes = {}
    for name, buffer in model.named_buffers():
        if not buffer.is_floating_point() and buffer.numel() <= MOST_SIZES:
            sizes[name] = buffer
    model.to(META)
    for name, buffer in sizes.items():
        owner, _, own_name = name.rpartition(".")
        setattr(model.get_submodule(owner), own_name, buffer)
    return model


def plain(settings: RunSettings, config: PretrainedConfig, device: torch.device) -> PreTrainedModel:
    """The classifier before any method, with random weights where ``device`` has data."""
    with device:
        return getattr(transformers, settings.model_class)(config)


def _made(settings: RunSettings, config: PretrainedConfig, device: torch.device) -> Loaded:
    model = plain(settings, config, device)
    head = settings.head or outside_the_base(model)
    new_weights = [name for name, _ in model.named_parameters() if in_head(name, head)]
    if settings.is_quantized:
        model = quantised(model, settings, head)
    elif settings.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    with device:
        return Loaded(apply_method(model, settings, head), new_weights, head)


def outside_the_base(model: PreTrainedModel) -> list[str]:
    """The modules of a classifier that are not of its base model: its head, as far as that can be told without data."""
    prefix = f"{model.base_model_prefix}."
    modules = {name.split(".")[0] for name, _ in model.named_parameters() if not name.startswith(prefix)}
    return sorted(modules)


def quantised(model: PreTrainedModel, settings: RunSettings, head: list[str]) -> PreTrainedModel:
    """Linear layers replaced as loading in 4 or 8 bits does, each weight packed with its constants."""
    model = replace_with_bnb_linear(model, head, quantization_config(settings, head))
    known = dict(name2qmap)
    for module in model.modules():
        if isinstance(module, Linear4bit | Linear8bitLt):
            # Params4bit.to("meta") keeps a weight unpacked; this is the step it takes for any other device
            module.weight = module.weight._quantize(META)
        if isinstance(module, Linear8bitLt):
            module.state.threshold = 0.0  # which columns of its input are outliers depends on data
    if autocast_dtype(settings) is not None:
        follow_autocast(model)
    # bitsandbytes keeps its code book for the next call, and one without data would break a real quantisation
    name2qmap.clear()
    name2qmap.update(known)
    model.is_loaded_in_8bit = settings.quantization == "int8"
    model.is_loaded_in_4bit = not model.is_loaded_in_8bit
    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.gradient_checkpointing)
