"""Linear layers in 4 or 8 bits, as QLoRA has them (Dettmers et al., 2023), by bitsandbytes."""

import torch
from bitsandbytes.nn import Linear4bit
from transformers import BitsAndBytesConfig, PreTrainedModel

from stages.training.settings import RunSettings

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def autocast_dtype(settings: RunSettings) -> torch.dtype | None:
    """Of ``torch.autocast``; None is fp32. The published QLoRA computed in fp16 inside its 4-bit layers only."""
    if settings.precision == "fp32" or (settings.is_quantized and settings.precision == "fp16"):
        return None
    return DTYPES[settings.precision]


def quantization_config(settings: RunSettings, head: list[str]) -> BitsAndBytesConfig | None:
    """Of loading; None without quantisation. In 4 bits its constants are quantised too.

    Loading converts every linear layer, heads included; the ``head`` must stay in floating point to train.
    """
    if settings.quantization == "none":
        return None
    if settings.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=head)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=settings.quantization,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=DTYPES[settings.precision],
        llm_int8_skip_modules=head,
    )


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
