"""What the process that reads pickles does, in this one; its limits are tested from outside (test_conversion.py)."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from stages.encoders import unpickling
from stages.encoders.unpickling import REQUIRED

NUMBERS = torch.arange(6.0).reshape(2, 3)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(lambda n: n != "__metadata__")
FORM = "is a tensor of another form; allowed: dense ones of numbers, on no device"
DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool]


class Calls:
    """Pickled as a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def write(content: object, path: Path, old: bool = False) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(SystemExit) as caught:
        unpickling.tensors(unpickling.load(path), 2 * path.stat().st_size)
    assert "\n" not in caught.value.code
    assert "False" not in caught.value.code  # torch's advice to read it in a way that runs code
    return caught.value.code


def bits(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([NUMBERS], f"holds list; {REQUIRED}"),
        (NUMBERS, f"holds Tensor; {REQUIRED}"),
        ({}, f"holds no tensor; {REQUIRED}"),
        ({"state_dict": {"a": NUMBERS}}, f"'state_dict' is of type dict; {REQUIRED}"),
        ({"a": NUMBERS, "epoch": 3}, f"'epoch' is of type int; {REQUIRED}"),
        ({"a": NUMBERS, "dtype": torch.float32}, f"'dtype' is of type dtype; {REQUIRED}"),
        ({1: NUMBERS}, f"calls a tensor 1; {REQUIRED}"),
        ({"": NUMBERS}, f"calls a tensor ''; {REQUIRED}"),
        ({"__metadata__": NUMBERS}, f"calls a tensor '__metadata__'; {REQUIRED}"),
        ({"a": NUMBERS.to_sparse()}, f"'a' {FORM}"),
        ({"a": NUMBERS.to("meta")}, f"'a' {FORM}"),
        ({"a": NUMBERS.to(torch.complex64).conj()}, f"'a' {FORM}"),
        (
            {"a": torch.zeros(1).expand(10**6)},
            "stands for 4000000 bytes of numbers; allowed for a file of its size: at most ",
        ),
        (
            {str(number): NUMBERS for number in range(100_000)},
            "stands for 2400000 bytes of numbers; allowed for a file of its size: at most ",
        ),
    ],
)
def test_what_is_no_map_of_names_to_tensors_is_refused(content, message, tmp_path):
    size = 0 if isinstance(content, list | torch.Tensor) else len(content)
    file = write(content, tmp_path / "weights")
    if size < 1000:
        assert refusal(file).startswith(message)
        return
    with pytest.raises(SystemExit) as caught:  # names alone take more than what they share
        unpickling.tensors(unpickling.load(file), 2_000_000)
    assert caught.value.code.startswith(message)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [(os.mkdir, ("made",), "posix.mkdir"), (Path, ("made",), "pathlib.Path"), (exec, ("import os",), "exec")],
)
def test_code_is_refused_and_not_run(function, arguments, named, old, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write({"a": NUMBERS, "b": Calls(function, *arguments)}, Path("weights"), old)
    assert refusal(file) == f"asks for {named}, which no weights need and which may run code; nothing of it was run"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights"]


def test_a_pickle_of_pythons_own_is_no_file_of_weights(tmp_path):
    path = tmp_path / "weights"
    path.write_bytes(pickle.dumps(Calls(os.mkdir, "made")))
    assert refusal(path) == "holds something else than weights (Unsupported operand 149)"
    path.write_bytes(b"<!doctype html>")
    assert refusal(path) == "holds something else than weights (Unsupported operand 60)"
    path.write_bytes(b"")
    assert refusal(path) == "cannot be read: EOFError"


def test_a_model_of_torchscript_is_refused(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "weights")
    assert refusal(tmp_path / "weights") == (
        "cannot be read: Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``."
    )


@pytest.mark.parametrize("old", [False, True])
def test_any_end_that_is_cut_is_refused(old, tmp_path):
    whole = write({"a": NUMBERS}, tmp_path / "whole", old).read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "weights").write_bytes(whole[:length])
        # a cut name may be that of nothing that weights need
        kinds = ("cannot be read: ", "holds something else than weights (", "asks for ")
        assert refusal(tmp_path / "weights").startswith(kinds)


def test_a_torch_whose_unpickler_is_known_to_fail_is_refused(monkeypatch):
    unpickling.require_sound_torch()
    monkeypatch.setattr(torch, "__version__", torch.torch_version.TorchVersion("2.9.1+cu126"))
    with pytest.raises(SystemExit) as caught:
        unpickling.require_sound_torch()
    assert caught.value.code == (
        "torch 2.9.1+cu126 has a fault in what keeps a pickle from running code (CVE-2026-24747); required: 2.10 or "
        "newer"
    )


@pytest.mark.parametrize("old", [False, True])
def test_shared_views_and_odd_numbers_are_the_same_bits_under_every_name(old, tmp_path):
    odd = torch.tensor([float("nan"), -0.0, 0.0, float("inf"), 5e-324], dtype=torch.float64)
    weights = OrderedDict(
        embedded=torch.nn.Parameter(NUMBERS.clone()), turned=NUMBERS.T, odd=odd, half=NUMBERS.half(), none=odd[:0]
    )
    weights["tied"] = weights["embedded"]
    weights["part"] = odd[1:3]
    weights["number"] = torch.tensor(3)
    read = unpickling.tensors(unpickling.load(write(weights, tmp_path / "weights", old)), 10_000)
    save_file(unpickling.apart(read), tmp_path / "out")
    unpickling.require_same(read, tmp_path / "out")
    written = load_file(tmp_path / "out")
    assert {name: (value.dtype, value.shape, bits(value)) for name, value in written.items()} == {
        name: (value.dtype, value.shape, bits(value.detach())) for name, value in weights.items()
    }


@settings(max_examples=40, deadline=None)
@given(
    weights=st.dictionaries(
        NAMES,
        st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    old=st.booleans(),
)
def test_any_names_types_and_shapes_come_back(weights, old, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    made = {}
    for name, (dtype, shape, turned) in weights.items():
        tensor = (torch.randn(shape) * 100).to(dtype)
        made[name] = tensor.permute(*reversed(range(len(shape)))) if turned and shape else tensor
    read = unpickling.tensors(unpickling.load(write(made, folder / "weights", old)), 10**6)
    save_file(unpickling.apart(read), folder / "out")
    unpickling.require_same(read, folder / "out")
    assert {name: bits(value) for name, value in load_file(folder / "out").items()} == {
        name: bits(value) for name, value in made.items()
    }


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"a": NUMBERS + 1}, "'a': other numbers were written than were read"),
        ({"a": NUMBERS.double()}, "'a': other numbers were written than were read"),
        ({"a": NUMBERS.reshape(3, 2)}, "'a': other numbers were written than were read"),
        ({"b": NUMBERS}, "other names were written than were read"),
    ],
)
def test_what_was_not_written_as_it_was_read_is_found(written, message, tmp_path):
    save_file(written, tmp_path / "out")
    with pytest.raises(SystemExit) as caught:
        unpickling.require_same({"a": NUMBERS}, tmp_path / "out")
    assert caught.value.code == message
