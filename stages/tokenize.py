"""tokenize@<architecture>: data/raw/ -> data/tokenized/<architecture>/, the texts as token ids.

Nothing is padded and no row is dropped; ``true_length`` keeps what truncation hides. The bytes depend on the
texts, the tokenizer and ``max_length`` alone, so DVC sees a change exactly when there is one.
"""

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import datasets
import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, Features, List, Value

from stages.core.errors import InputError, run_stage
from stages.core.files import written_whole
from stages.encoders.settings import TokenizeSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

RAW = Path("data/raw")
FOLDER = Path("data/tokenized")
SPLITS = ("train", "validation", "test")
FEATURES = Features(
    {
        "input_ids": List(Value("int32")),
        "attention_mask": List(Value("int8")),
        "label": Value("int64"),
        "length": Value("int32"),
        "true_length": Value("int32"),
    }
)


def main(architecture: str) -> None:
    """Write ``data/tokenized/<architecture>/``, a ``DatasetDict`` saved with ``save_to_disk``.

    One row a text, in order: ``input_ids`` and ``attention_mask`` (at most ``max_length`` tokens), ``label``,
    ``length`` (tokens kept) and ``true_length`` (tokens of the whole text), both with the special tokens.

    Raises:
        InputError: the tokenizer or a split is missing, or ``max_length`` is more than the model takes.
    """
    settings = TokenizeSettings.read(architecture)
    datasets.disable_progress_bars()
    tokenizer = load_tokenizer(Path("models/base", settings.architecture), settings.max_length)
    tokenized = DatasetDict()
    for split in SPLITS:
        tokenized[split] = tokenize_split(RAW / f"{split}.parquet", tokenizer, settings.max_length)
    with written_whole(FOLDER / settings.architecture) as folder:
        tokenized.save_to_disk(folder)
    print(f"{settings.architecture}: " + ", ".join(_summary(split, data) for split, data in tokenized.items()))


def load_tokenizer(folder: Path, max_length: int) -> "PreTrainedTokenizerFast":
    """The checkpoint's own tokenizer, which must be a fast one: only those report what they cut off."""
    from transformers import AutoTokenizer  # seconds to import

    if not folder.is_dir():
        raise InputError(f"{folder}: not found; run `dvc repro base@{folder.name}` first")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: holds no tokenizer; run `dvc repro -f base@{folder.name}`") from error
    if not tokenizer.is_fast:
        raise InputError(f"{folder}: {type(tokenizer).__name__} is a slow tokenizer; required: a fast one")
    if max_length > tokenizer.model_max_length:
        raise InputError(
            f"tokenize.max_length: {max_length}: more than {folder.name} takes; "
            f"allowed: at most {tokenizer.model_max_length}"
        )
    return tokenizer


def tokenize_split(path: Path, tokenizer: "PreTrainedTokenizerFast", max_length: int) -> Dataset:
    """Tokenise one split (columns ``text`` and ``label``) in memory, row by row the same order."""
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro prepare` first") from error
    # The library's own fingerprint is partly random and lands in state.json: this one follows the content.
    decisive = f"{path.name} {max_length} {tokenizer.backend_tokenizer.to_str()}".encode() + path.read_bytes()
    return Dataset(table).map(
        lambda batch: encode(tokenizer, batch["text"], max_length),
        batched=True,
        remove_columns="text",
        features=FEATURES,
        new_fingerprint=hashlib.sha256(decisive).hexdigest()[:16],
    )


def encode(tokenizer: "PreTrainedTokenizerFast", texts: list[str], max_length: int) -> dict[str, list]:
    """Token ids of a batch, cut to ``max_length``, with the lengths before and after.

    The tokenizer hands the cut-off rest back as further pieces, each with special tokens of its own, so one
    pass gives both lengths.
    """
    pieces = tokenizer(
        texts,
        truncation=True,
        max_length=max_length,
        return_overflowing_tokens=True,
        return_token_type_ids=False,
    )
    lengths = np.array([len(ids) for ids in pieces["input_ids"]])
    special = tokenizer.num_special_tokens_to_add()
    row_of_piece = pieces["overflow_to_sample_mapping"]
    rows, first = np.unique(row_of_piece, return_index=True)
    assert len(rows) == len(texts), "a text came back without a piece"
    return {
        "input_ids": [pieces["input_ids"][piece] for piece in first],
        "attention_mask": [pieces["attention_mask"][piece] for piece in first],
        "length": lengths[first],
        "true_length": np.bincount(row_of_piece, weights=lengths - special) + special,
    }


def _summary(split: str, data: Dataset) -> str:
    is_cut = np.array(data["true_length"]) > np.array(data["length"])
    share = np.mean(is_cut) if len(data) else 0
    return f"{split} {len(data)} rows ({share:.1%} truncated)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", help="a name listed under `architectures` in params.yaml")
    run_stage(main, **vars(parser.parse_args()))
