import numpy as np

from stages.lib.batching import POOL, ByLengthSampler

LENGTHS = np.random.default_rng(0).integers(5, 200, 1003).tolist()


def batches(sampler: ByLengthSampler) -> list[list[int]]:
    order = list(sampler)
    return [order[start : start + sampler.batch_size] for start in range(0, len(order), sampler.batch_size)]


def test_every_example_once_and_the_short_batch_last():
    found = batches(ByLengthSampler(LENGTHS, 8, seed=42))
    assert sorted(index for batch in found for index in batch) == list(range(1003))
    assert [len(batch) for batch in found] == [8] * 125 + [3]


def test_little_is_padding():
    padded = sum(len(batch) * max(LENGTHS[i] for i in batch) for batch in batches(ByLengthSampler(LENGTHS, 8, seed=42)))
    shuffled = np.random.default_rng(1).permutation(LENGTHS)[: 125 * 8].reshape(-1, 8)
    assert padded / sum(LENGTHS) < 1.1 < 1.5 < 8 * shuffled.max(axis=1).sum() / shuffled.sum()


def test_order_follows_from_seed_and_epoch_alone():
    sampler, again, other = (ByLengthSampler(LENGTHS, 8, seed=seed) for seed in (42, 42, 43))
    first = list(sampler)
    assert list(again) == first == list(sampler)
    assert list(other) != first
    sampler.set_epoch(1)
    assert list(sampler) != first
    again.set_epoch(1)
    assert list(again) == list(sampler)


def test_batches_are_not_in_order_of_length():
    means = [np.mean([LENGTHS[i] for i in batch]) for batch in batches(ByLengthSampler(LENGTHS, 8, seed=42))[:POOL]]
    assert means != sorted(means)
