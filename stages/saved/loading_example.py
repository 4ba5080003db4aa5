"""Python by which anyone loads a run's folder: what its model card shows, and what tests run as it stands."""

from stages.methods.quantization import autocast_dtype
from stages.saved.saved_run import BASE, QUANTIZATION
from stages.training.settings import RunSettings


def loading_example(settings: RunSettings, is_adapter: bool, has_base: bool) -> str:
    """Markdown.

    Args:
        has_base: whether the weights of an adapter's base lie beside it.
    """
    lines = whole() if not is_adapter else adapter(settings, has_base)
    notes = ["\n".join(["```python", *lines, "```"])]
    if is_adapter and has_base:
        given = ", quantization_config=quantization" if settings.is_quantized else ""
        notes.append(
            "Wherever the folder lies, where Transformers can put this kind of adapter on a model itself, "
            f"`AutoModelForSequenceClassification.from_pretrained(folder{given})` does the same in one call. "
            "`AutoPeftModelForSequenceClassification` looks for the base at a path from the working directory: it does "
            "so in the project's folder, and anywhere for a copy made by `python -m tools.export RUN FOLDER`."
        )
    if autocast_dtype(settings) is not None:
        notes.append(
            f"The predictions beside it were computed under `torch.autocast` in {settings.precision}; without it they "
            "differ in the third digit. `python -m tools.predict` computes them as they were."
        )
    return "\n\n".join(notes)


def whole() -> list[str]:
    return [
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
        "",
        'folder = "..."  # where this file lies',
        "model = AutoModelForSequenceClassification.from_pretrained(folder).eval()",
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
    ]


def adapter(settings: RunSettings, has_base: bool) -> list[str]:
    """A base with the classes of the run, quantised as the run had it, and the adapter on it."""
    names = ["AutoModelForSequenceClassification", "AutoTokenizer"]
    lines = ['folder = "..."  # where this file lies']
    source = f'f"{{folder}}/{BASE}"'
    given = ""
    if not has_base:
        names.append("AutoConfig")
        lines.append(f'config = AutoConfig.from_pretrained(f"{{folder}}/{BASE}")')
        source = repr(settings.checkpoint_hub_id or f"models/base/{settings.architecture}")
        if settings.checkpoint_hub_id is not None:
            given += f", revision={settings.checkpoint_revision!r}"
        given += ", config=config"
    imports = ["from peft import PeftModel"]
    if settings.is_quantized:
        names.append("BitsAndBytesConfig")
        imports.insert(0, "import json\n")
        lines.append(f'with open(f"{{folder}}/{QUANTIZATION}") as file:')
        lines.append("    quantization = BitsAndBytesConfig.from_dict(json.load(file))")
        given += ", quantization_config=quantization"
    lines.append(f"base = AutoModelForSequenceClassification.from_pretrained({source}{given})")
    if settings.quantization in ("nf4", "fp4"):
        imports.append("from bitsandbytes.nn import Linear4bit")
        lines.append("for module in base.modules():  # some CPUs would repack the weights and round their scales")
        lines.append("    if isinstance(module, Linear4bit):")
        lines.append("        module.support_avx512bf16_for_cpu = False")
    lines.append("model = PeftModel.from_pretrained(base, folder).eval()")
    lines.append("tokenizer = AutoTokenizer.from_pretrained(folder)")
    imports.append(f"from transformers import {', '.join(sorted(names))}")
    return [*imports, "", *lines]
