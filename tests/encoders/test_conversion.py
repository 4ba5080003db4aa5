import os
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.encoders import conversion
from stages.encoders.conversion import convert, converted_from, is_to_convert
from stages.study.params import load_params
from tests.encoders.test_unpickling import NUMBERS, Calls, bits, write
from tests.helpers.tiny_study import ROOT

FAMILY = load_params(ROOT / "params.yaml").architecture["deberta"]
PICKLE = "pytorch_model.bin"


def fault(source: Path, folder: Path) -> str:
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        convert(source, folder, "here")
    assert "\n" not in str(caught.value)
    assert converted_from(folder) is None
    return str(caught.value)


@pytest.mark.parametrize("old", [False, True])
def test_weights_are_the_same_bits_with_a_note_of_the_pickle(published, tmp_path, old):
    weights = load_file(published / "deberta/model.safetensors")
    pickle, folder = write(weights, tmp_path / PICKLE, old), tmp_path / "out"
    folder.mkdir()
    convert(tmp_path, folder, "here")
    made = load_file(folder / "model.safetensors")
    assert {name: bits(tensor) for name, tensor in made.items()} == {name: bits(t) for name, t in weights.items()}
    assert converted_from(folder).model_dump() == {"file": PICKLE, "sha256": sha256(pickle), "revision": None}
    first = sha256(folder / "model.safetensors")
    convert(tmp_path, folder, "here")
    assert sha256(folder / "model.safetensors") == first == sha256(published / "deberta/model.safetensors")


def test_code_is_refused_and_not_run(tmp_path):
    marked = tmp_path / "marked"
    write({"a": NUMBERS, "b": Calls(os.mkdir, str(marked))}, tmp_path / PICKLE)
    assert fault(tmp_path, tmp_path / "out") == (
        "here: pytorch_model.bin: not converted: asks for posix.mkdir, which no weights need and which may run code; "
        "nothing of it was run"
    )
    assert not marked.exists()
    torch.load(tmp_path / PICKLE, weights_only=False)  # it would have been
    assert marked.exists()


def test_what_takes_more_memory_than_weights_would_is_ended(tmp_path):
    write({"a": Calls(bytearray, 3 * 2**30)}, tmp_path / PICKLE)
    assert fault(tmp_path, tmp_path / "out") == (
        "here: pytorch_model.bin: not converted: takes more memory than its size allows"
    )


def test_a_file_cut_short_is_named(published, tmp_path):
    whole = write(load_file(published / "deberta/model.safetensors"), tmp_path / PICKLE).read_bytes()
    (tmp_path / PICKLE).write_bytes(whole[:-100])
    assert fault(tmp_path, tmp_path / "out").startswith(
        "here: pytorch_model.bin: not converted: cannot be read: PytorchStreamReader failed reading zip archive: failed"
    )


def test_what_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(conversion, "SECONDS", 0.01)
    write({"a": NUMBERS}, tmp_path / PICKLE)
    assert fault(tmp_path, tmp_path / "out") == "here: pytorch_model.bin: not converted: it took more than 0.01 s"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", "the process that read it was ended by SIGSEGV"),
        ("echo first; echo last >&2; echo; exit 1", "last"),
        ("exit 7", "exit code 7"),
        ("head -c 100000 /dev/zero | tr '\\0' x; echo; echo at last; exit 1", "at last"),
    ],
)
def test_however_the_process_ends_it_is_one_line(script, message, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    write({"a": NUMBERS}, tmp_path / PICKLE)
    assert fault(tmp_path, tmp_path / "out") == f"here: pytorch_model.bin: not converted: {message}"


def test_a_file_that_changes_meanwhile_is_refused(tmp_path, monkeypatch):
    write({"a": NUMBERS}, tmp_path / PICKLE)
    monkeypatch.setattr(
        conversion, "_in_a_process_of_its_own", lambda pickle, weights, shown: pickle.write_bytes(b"another")
    )
    assert fault(tmp_path, tmp_path / "out") == "here: pytorch_model.bin: changed while it was converted; run it again"


def test_too_little_disk_is_named(tmp_path, monkeypatch):
    write({"a": NUMBERS}, tmp_path / PICKLE)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10))
    assert fault(tmp_path, tmp_path / "out") == (
        f"{tmp_path / 'out'}: the conversion of {tmp_path / PICKLE} takes 0.00 GB; free: 0.00 GB"
    )


@pytest.mark.parametrize(
    ("names", "convert", "expected"),
    [
        ([PICKLE], "weights_only", True),
        ([PICKLE], None, False),
        ([PICKLE, "model.safetensors"], "weights_only", False),
        ([PICKLE, "model.safetensors.index.json"], "weights_only", False),
        (["pytorch_model.bin.index.json"], "weights_only", False),
        ([], "weights_only", False),
    ],
)
def test_one_whole_pickle_is_converted_where_it_is_asked_for_and_needed(names, convert, expected):
    assert is_to_convert(names, FAMILY.model_copy(update={"convert": convert})) is expected
