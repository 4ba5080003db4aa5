"""A tokenised split as one padded tensor, and batches of similar length, so that little is computed on padding."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import torch

from stages.core.errors import InputError

POOL = 25  # batches sorted together: lengths vary little in a batch, and batches differ from epoch to epoch


class Batch(NamedTuple):
    """Rows padded to one width: ``input_ids`` and ``attention_mask`` int64 (rows, width), ``labels`` int64 (rows,).

    ``token_type_ids``, of the shape of the ids, are there for pairs of texts and a model that embeds them.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor
    token_type_ids: torch.Tensor | None = None

    def inputs(self) -> dict[str, torch.Tensor]:
        """What a model is called with."""
        inputs = {"input_ids": self.input_ids, "attention_mask": self.attention_mask}
        if self.token_type_ids is not None:
            inputs["token_type_ids"] = self.token_type_ids
        return inputs


class Split:
    """One tokenised split, padded once and kept where it is computed on: the loop collates and transfers nothing.

    At 256 tokens the 25,000 reviews of IMDb take 26 MB. ``width`` says how wide a batch is: ``longest`` of its
    rows, rounded up to ``multiple`` so that few shapes occur, or ``max_length``. ``segments``, in the shape of the ids,
    say which text of a pair a token is of.
    """

    def __init__(
        self,
        ids: torch.Tensor,
        lengths: np.ndarray,
        labels: np.ndarray,
        padding: Literal["longest", "max_length"] = "longest",
        multiple: int = 1,
        segments: torch.Tensor | None = None,
    ) -> None:
        self.ids = ids
        self.segments = segments
        self.lengths = lengths
        self.labels = labels
        self.padding = padding
        self.multiple = multiple
        # The same on the device, and the number of each column.
        self._labels = torch.as_tensor(labels, device=ids.device)
        self._positions = torch.arange(ids.shape[1], device=ids.device)
        self._lengths = torch.as_tensor(lengths, device=ids.device)

    def __len__(self) -> int:
        return len(self.lengths)

    def batches(self, order: np.ndarray, size: int) -> Iterator[Batch]:
        """Batches of ``size`` rows (the last may be smaller), rows in ``order``."""
        rows = torch.as_tensor(order, device=self.ids.device)
        for start in range(0, len(order), size):
            chosen = rows[start : start + size]
            width = self.width(order[start : start + size])
            mask = (self._positions[:width] < self._lengths[chosen, None]).long()
            segments = None if self.segments is None else self.segments[chosen, :width].long()
            yield Batch(self.ids[chosen, :width].long(), mask, self._labels[chosen], segments)

    def width(self, rows: np.ndarray) -> int:
        """Tokens a row of a batch, padding included; from lengths in host memory, so no device is waited for."""
        if self.padding == "max_length":
            return self.ids.shape[1]
        longest = int(self.lengths[rows].max())
        rounded_up = math.ceil(longest / self.multiple) * self.multiple
        return min(rounded_up, self.ids.shape[1])

    def by_length(self) -> np.ndarray:
        """Indices (rows,) from the shortest example to the longest."""
        return np.argsort(self.lengths, kind="stable")

    def widest(self, size: int) -> Batch:
        """A batch of the ``size`` longest rows."""
        return next(self.batches(self.by_length()[-size:], size))


def resident_bytes(rows: int, max_length: int) -> int:
    """What ``Split`` keeps on the device for so many rows: int32 ids, an int64 label and length each."""
    return rows * (4 * max_length + 2 * 8)


def read_split(
    folder: Path, max_length: int, pad_id: int, device: torch.device, padding: str = "longest", multiple: int = 1
) -> Split:
    """A split as ``Dataset.save_to_disk`` left it: Arrow streams, memory-mapped.

    Read without ``datasets``, whose import takes longer than the reading.

    Raises:
        FileNotFoundError: there is no such split.
    """
    files = sorted(folder.glob("data-*.arrow"))
    if not files:
        raise FileNotFoundError(f"{folder}: holds no tokenised split")
    shards = [pa.ipc.open_stream(pa.memory_map(str(file))).read_all() for file in files]
    table = pa.concat_tables(shards)
    lists = table["input_ids"].combine_chunks()
    # not by `to_numpy`, which imports pandas
    lengths = np.from_dlpack(lists.value_lengths()).astype(np.int64)
    is_token = np.arange(max_length) < lengths[:, None]
    ids = np.full((len(lengths), max_length), pad_id, dtype=np.int32)
    ids[is_token] = np.from_dlpack(lists.flatten())
    segments = None
    if "token_type_ids" in table.column_names:
        types = np.zeros((len(lengths), max_length), dtype=np.int8)
        types[is_token] = np.from_dlpack(table["token_type_ids"].combine_chunks().flatten())
        segments = torch.from_numpy(types).to(device)
    labels = np.from_dlpack(table["label"].combine_chunks()).astype(np.int64)
    return Split(torch.from_numpy(ids).to(device), lengths, labels, padding, multiple, segments)


def read_classes(folder: Path) -> list[str]:
    """The names of the classes by id, from what ``Dataset.save_to_disk`` says of a split's columns.

    Raises:
        InputError: the split is not there, or names no classes.
    """
    path = folder / "dataset_info.json"
    again = f"`dvc repro -f tokenize@{folder.parent.name}`"
    try:
        label = json.loads(path.read_text(encoding="utf-8"))["features"]["label"]
        return list(label["names"])
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; {again} makes it") from error
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: names no classes; {again} makes it anew") from error


def epoch_order(lengths: np.ndarray, batch_size: int, seed: int, epoch: int, by_length: bool) -> np.ndarray:
    """Indices (rows,) of one epoch in batch order.

    Shuffled; if ``by_length``, then sorted by length in pools of ``POOL`` batches, and the batches shuffled again.
    The order follows from ``seed`` and ``epoch`` alone, so a resumed epoch sees the batches it would have seen.
    """
    generator = np.random.default_rng((seed, epoch))
    shuffled = generator.permutation(len(lengths))
    if not by_length:
        return shuffled
    pools = []
    for start in range(0, len(shuffled), POOL * batch_size):
        pool = shuffled[start : start + POOL * batch_size]
        pools.append(pool[np.argsort(lengths[pool], kind="stable")])
    order = np.concatenate(pools)
    whole = len(order) // batch_size * batch_size  # the last, smaller batch stays the last
    batches = generator.permutation(order[:whole].reshape(-1, batch_size))
    return np.concatenate((batches.ravel(), order[whole:]))
