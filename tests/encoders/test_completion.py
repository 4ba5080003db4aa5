import shutil
from pathlib import Path

from safetensors import safe_open
from transformers import AutoTokenizer

from stages.encoders.completion import complete, count
from stages.encoders.verification import verify
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT

FAMILIES = load_params(ROOT / "params.yaml").architecture


def test_of_the_encoder_what_the_class_reads_is_counted(published, architecture):
    """RoBERTa's published file has a pooler and positions beside it, which its classifier has not."""
    with safe_open(published / architecture / "model.safetensors", framework="pt") as weights:
        encoder = {name: weights.get_tensor(name).numel() for name in weights.keys() if name.startswith(architecture)}  # noqa: SIM118
    unread = ["roberta.pooler.dense.weight", "roberta.embeddings.position_ids"]
    found = count(published / architecture, FAMILIES[architecture])
    assert found["parameters"] == sum(size for name, size in encoder.items() if name not in unread)
    assert found["vocab_size"] == (608 if architecture == "deberta" else 600)


def test_plain_vocabulary_files_do_without_tokenizer_json(published, tmp_path):
    for name in ("distilbert", "roberta"):
        folder = Path(shutil.copytree(published / name, tmp_path / name))
        expected = AutoTokenizer.from_pretrained(folder)("The film was dull, but witty.")["input_ids"]
        (folder / "tokenizer.json").unlink()
        complete(folder, FAMILIES[name], verify(folder, FAMILIES[name], "here"))
        assert (folder / "tokenizer.json").exists()
        assert AutoTokenizer.from_pretrained(folder)("The film was dull, but witty.")["input_ids"] == expected
