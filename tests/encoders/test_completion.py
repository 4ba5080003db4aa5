import shutil
from pathlib import Path

import pytest
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoTokenizer

from stages.core.errors import InputError
from stages.encoders.checkpoint import classifier_class, contents, fresh_modules
from stages.encoders.completion import complete, count, require_head
from stages.encoders.settings import Architecture
from stages.encoders.snapshot import tensor_shapes
from stages.encoders.verification import verify
from stages.study.params import load_params
from tests.helpers.families import FAMILIES, copied, edit, entry, write_gpt2
from tests.helpers.tiny_study import ROOT

# Modules beside the encoder, where there are others than a classifier.
OUTSIDE = {"modernbert": ["classifier", "head"], "deberta-v2": ["classifier", "pooler"]}
OUTSIDE |= {"llama": ["score"], "qwen2": ["score"]}
PUBLISHED = load_params(ROOT / "params.yaml").architecture


def test_of_the_encoder_what_the_class_reads_is_counted(published, architecture):
    """RoBERTa's published file has a pooler and positions beside it, which its classifier has not."""
    with safe_open(published / architecture / "model.safetensors", framework="pt") as weights:
        encoder = {name: weights.get_tensor(name).numel() for name in weights.keys() if name.startswith(architecture)}  # noqa: SIM118
    unread = ["roberta.pooler.dense.weight", "roberta.embeddings.position_ids"]
    found = count(published / architecture, PUBLISHED[architecture])
    assert found["parameters"] == sum(size for name, size in encoder.items() if name not in unread)
    assert found["vocab_size"] == (608 if architecture == "deberta" else 600)


def test_plain_vocabulary_files_do_without_tokenizer_json(published, tmp_path):
    for name in ("distilbert", "roberta"):
        folder = Path(shutil.copytree(published / name, tmp_path / name))
        expected = AutoTokenizer.from_pretrained(folder)("The film was dull, but witty.")["input_ids"]
        (folder / "tokenizer.json").unlink()
        complete(folder, PUBLISHED[name], verify(folder, PUBLISHED[name], "here"))
        assert (folder / "tokenizer.json").exists()
        assert AutoTokenizer.from_pretrained(folder)("The film was dull, but witty.")["input_ids"] == expected


@pytest.mark.parametrize("name", FAMILIES)
def test_a_head_of_another_task_is_left_out(checkpoints, tmp_path, name, capsys):
    """Three classes there, two here: every run starts with a head of its own, and the encoder's weights stay."""
    folder = copied(checkpoints, tmp_path, name)
    torch.manual_seed(1)
    model_class = classifier_class(FAMILIES[name].model_class)
    model_class.from_pretrained(folder, num_labels=3).save_pretrained(folder)
    whole = load_file(folder / "model.safetensors")
    found = verify(folder, entry(name), "here")
    complete(folder, entry(name), found)
    kept = load_file(folder / "model.safetensors")
    assert kept.keys() == {key for key in whole if key.startswith(found.encoder)}
    assert all(torch.equal(kept[key], whole[key]) for key in kept)
    assert capsys.readouterr().out.startswith(f"{name}: left out ")
    again = contents(folder, FAMILIES[name].model_class, tensor_shapes(folder, "here"), classes=2)
    assert fresh_modules(again) == OUTSIDE.get(name, ["classifier"])


def test_what_is_pretrained_beside_the_encoder_stays(checkpoints, tmp_path):
    """ModernBERT's prediction head, which its classifier shares with the masked language model."""
    folder = copied(checkpoints, tmp_path, "modernbert")
    complete(folder, entry("modernbert"), verify(folder, entry("modernbert"), "here"))
    assert "head.dense.weight" in load_file(folder / "model.safetensors")


def test_the_padding_token_that_is_named_is_written_into_the_copy(tmp_path):
    architecture = Architecture(label="GPT-2", model_class="GPT2ForSequenceClassification", pad_token="</s>")
    folder = write_gpt2(tmp_path)
    complete(folder, architecture, verify(folder, architecture, "here"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("</s>", 2)
    assert transformers.AutoConfig.from_pretrained(folder).pad_token_id == 2


@pytest.mark.parametrize("stated", [None, -1])
def test_a_configuration_without_padding_is_given_the_tokenizer_s(checkpoints, tmp_path, stated):
    """Qwen2's published configuration names none; files of old say -1."""
    folder = copied(checkpoints, tmp_path, "qwen2")
    edit(folder / "config.json", pad_token_id=stated)
    complete(folder, entry("qwen2"), verify(folder, entry("qwen2"), "here"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.pad_token == "<|endoftext|>"
    assert transformers.AutoConfig.from_pretrained(folder).pad_token_id == tokenizer.pad_token_id


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (["classifier"], "head: ['classifier']: without bert.pooler.dense.bias, which {} does not bring; "),
        (["classifier", "score"], "head: 'score': no module of BertForSequenceClassification; "),
    ],
)
def test_a_head_that_is_given_must_be_whole(checkpoints, head, message):
    folder = checkpoints / "bert"
    with pytest.raises(InputError) as caught:
        require_head(folder, entry("bert", head=head))
    assert str(caught.value).startswith(message.format(folder) + "required: bert.pooler, classifier")
