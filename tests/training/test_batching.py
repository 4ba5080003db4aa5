import datasets
import numpy as np
import pytest
import torch

from stages.core.errors import InputError
from stages.training.batching import POOL, Split, epoch_order, read_classes, read_split, resident_bytes

LENGTHS = np.random.default_rng(0).integers(5, 200, 1003)
CPU = torch.device("cpu")


def batches(seed: int, epoch: int = 0, by_length: bool = True) -> list[np.ndarray]:
    order = epoch_order(LENGTHS, 8, seed, epoch, by_length)
    return [order[start : start + 8] for start in range(0, len(order), 8)]


@pytest.mark.parametrize("by_length", [True, False])
def test_every_example_once_and_the_short_batch_last(by_length):
    found = batches(42, by_length=by_length)
    assert sorted(index for batch in found for index in batch) == list(range(1003))
    assert [len(batch) for batch in found] == [8] * 125 + [3]


def test_little_is_padding():
    def padded(by_length: bool) -> float:
        return sum(len(batch) * LENGTHS[batch].max() for batch in batches(42, by_length=by_length)) / LENGTHS.sum()

    assert padded(True) < 1.1 < 1.5 < padded(False)


def test_order_follows_from_seed_and_epoch_alone():
    first = epoch_order(LENGTHS, 8, 42, 0, True).tolist()
    assert epoch_order(LENGTHS, 8, 42, 0, True).tolist() == first
    assert epoch_order(LENGTHS, 8, 43, 0, True).tolist() != first
    assert epoch_order(LENGTHS, 8, 42, 1, True).tolist() != first


def test_batches_are_not_in_order_of_length():
    means = [LENGTHS[batch].mean() for batch in batches(42)[:POOL]]
    assert means != sorted(means)


def write_rows(folder, ids: list[list[int]]) -> None:
    columns = {"input_ids": ids, "attention_mask": [[1] * len(row) for row in ids], "label": [0, 1, 1]}
    features = datasets.Features(
        {
            "input_ids": datasets.List(datasets.Value("int32")),
            "attention_mask": datasets.List(datasets.Value("int8")),
            "label": datasets.Value("int64"),
        }
    )
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(folder, num_shards=2)


def test_split_is_read_whole_and_padded(tmp_path):
    write_rows(tmp_path, [[7, 8, 9], [5], [6, 6, 6, 6, 6]])
    split = read_split(tmp_path, 6, 1, CPU)
    assert split.ids.tolist() == [[7, 8, 9, 1, 1, 1], [5, 1, 1, 1, 1, 1], [6, 6, 6, 6, 6, 1]]
    assert (split.lengths.tolist(), split.labels.tolist()) == ([3, 1, 5], [0, 1, 1])
    assert split.by_length().tolist() == [1, 0, 2]


def test_missing_split_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/test: holds no tokenised split"):
        read_split(tmp_path / "test", 6, 1, CPU)


ODD = ['a "quoted" name', "naïve ✓ 中文", "back\\slash", "1", "ham/spam"]


def test_class_names_are_those_of_the_saved_split(tmp_path):
    features = datasets.Features({"label": datasets.ClassLabel(names=ODD)})
    datasets.Dataset.from_dict({"label": [0, 4]}, features=features).save_to_disk(tmp_path / "tiny/train")
    assert read_classes(tmp_path / "tiny/train") == ODD


def test_a_split_without_class_names_is_named(tmp_path):
    folder = tmp_path / "tiny"
    with pytest.raises(InputError) as missing:
        read_classes(folder)
    again = f"`dvc repro -f tokenize@{tmp_path.name}` makes it"
    assert str(missing.value) == f"{folder}/dataset_info.json: not found; {again}"
    write_rows(folder, [[7], [5], [6]])
    with pytest.raises(InputError) as unnamed:
        read_classes(folder)
    assert str(unnamed.value) == f"{folder}/dataset_info.json: names no classes; {again} anew"


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9])
@pytest.mark.parametrize("by_length", [True, False])
def test_a_split_smaller_than_a_batch_is_one(rows, by_length):
    assert sorted(epoch_order(LENGTHS[:rows], 8, 42, 0, by_length)) == list(range(rows))


@pytest.mark.parametrize(
    ("padding", "multiple", "widths"),
    [("longest", 1, [3, 5]), ("longest", 4, [4, 6]), ("max_length", 1, [6, 6])],
)
def test_width_of_a_batch(padding, multiple, widths):
    ids = torch.tensor([[7, 8, 9, 0, 0, 0], [5, 0, 0, 0, 0, 0], [6, 6, 6, 6, 6, 0]], dtype=torch.int32)
    split = Split(ids, np.array([3, 1, 5]), np.array([0, 1, 1]), padding, multiple)
    found = list(split.batches(np.array([1, 0, 2]), 2))
    assert [batch.input_ids.shape[1] for batch in found] == widths
    assert found[0].input_ids[:, :3].tolist() == [[5, 0, 0], [7, 8, 9]]
    assert found[0].attention_mask.sum(dim=1).tolist() == [1, 3]
    assert [batch.labels.tolist() for batch in found] == [[1, 0], [1]]
    assert all(tensor.dtype == torch.int64 for batch in found for tensor in batch.inputs().values())
    assert [list(batch.inputs()) for batch in found] == [["input_ids", "attention_mask"]] * 2


def test_segments_go_with_their_rows_and_reach_the_model():
    ids = torch.tensor([[7, 8, 9, 0], [5, 6, 0, 0]], dtype=torch.int32)
    segments = torch.tensor([[0, 1, 1, 0], [0, 0, 0, 0]], dtype=torch.int8)
    split = Split(ids, np.array([3, 2]), np.array([0, 1]), segments=segments)
    (batch,) = split.batches(np.array([1, 0]), 2)
    assert batch.inputs()["token_type_ids"].tolist() == [[0, 0, 0], [0, 1, 1]]
    assert batch.inputs()["token_type_ids"].dtype == torch.int64


def test_what_a_split_keeps_on_the_device_is_known_beforehand():
    lengths, labels = np.array([3, 5, 2]), np.array([0, 1, 0])
    split = Split(torch.zeros(3, 5, dtype=torch.int32), lengths, labels)
    kept = (split.ids, split._labels, split._lengths)
    assert resident_bytes(3, 5) == sum(tensor.nbytes for tensor in kept) == 3 * (20 + 16)
