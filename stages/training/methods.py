"""Fine-tuning methods: settings in, a model with the right parameters trainable out.

A method is data (``configuration`` in ``params.yaml``); this file is the one dispatch from that data
to Hugging Face PEFT.

Sources: LoRA (Hu et al., 2022), QLoRA (Dettmers et al., 2023), IA3 (Liu et al., 2022).
"""

from pathlib import Path
from typing import NamedTuple

import torch
import transformers
from bitsandbytes.nn import Linear4bit
from peft import IA3Config, LoraConfig, PeftConfig, PeftModel, TaskType, get_peft_model, prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig, PreTrainedModel

from stages.training.settings import RunSettings
from stages.training.startup import nothing_to_compute

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Loaded(NamedTuple):
    """A model ready to train and the names of the weights that its checkpoint did not bring."""

    model: torch.nn.Module
    new_weights: list[str]


def autocast_dtype(settings: RunSettings) -> torch.dtype | None:
    """Of ``torch.autocast``; None is fp32. The published QLoRA computed in fp16 inside its 4-bit layers only."""
    if settings.precision == "fp32" or (settings.method == "qlora" and settings.precision == "fp16"):
        return None
    return DTYPES[settings.precision]


def build_model(settings: RunSettings, checkpoint: Path, classes: list[str]) -> Loaded:
    """Load ``checkpoint`` with a fresh classification head and apply the method.

    Args:
        settings: a run's resolved settings.
        checkpoint: folder with ``config.json`` and ``model.safetensors``.
        classes: their names by id; the head has an output for each.
    """
    model, new_weights = load_classifier(settings, checkpoint, classes)
    if settings.method == "qlora":
        keep_double_quantisation(model)
        if autocast_dtype(settings) is not None:
            follow_autocast(model)
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=settings.gradient_checkpointing)
    config = adapter_config(settings)
    if config is not None:
        model = get_peft_model(model, config)
    return Loaded(model, new_weights)


def plain_model(model: torch.nn.Module) -> PreTrainedModel:
    """The Transformers model inside whatever PEFT wrapped around it."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def load_classifier(settings: RunSettings, checkpoint: Path, classes: list[str]) -> tuple[PreTrainedModel, list[str]]:
    """The checkpoint with a head of an output a class, its linear layers in NF4 for QLoRA."""
    model_class = getattr(transformers, settings.model_class)
    with nothing_to_compute():
        model, info = model_class.from_pretrained(
            checkpoint,
            id2label=dict(enumerate(classes)),
            label2id={name: index for index, name in enumerate(classes)},
            dtype=torch.float32,
            quantization_config=quantization_config(settings),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    return model, sorted(info["missing_keys"])


def keep_double_quantisation(model: PreTrainedModel) -> None:
    """Turn off bitsandbytes' inference packing, which acts on CPUs with AVX512-BF16 alone.

    At the first evaluation it would repack the weights in place, round their constants to bf16 and drop the second
    quantisation, and training would go on with those: other results on one processor than on another.
    """
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def follow_autocast(model: PreTrainedModel) -> None:
    """Have 4-bit layers return what a plain linear layer returns under autocast: its lower precision.

    bitsandbytes casts back to the type of the input. Queries in fp32 beside products in bf16 make DeBERTa mask its
    scores with a number that bf16 does not hold, and every layer's output would be kept in fp32.
    """
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.register_forward_pre_hook(_to_compute_dtype)


def _to_compute_dtype(module: Linear4bit, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
    return (inputs[0].to(module.compute_dtype),)


def quantization_config(settings: RunSettings) -> BitsAndBytesConfig | None:
    """NF4 with double quantisation for QLoRA, else None.

    Loading converts every linear layer, heads included; heads must stay in floating point to train.
    """
    if settings.method != "qlora":
        return None
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=DTYPES[settings.precision],
        llm_int8_skip_modules=settings.head,
    )


def adapter_config(settings: RunSettings) -> PeftConfig | None:
    """The PEFT configuration of a method, None for full fine-tuning.

    ``modules_to_save`` holds whole modules: it matches by suffix, and a submodule of a listed module
    would be wrapped twice and its inner copy never trained.
    """
    common = {
        "task_type": TaskType.SEQ_CLS,
        "target_modules": list(settings.target_modules),
        "modules_to_save": list(settings.modules_to_save) or None,  # a copy: peft appends its own defaults
    }
    if settings.method in ("lora", "qlora"):
        return LoraConfig(r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, **common)
    if settings.method == "ia3":
        return IA3Config(feedforward_modules=list(settings.feedforward_modules), **common)
    return None
