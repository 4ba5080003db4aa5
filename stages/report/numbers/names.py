"""What the report calls what its inputs know by a key."""

import json

import pandas as pd

from stages.report.numbers.latex import Latex, escape, named

# The kinds that the published study compares, by ``RunSettings.kind``, in LaTeX.
DESIGN = {"full": "full fine-tuning", "lora": "LoRA", "lora-nf4": "QLoRA", "ia3": "IA3"}
# PEFT's kinds of adapters as their authors write them; one that is not here is called as PEFT calls it.
ADAPTERS = {
    "adalora": "AdaLoRA",
    "adamss": "AdaMSS",
    "boft": "BOFT",
    "c3a": "C3A",
    "delora": "DeLoRA",
    "fourierft": "FourierFT",
    "frod": "FRoD",
    "glora": "GLoRA",
    "gralora": "GraLoRA",
    "hira": "HiRA",
    "ia3": DESIGN["ia3"],
    "lily": "Lily",
    "ln_tuning": "LayerNorm tuning",
    "loha": "LoHa",
    "lokr": "LoKr",
    "lora": "LoRA",
    "miss": "MiSS",
    "p_tuning": "P-tuning",
    "peanut": "PEANuT",
    "prefix_tuning": "prefix tuning",
    "prompt_tuning": "prompt tuning",
    "pvera": "PVeRA",
    "randlora": "RandLoRA",
    "road": "RoAd",
    "shira": "SHiRA",
    "supertuning": "SuperTuning",
    "tinylora": "TinyLoRA",
    "unilora": "Uni-LoRA",
    "vblora": "VB-LoRA",
    "vera": "VeRA",
    "waveft": "WaveFT",
}
# What LoRA is called with a field of this value.
VARIANTS = {
    ("use_dora", True): "DoRA",
    ("use_rslora", True): "rsLoRA",
    ("init_lora_weights", "corda"): "CorDA",
    ("init_lora_weights", "eva"): "EVA",
    ("init_lora_weights", "loftq"): "LoftQ",
    ("init_lora_weights", "lora_ga"): "LoRA-GA",
    ("init_lora_weights", "olora"): "OLoRA",
    ("init_lora_weights", "pissa"): "PiSSA",
}
# Of a run whose optimiser makes a method of its own out of LoRA.
OF_OPTIMIZERS = {"loraplus": "LoRA+", "lorafa": "LoRA-FA"}
QUANTIZED = {"nf4": "NF4", "fp4": "FP4", "int8": "int8"}
# Families of models that read a text in both directions, by the beginning of their classes' names; Transformers has a
# class of each for masked-language modelling.
ENCODERS = (
    *("Albert", "Bert", "BigBird", "Camembert", "ConvBert", "Data2VecText", "Deberta", "DebertaV2", "DistilBert"),
    *("Electra", "Ernie", "Esm", "EuroBert", "FNet", "Funnel", "IBert", "Longformer", "Luke", "MPNet", "MegatronBert"),
    *("MobileBert", "ModernBert", "Mra", "NomicBert", "Nystromformer", "RemBert", "RoCBert", "RoFormer", "Roberta"),
    *("RobertaPreLayerNorm", "SqueezeBert", "XLM", "XLMRoberta", "XLMRobertaXL", "Xmod", "Yoso", "Canine", "Flaubert"),
)
# Placements of the shipped architectures; another is called by its key.
TARGETS = {
    "attention": "attention",
    "attention-ffn": "attention, FFN",
    "ia3": "values, FFN",
    "all-linear": "all linear layers",
    "peft": "PEFT's default",
}
BASELINES = {
    "majority": "majority class",
    "bag": "TF-IDF, logistic regression",
    "ceiling": "ceiling of the corpus",
}


def capitalised(name: str) -> str:
    """At the start of a row or an axis label; the other letters stay as they are."""
    return name[:1].upper() + name[1:]


def is_encoder(model_class: str) -> bool:
    """Whether a class of Transformers reads a text in both directions, as far as it is known here."""
    return model_class.removesuffix("ForSequenceClassification") in ENCODERS


def kind_name(kind: str) -> Latex:
    """Of a ``RunSettings.kind``: whatever its options."""
    if kind in DESIGN:
        return Latex(DESIGN[kind])
    if kind == "subset":
        return Latex("training a subset of the weights")
    adapter, _, quantization = kind.partition("-")
    return _quantized(_adapter(adapter), quantization or "none")


def method_name(run: pd.Series) -> Latex:
    """Of a row of the tidy table, by its kind and the options that have a name."""
    if run["method"] == "subset":
        return Latex("subset of the weights" if patterns_of(run) else "head alone")
    if run["method"] == "full":
        return kind_name("full")
    adapter = adapter_of(run)
    kind = adapter["peft_type"].lower()
    names = [name for (field, value), name in VARIANTS.items() if kind == "lora" and adapter.get(field) == value]
    if kind == "lora" and run["optimizer"] in OF_OPTIMIZERS:
        names.append(OF_OPTIMIZERS[run["optimizer"]])
    name = Latex(", ".join(names)) if names else _adapter(kind)
    return _quantized(name, run["quantization"])


def adapter_of(run: pd.Series) -> dict[str, object]:
    """PEFT's configuration of a row of the tidy table; empty where there is none."""
    return {} if pd.isna(run["adapter"]) else json.loads(run["adapter"])


def has_virtual_tokens(run: pd.Series) -> bool:
    """Whether a row's adapter is put before the text and not into modules: prompts and prefixes."""
    return "num_virtual_tokens" in adapter_of(run)


def patterns_of(run: pd.Series) -> list[str]:
    """The patterns of names of parameters that train in a row of the tidy table, beside the head."""
    return [] if pd.isna(run["parameters"]) else run["parameters"].split()


def placement_name(target: str) -> Latex:
    """A placement in words."""
    return Latex(TARGETS[target]) if target in TARGETS else escape(target)


def in_typewriter(names: list[str]) -> Latex:
    """Names of modules, parameters or fields, separated by commas."""
    shown = []
    for name in names:
        has_digit = any(character.isdigit() for character in name)  # which no number of the ledger is
        shown.append(rf"\texttt{{{named(name) if has_digit else escape(name)}}}")
    return Latex(", ".join(shown))


def _adapter(kind: str) -> Latex:
    return Latex(ADAPTERS[kind]) if kind in ADAPTERS else escape(kind.upper().replace("_", " "))


def _quantized(name: str, quantization: str) -> Latex:
    if quantization == "none":
        return Latex(name)
    if (name, quantization) == ("LoRA", "nf4"):
        return Latex(DESIGN["lora-nf4"])
    return Latex(f"{name} ({QUANTIZED[quantization]})")
