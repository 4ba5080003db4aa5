"""Batches of similar length, so that little is computed on padding."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

POOL = 25  # batches sorted together: lengths vary little in a batch, and batches differ from epoch to epoch


class ByLengthSampler(Sampler[int]):
    """Indices in batch order: shuffled, sorted by length in pools of ``POOL`` batches, batches shuffled again.

    The order follows from ``seed`` and the epoch alone, so a resumed epoch sees the batches it would have seen.
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate's data loader at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng((self.seed, self.epoch))
        shuffled = generator.permutation(len(self.lengths))
        width = POOL * self.batch_size
        pools = [shuffled[start : start + width] for start in range(0, len(shuffled), width)]
        order = np.concatenate([pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools])
        whole = len(order) // self.batch_size * self.batch_size
        batches = generator.permutation(order[:whole].reshape(-1, self.batch_size))
        return iter(np.concatenate((batches.ravel(), order[whole:])).tolist())
