"""Rows of ``data/raw`` as a miniature encoder learns from them: read, drawn, and as padded batches of token ids."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast

from stages.core.errors import InputError
from stages.encoders.settings import PretrainedBase

RAW = Path("data/raw")
VOCABULARY_TEXTS = 20_000  # documents that the tokenizer is trained on, at most
UNRATED = -1  # the label of a row without a rating


@dataclass(frozen=True)
class Corpus:
    """Token ids a row (special tokens included) and ratings: 0, 1 or -1 for none."""

    ids: list[list[int]]
    ratings: list[int]

    @classmethod
    def of(cls, texts: list[str], ratings: list[int], tokenizer: PreTrainedTokenizerFast, max_length: int) -> "Corpus":
        return cls(tokenizer(texts, truncation=True, max_length=max_length)["input_ids"], ratings)

    def take(self, rows: list[int]) -> "Corpus":
        return Corpus([self.ids[i] for i in rows], [self.ratings[i] for i in rows])


def read_unlabelled(base: PretrainedBase) -> tuple[list[str], list[int]]:
    """The rows to pretrain on: the unsupervised split, or train without its labels where that split is empty.

    Raises:
        InputError: a split is missing.
    """
    most = max(base.steps * base.batch_size, VOCABULARY_TEXTS)
    texts, ratings = read_rows("unsupervised", most, base.seed)
    if texts:
        return texts, ratings
    texts, _ = read_rows("train", most, base.seed)
    return texts, [UNRATED] * len(texts)


def read_rows(split: str, most: int, seed: int) -> tuple[list[str], list[int]]:
    """Texts and labels of at most ``most`` rows of a split, drawn at random where there are more.

    Raises:
        InputError: there is no such split.
    """
    path = RAW / f"{split}.parquet"
    try:
        frame = pd.read_parquet(path, columns=["text", "label"])
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro prepare` first") from error
    if len(frame) > most:
        frame = frame.sample(most, random_state=seed)
    return frame["text"].tolist(), frame["label"].tolist()


def pad(ids: list[list[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask, both int64 of shape (rows, longest row)."""
    lengths = [len(row) for row in ids]
    longest = max(lengths)
    padded = torch.tensor([row + [pad_id] * (longest - len(row)) for row in ids])
    attention = torch.arange(longest) < torch.tensor(lengths)[:, None]
    return padded, attention.long()
