import shutil
from pathlib import Path

import pytest
from safetensors import safe_open
from transformers import AutoTokenizer

from stages.core.errors import InputError
from stages.encoders import snapshot
from stages.encoders.verification import verify
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT


def test_only_the_encoder_is_counted(published, architecture):
    with safe_open(published / architecture / "model.safetensors", framework="pt") as weights:
        prefix = f"{architecture}."
        encoder = [weights.get_tensor(name) for name in weights.keys() if name.startswith(prefix)]  # noqa: SIM118
    found = snapshot.count(published / architecture)
    assert found["parameters"] == sum(tensor.numel() for tensor in encoder)
    assert found["vocab_size"] == (608 if architecture == "deberta" else 600)


def test_plain_vocabulary_files_do_without_tokenizer_json(published, tmp_path):
    for name in ("distilbert", "roberta"):
        folder = Path(shutil.copytree(published / name, tmp_path / name))
        expected = AutoTokenizer.from_pretrained(folder)("The film was dull, but witty.")["input_ids"]
        (folder / "tokenizer.json").unlink()
        verify(folder, load_params(ROOT / "params.yaml").architecture[name], "here")
        snapshot.complete(folder)
        assert (folder / "tokenizer.json").exists()
        assert AutoTokenizer.from_pretrained(folder)("The film was dull, but witty.")["input_ids"] == expected


def test_too_little_disk_copies_nothing(published, tmp_path, monkeypatch):
    free = shutil._ntuple_diskusage(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(InputError) as caught:
        snapshot.copy(published / "roberta", tmp_path)
    assert str(caught.value) == f"{tmp_path}: a copy of {published / 'roberta'} takes 0.00 GB; free: 0.00 GB"
    assert not list(tmp_path.iterdir())
