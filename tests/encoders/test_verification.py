import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.core.errors import InputError
from stages.encoders.verification import verify
from stages.methods.building import load_classifier
from stages.study.params import load_params
from stages.study.resolve import resolve_run
from tests.helpers.raw_splits import BINARY
from tests.helpers.tiny_study import ROOT

PARAMS = load_params(ROOT / "params.yaml")


def copied(published: Path, tmp_path: Path, architecture: str) -> Path:
    return Path(shutil.copytree(published / architecture, tmp_path / "copy"))


def fault(folder: Path, architecture: str, convert: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        verify(folder, PARAMS.architecture[architecture].model_copy(update={"convert": convert}), "here")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(path: Path, **changes: object) -> None:
    """Set keys of a JSON file; None removes one."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}), encoding="utf-8")


def test_what_is_published_is_fit(published, architecture):
    verify(published / architecture, PARAMS.architecture[architecture], "here")


def test_old_names_of_layer_norm_load(published, tmp_path, architecture):
    """Checkpoints converted from TensorFlow call the weight gamma and the bias beta."""
    folder = copied(published, tmp_path, architecture)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
    }
    assert any(name.endswith("gamma") for name in old)
    save_file(old, folder / "model.safetensors", metadata={"format": "pt"})
    verify(folder, PARAMS.architecture[architecture], "here")
    run = resolve_run(PARAMS, architecture, "full")
    model, new_weights = load_classifier(run, folder, BINARY, run.head)
    expected, known = load_classifier(run, published / architecture, BINARY, run.head)
    assert new_weights == known
    assert all(
        torch.equal(value, expected.state_dict()[name])
        for name, value in model.state_dict().items()
        if name not in new_weights
    )


def test_remote_code_is_refused(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    for name in ("tokenizer_config.json", "config.json"):
        edit(folder / name, auto_map={"AutoModel": "modeling.Model"})
        assert fault(folder, "roberta") == (
            f"here: {name}: auto_map asks for remote code; allowed: what transformers itself has"
        )


def test_pickle_alone_is_refused(published, tmp_path, architecture):
    folder = copied(published, tmp_path, architecture)
    (folder / "model.safetensors").unlink()
    assert fault(folder, architecture) == (
        "here: pytorch_model.bin without model.safetensors; a pickle can run code and is not read: set `revision` to "
        "a commit that has model.safetensors (the hub's conversion bot proposes one as a pull request), or convert "
        "the weights and give the folder (base: {source: local, path: <folder>}), or have it converted by a reader "
        "that runs none (`convert: weights_only` of the architecture)"
    )


@pytest.mark.parametrize(
    ("convert", "said"), [(None, ""), ("weights_only", "; 'weights_only' converts one pytorch_model.bin alone")]
)
def test_pickles_in_shards_are_refused(published, tmp_path, convert, said):
    folder = copied(published, tmp_path, "roberta")
    for name in ("model.safetensors", "pytorch_model.bin"):
        (folder / name).unlink()
    (folder / "pytorch_model.bin.index.json").write_text("{}")
    assert fault(folder, "roberta", convert) == (
        f"here: pytorch_model.bin.index.json without model.safetensors; a pickle can run code and is not read{said}: "
        "set `revision` to a commit that has model.safetensors (the hub's conversion bot proposes one as a pull "
        "request), or convert the weights and give the folder (base: {source: local, path: <folder>})"
    )


@pytest.mark.parametrize("convert", [None, "weights_only"])
def test_safetensors_in_shards_are_refused_whatever_pickle_is_beside_them(published, tmp_path, convert):
    folder = copied(published, tmp_path, "roberta")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text("{}")
    assert fault(folder, "roberta", convert) == (
        "here: model.safetensors.index.json: weights in shards; allowed: one model.safetensors"
    )


def test_shards_are_refused(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text("{}")
    assert fault(folder, "roberta") == (
        "here: model.safetensors.index.json: weights in shards; allowed: one model.safetensors"
    )


@pytest.mark.parametrize(
    ("architecture", "missing", "message"),
    [
        ("roberta", "config.json", "here: config.json: not found; a checkpoint needs config.json, model.safetensors"),
        ("roberta", "model.safetensors", "here: model.safetensors: not found; a checkpoint needs config.json, model."),
        ("distilbert", "vocab.txt", "here: no wordpiece tokenizer; required: tokenizer.json, or vocab.txt"),
        (
            "roberta",
            "merges.txt",
            "here: no byte-bpe tokenizer; required: tokenizer.json, or vocab.json and merges.txt",
        ),
        ("deberta", "spm.model", "here: no unigram tokenizer; required: tokenizer.json, or spm.model"),
    ],
)
def test_missing_file_is_named(published, tmp_path, architecture, missing, message):
    folder = copied(published, tmp_path, architecture)
    for name in (missing, "tokenizer.json", "pytorch_model.bin"):
        (folder / name).unlink(missing_ok=True)
    assert fault(folder, architecture).startswith(message)


@pytest.mark.parametrize("cut", [1, 20_000])
def test_truncated_weights_are_named_with_their_bytes(published, tmp_path, cut):
    folder = copied(published, tmp_path, "roberta")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:-cut])
    assert fault(folder, "roberta") == (
        f"here: model.safetensors: {len(whole) - cut} of {len(whole)} bytes, cut short; "
        f"delete {folder}/model.safetensors and get it again"
    )


@pytest.mark.parametrize("content", [b"", b"{}", b"<!doctype html><html>", b"version https://git-lfs.github.com/spec"])
def test_something_else_than_weights(published, tmp_path, content):
    folder = copied(published, tmp_path, "roberta")
    (folder / "model.safetensors").write_bytes(content)
    assert fault(folder, "roberta").startswith("here: model.safetensors: not a safetensors file: ")


def test_header_cut_short(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:100])
    assert fault(folder, "roberta").startswith("here: model.safetensors: 100 of ")


def test_weights_of_something_else(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    save_file({"weight": torch.ones(1)}, folder / "model.safetensors")
    assert fault(folder, "roberta") == (
        "here: model.safetensors: no roberta.embeddings.word_embeddings.weight; required: the weights of a roberta "
        "model"
    )


def test_another_architecture_is_named(published):
    assert fault(published / "distilbert", "roberta") == (
        "here: config.json: model_type 'distilbert'; required by model_class RobertaForSequenceClassification: "
        "'roberta'"
    )


@pytest.mark.parametrize(
    ("content", "reason"), [("{", "not valid JSON: Expecting property name"), ("[]", "holds list; required: an object")]
)
def test_config_that_is_none(published, tmp_path, content, reason):
    folder = copied(published, tmp_path, "roberta")
    (folder / "config.json").write_text(content)
    assert fault(folder, "roberta").startswith(f"here: config.json: {reason}")


def test_weights_and_config_disagree_on_the_vocabulary(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    edit(folder / "config.json", vocab_size=599)
    assert fault(folder, "roberta") == (
        "here: model.safetensors embeds 600 tokens, config.json says vocab_size 599; required: the same"
    )


def test_tokenizer_with_more_tokens_than_the_model(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    weights = load_file(folder / "model.safetensors")
    name = "roberta.embeddings.word_embeddings.weight"
    save_file(weights | {name: weights[name][:500].clone()}, folder / "model.safetensors")
    edit(folder / "config.json", vocab_size=500)
    message = fault(folder, "roberta")
    assert message.startswith("here: the tokenizer gives ")
    assert message.endswith(" the id 599, beyond config.json's vocab_size 500")


def test_tokenizer_of_another_checkpoint(published, tmp_path):
    folder = copied(published, tmp_path, "deberta")
    shutil.copy(published / "roberta/tokenizer.json", folder)
    assert fault(folder, "deberta") == "here: tokenizer.json: model 'BPE'; required by tokenizer unigram: 'Unigram'"


def test_tokenizer_that_pads_with_another_token(published, tmp_path):
    folder = copied(published, tmp_path, "roberta")
    edit(folder / "config.json", pad_token_id=0)
    assert fault(folder, "roberta") == "here: the tokenizer pads with id 1, config.json says pad_token_id 0"


def test_tokenizer_files_that_cannot_be_read(published, tmp_path):
    folder = copied(published, tmp_path, "deberta")
    (folder / "spm.model").write_bytes(b"no protocol buffer")
    assert fault(folder, "deberta").startswith("here: tokenizer cannot be loaded: ")
