"""tokenize@<architecture>: data/raw/ -> data/tokenized/<architecture>/, the texts as token ids.

Nothing is padded and no row is dropped; ``true_length`` keeps what truncation hides, and the report
metrics/tokenized/<architecture>.json says how often it does. The bytes depend on the texts, the tokenizer,
``max_length``, ``truncation_side`` and the names of the classes alone, so DVC sees a change exactly when there is one.
"""

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import datasets
import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from stages.core.errors import InputError, run_stage
from stages.core.files import sha256, written_whole
from stages.encoders.raw_split import RAW, has_pairs, label_feature, read_raw
from stages.encoders.settings import TokenizeSettings
from stages.encoders.text_pairs import encode_pairs
from stages.encoders.token_report import SplitTokens, TokenReport

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FOLDER = Path("data/tokenized")
SPLITS = ("train", "validation", "test")
Encoded = dict[str, list | np.ndarray]  # a batch of rows, by column


def main(architecture: str) -> None:
    """Write ``data/tokenized/<architecture>/``, a ``DatasetDict`` saved with ``save_to_disk``, and its report.

    One row a text or a pair of texts, in order: ``input_ids`` and ``attention_mask`` (at most ``max_length`` tokens),
    ``label`` (a ``ClassLabel``), ``length`` (tokens kept) and ``true_length`` (tokens of the whole row), both with the
    special tokens. Of pairs also ``token_type_ids``, where the model has an embedding of them.

    Raises:
        InputError: the tokenizer or a split is missing, ``max_length`` is more than the model takes, or a text has no
            token.
    """
    settings = TokenizeSettings.read(architecture)
    datasets.disable_progress_bars()
    checkpoint = Path("models/base", settings.architecture)
    tokenizer = load_tokenizer(checkpoint, settings.max_length)
    tokenizer.truncation_side = settings.truncation_side
    tokenized = DatasetDict()
    for split in SPLITS:
        tokenized[split] = tokenize_split(RAW / f"{split}.parquet", tokenizer, settings.max_length, checkpoint)
        require_tokens(tokenized[split], split)
    with written_whole(FOLDER / settings.architecture) as folder:
        tokenized.save_to_disk(folder)
        hashes = {split: sha256(folder / split) for split in SPLITS}
    report = TokenReport(
        architecture=settings.architecture,
        max_length=settings.max_length,
        splits={name: _describe(split) for name, split in tokenized.items()},
        sha256=hashes,
    )
    report.write(settings.architecture)
    print(f"{settings.architecture}: " + ", ".join(_summary(name, split) for name, split in report.splits.items()))


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


def tokenize_split(path: Path, tokenizer: "PreTrainedTokenizerFast", max_length: int, checkpoint: Path) -> Dataset:
    """Tokenise one split of ``data/raw`` in memory, row by row the same order."""
    table = read_raw(path)
    in_pairs = has_pairs(table)
    with_segments = in_pairs and has_segments(checkpoint)
    # The library's own fingerprint is partly random and lands in state.json: this one follows the content.
    ways = " segments" * with_segments + " left" * (tokenizer.truncation_side == "left")
    decisive = f"{path.name} {max_length} {tokenizer.backend_tokenizer.to_str()}{ways}"
    return Dataset(table).map(
        lambda batch: encode(tokenizer, batch["text"], batch["pair"] if in_pairs else None, max_length, with_segments),
        batched=True,
        remove_columns=["text", "pair"] if in_pairs else ["text"],
        features=features(label_feature(table, path), with_segments),
        new_fingerprint=hashlib.sha256(decisive.encode() + path.read_bytes()).hexdigest()[:16],
    )


def require_tokens(split: Dataset, name: str) -> None:
    """Check that every row has a token to be read: with none, a model would attend to nothing.

    Raises:
        InputError: names the first row without, counted from 0.
    """
    lengths = np.array(split["length"])
    if (lengths == 0).any():
        raise InputError(f"{RAW / name}.parquet: row {lengths.argmin()}: the tokenizer makes no token of its text")


def has_segments(checkpoint: Path) -> bool:
    """Whether the model tells the second text of a pair by an embedding of its own.

    BERT has one; DistilBERT has none, RoBERTa's has one row and that of DeBERTa-v3 none (``type_vocab_size`` 1 and 0):
    there separator tokens alone tell the second text from the first.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(checkpoint, local_files_only=True)
    return (getattr(config, "type_vocab_size", None) or 0) > 1


def features(label: ClassLabel, with_segments: bool) -> Features:
    """The columns of a tokenised split."""
    segments = {"token_type_ids": List(Value("int8"))} if with_segments else {}
    return Features(
        {
            "input_ids": List(Value("int32")),
            "attention_mask": List(Value("int8")),
            **segments,
            "label": label,
            "length": Value("int32"),
            "true_length": Value("int32"),
        }
    )


def encode(
    tokenizer: "PreTrainedTokenizerFast",
    texts: list[str],
    pairs: list[str] | None,
    max_length: int,
    with_segments: bool = False,
) -> Encoded:
    """Token ids of a batch, cut to ``max_length``, with the lengths before and after; of pairs, segments if asked."""
    if pairs is None:
        return _encode_texts(tokenizer, texts, max_length)
    return encode_pairs(tokenizer, texts, pairs, max_length, with_segments)


def _encode_texts(tokenizer: "PreTrainedTokenizerFast", texts: list[str], max_length: int) -> Encoded:
    """The tokenizer hands the cut-off rest back as further pieces, each with special tokens of its own, so one pass
    gives both lengths.
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


def _describe(split: Dataset) -> SplitTokens:
    return SplitTokens.of(np.array(split["length"]), np.array(split["true_length"]))


def _summary(name: str, split: SplitTokens) -> str:
    return f"{name} {split.rows} rows ({split.truncated_share:.1%} truncated)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", help="a name listed under `architectures` in params.yaml")
    run_stage(main, **vars(parser.parse_args()))
