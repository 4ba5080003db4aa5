"""Rows of ``data/raw`` as a miniature encoder learns from them: read, drawn, and as padded batches of token ids."""

from dataclasses import dataclass, replace

import torch
from transformers import PreTrainedTokenizerFast

from stages.encoders.raw_split import RAW, has_pairs, label_feature, read_raw
from stages.encoders.settings import PretrainedBase

VOCABULARY_TEXTS = 20_000  # rows that the tokenizer is trained on, at most
UNRATED = -1  # the label of a row without a rating


@dataclass(frozen=True)
class Rows:
    """Texts a row, their second texts in data of pairs, and ratings: a class id, or -1 for none."""

    texts: list[str]
    pairs: list[str] | None
    ratings: list[int]
    classes: int  # that there are, in these rows or not

    def documents(self) -> list[str]:
        """Every text of the first ``VOCABULARY_TEXTS`` rows."""
        return self.texts[:VOCABULARY_TEXTS] + (self.pairs or [])[:VOCABULARY_TEXTS]


@dataclass(frozen=True)
class Corpus:
    """Token ids a row (special tokens included; both texts of a pair) and ratings: a class id, or -1 for none.

    ``segments`` say which text of a pair a token is of; None where the encoder does not ask.
    """

    ids: list[list[int]]
    ratings: list[int]
    segments: list[list[int]] | None = None

    @classmethod
    def of(
        cls, rows: Rows, tokenizer: PreTrainedTokenizerFast, max_length: int, with_segments: bool = False
    ) -> "Corpus":
        """Tokenised; ``with_segments`` where they are pairs and the encoder embeds which text a token is of."""
        asked = with_segments and rows.pairs is not None
        encoded = tokenizer(rows.texts, rows.pairs, truncation=True, max_length=max_length, return_token_type_ids=asked)
        return cls(encoded["input_ids"], rows.ratings, encoded["token_type_ids"] if asked else None)

    def take(self, rows: list[int]) -> "Corpus":
        segments = None if self.segments is None else [self.segments[i] for i in rows]
        return Corpus([self.ids[i] for i in rows], [self.ratings[i] for i in rows], segments)

    def inputs(self, pad_id: int) -> dict[str, torch.Tensor]:
        """What an encoder is called with: the rows padded to the longest."""
        padded, attention = pad(self.ids, pad_id)
        inputs = {"input_ids": padded, "attention_mask": attention}
        if self.segments is not None:
            inputs["token_type_ids"], _ = pad(self.segments, 0)
        return inputs


def read_unlabelled(base: PretrainedBase) -> Rows:
    """The rows to pretrain on: the unsupervised split, or train without its labels where that split is empty.

    Raises:
        InputError: a split is missing.
    """
    most = max(base.steps * base.batch_size, VOCABULARY_TEXTS)
    rows = read_rows("unsupervised", most, base.seed)
    if rows.texts:
        return rows
    rows = read_rows("train", most, base.seed)
    return replace(rows, ratings=[UNRATED] * len(rows.texts))


def read_rows(split: str, most: int, seed: int) -> Rows:
    """At most ``most`` rows of a split, drawn at random where there are more.

    Raises:
        InputError: there is no such split.
    """
    path = RAW / f"{split}.parquet"
    table = read_raw(path)
    frame = table.to_pandas()
    if len(frame) > most:
        frame = frame.sample(most, random_state=seed)
    return Rows(
        texts=frame["text"].tolist(),
        pairs=frame["pair"].tolist() if has_pairs(table) else None,
        ratings=frame["label"].tolist(),
        classes=label_feature(table, path).num_classes,
    )


def pad(ids: list[list[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask, both int64 of shape (rows, longest row)."""
    lengths = [len(row) for row in ids]
    longest = max(lengths)
    padded = torch.tensor([row + [pad_id] * (longest - len(row)) for row in ids])
    attention = torch.arange(longest) < torch.tensor(lengths)[:, None]
    return padded, attention.long()
