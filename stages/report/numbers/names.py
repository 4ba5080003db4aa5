"""What the report calls what its inputs know by a key."""

# By ``RunSettings.kind``, in LaTeX.
KINDS = {"full": "full fine-tuning", "lora": "LoRA", "lora-nf4": "QLoRA", "ia3": r"(IA)\textsuperscript{3}"}
TARGETS = {None: "all weights", "attention": "attention", "attention-ffn": "attention, FFN", "ia3": "values, FFN"}
BASELINES = {
    "majority": "majority class",
    "bag": "TF-IDF, logistic regression",
    "ceiling": "ceiling of the corpus",
}


def capitalised(name: str) -> str:
    """At the start of a row or an axis label; the other letters stay as they are."""
    return name[:1].upper() + name[1:]
