"""Configurations of many kinds, as a user of PEFT may write them."""

LORA = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.1}
OTHERS = ("HIRA", "DELORA", "DEFT", "GLORA", "MISS", "PEANUT", "LILY", "HRA")  # of a rank alone


def configuration(label: str, adapter: dict | None = None, **fields: object) -> dict[str, object]:
    """An entry of params.yaml; of an adapter in attention unless ``fields`` say otherwise."""
    if adapter is None:
        return {"label": label, **fields}
    return {"label": label, "method": "peft", "target": "attention", "adapter": adapter, **fields}


def every_kind() -> dict[str, dict[str, object]]:
    """All kinds of methods that the report tells apart, without numbers of experiments."""
    kinds = {
        "full": configuration("Full FT", method="full"),
        "head-only": configuration("Linear probe", method="subset", parameters=[]),
        "bitfit": configuration("BitFit", method="subset", parameters=["*.bias"]),
        "lora": configuration("LoRA", LORA),
        "all-linear": configuration("LoRA all linear", LORA, target="all-linear"),
        "dora": configuration("DoRA", LORA | {"use_dora": True}),
        "pissa": configuration("PiSSA", LORA | {"init_lora_weights": "pissa"}),
        "olora": configuration("OLoRA", LORA | {"init_lora_weights": "olora"}),
        "qlora": configuration("QLoRA", LORA, quantization="nf4"),
        "int8": configuration("LoRA int8", LORA, quantization="int8"),
        "fourier": configuration("FourierFT", {"peft_type": "FOURIERFT", "n_frequency": 100}),
        "ia3": configuration("IA3", {"peft_type": "IA3", "feedforward_modules": "ia3-feedforward"}, target="ia3"),
        "prompt": configuration("Prompts", {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 10}, target="peft"),
        "vera": configuration("VeRA", {"peft_type": "VERA", "r": 64}, target="peft"),
        "long": configuration("LoRA longer", LORA, train={"epochs": 3, "schedule": "cosine", "learning_rate": 3e-4}),
    }
    return kinds | {kind.lower(): configuration(kind.title(), {"peft_type": kind, "r": 8}) for kind in OTHERS}


def of_many_ranks(count: int) -> dict[str, dict[str, object]]:
    """Every kind, and LoRA of further ranks up to so many configurations."""
    many = every_kind()
    for rank in range(9, 9 + count - len(many)):
        many[f"lora-{rank}"] = configuration(f"LoRA of rank {rank}", LORA | {"r": rank})
    return many
