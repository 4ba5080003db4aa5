"""Make checkpoints of the published sizes with random weights, for everything about full size but accuracy.

Parameters, memory, time, quantisation and saving are then those of the published checkpoints, without the hub:
``base: {source: local, path: models/random}`` trains from them. The tokenizers are trained on ``data/raw``, or on the
generated corpus where there is none, and have fewer tokens than the embeddings have rows.
"""

import argparse
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.data.settings import GeneratedData
from stages.encoders.settings import Architecture
from stages.encoders.verification import verify
from stages.fullsize.sizes import encoder_sizes
from stages.hub.disk import gigabytes, require_space
from stages.study.params import load_params

FOLDER = Path("models/random")
TRAIN = Path("data/raw/train.parquet")
TEXTS = 20_000  # that a tokenizer is trained on, at most
MINIATURE_VOCABULARY = 600
LENGTH = 512  # tokens that each of the published checkpoints takes
SEED = 2025
NOTE = "Random weights, made by `python -m tools.random_checkpoints`: for measuring, not for results.\n"


def main(folder: Path = FOLDER, miniature: bool = False) -> None:
    """Write ``<folder>/<architecture>/``, laid out as on the hub, for every architecture of ``params.yaml``.

    Raises:
        InputError: a size is not given, or the disk has too little room.
    """
    params, texts = load_params(), _texts()
    for name in params.architectures:
        for key in ("full_size", "tokenizer", *(["miniature"] if miniature else [])):
            if getattr(params.architecture[name], key) is None:
                raise InputError(f"architecture.{name}.{key}: missing; a checkpoint is made by it")
    for name in params.architectures:
        size = write(params.architecture[name], folder / name, texts, miniature)
        print(f"{folder / name}: {size:,} parameters, {gigabytes(4 * size)}", flush=True)


def write(family: Architecture, folder: Path, texts: list[str], miniature: bool) -> int:
    """One checkpoint with a masked-LM head, as published; the number of its parameters."""
    import torch
    import transformers

    from stages.encoders.tokenizers import train_tokenizer

    transformers.logging.disable_progress_bar()
    sizes = encoder_sizes(family, MINIATURE_VOCABULARY if miniature else None)
    model_class = getattr(transformers, family.model_class.replace("SequenceClassification", "MaskedLM"))
    config = model_class.config_class(**sizes)
    with torch.device("meta"):
        parameters = sum(p.numel() for p in model_class(config).parameters())
    require_space(folder, 4 * parameters, "a checkpoint")
    folder.mkdir(parents=True, exist_ok=True)
    train_tokenizer(family.tokenizer, texts, sizes["vocab_size"], LENGTH).save_pretrained(folder)
    torch.manual_seed(SEED)
    model_class(config).save_pretrained(folder)
    (folder / "README.md").write_text(NOTE, encoding="utf-8")
    verify(folder, family, str(folder))
    return parameters


def _texts() -> list[str]:
    if TRAIN.exists():
        import pandas

        return pandas.read_parquet(TRAIN, columns=["text"])["text"].head(TEXTS).tolist()
    from stages.data.generator import generate

    rows = {"train": 2000, "validation": 2, "test": 2, "unsupervised": 0}
    data = GeneratedData(source="generated", label_noise=0.0, seed=SEED, **rows)
    return generate(data)["train"]["text"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--miniature", action="store_true", help="the miniatures' widths: for tests")
    run_stage(main, **vars(parser.parse_args()))
