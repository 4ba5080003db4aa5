"""Merge a run's adapter into its base: a whole model, which Transformers loads without PEFT."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import InputError, run_stage
from stages.core.files import written_whole
from stages.saved.saved_run import ADAPTER, SavedRun, run_folder
from stages.training.startup import quiet_bitsandbytes
from tools.export import free_folder, parse

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

ROWS, TOKENS, SEED = 64, 32, 0  # of the sequences on which the merged model is compared
EXACT = 1e-5  # the largest difference of probabilities that is rounding


def main(run: str, folder: str) -> None:
    """Write the merged model with its tokenizer, and say how far its probabilities are from the adapter's.

    Raises:
        InputError: the run has no adapter, or one that cannot be merged, or something lies at ``folder``.
    """
    quiet_bitsandbytes()
    from stages.saved.loading import open_run
    from stages.training.run import quiet

    quiet()
    source, target = run_folder(run), free_folder(folder)
    settings = SavedRun.of(source).settings
    if not (source / ADAPTER).exists():
        raise InputError(f"RUN: {run}: nothing to merge, its weights are whole; copy {source}")
    if settings.is_quantized:
        raise InputError(
            f"RUN: {run}: not merged: its base is in {settings.quantization}, which would round what is added to it"
        )
    model = open_run(source)
    apart = probabilities(model)
    merged = merge(model, run)
    with written_whole(target) as beside:
        merged.save_pretrained(beside)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(source / name, beside / name)
        difference = float((probabilities(load_merged(beside)) - apart).abs().max())
    said = "the same" if difference <= EXACT else "NOT the same"
    print(
        f"{target}: {said} as the adapter on its base: at most {difference:.1g} between probabilities of {ROWS} "
        "random token sequences"
    )


def merge(model: "PeftModel", run: str) -> "PreTrainedModel":
    """The base with the adapter in its weights and the trained head in place of its own."""
    kind = model.active_peft_config.peft_type.value
    if model.active_peft_config.is_prompt_learning:
        raise InputError(
            f"RUN: {run}: {kind} cannot be merged: it adds tokens to the input, and nothing to the weights"
        )
    unwrap_saved_modules(model)
    try:
        return model.merge_and_unload(safe_merge=True)
    except Exception as error:  # PEFT's methods say in ways of their own that they cannot
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"RUN: {run}: {kind} cannot be merged: {type(error).__name__}: {reason}") from error


def unwrap_saved_modules(model: "PeftModel") -> None:
    """Put the head that was trained where PEFT keeps it beside the untrained one.

    PEFT merges what it wraps; of some methods it would take a layer of the wrapped head for one without a weight.
    """
    from peft.utils import ModulesToSaveWrapper

    wrapped = [(name, module) for name, module in model.named_modules() if isinstance(module, ModulesToSaveWrapper)]
    for name, module in wrapped:
        model.set_submodule(name, module.modules_to_save[module.active_adapter])


def probabilities(model: "torch.nn.Module") -> "torch.Tensor":
    """Float64 (rows, classes) of random sequences, the same in every call for a vocabulary."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    ids = torch.randint(model.config.get_text_config().vocab_size, (ROWS, TOKENS), generator=generator)
    with torch.inference_mode():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.double().softmax(dim=1)


def load_merged(folder: Path) -> "PreTrainedModel":
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, use_safetensors=True
    ).eval()


if __name__ == "__main__":
    run_stage(main, **vars(parse(__doc__)))
