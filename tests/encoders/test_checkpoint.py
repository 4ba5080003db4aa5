"""What a checkpoint brings of a class, for families of every kind."""

from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from stages.core.errors import InputError
from stages.encoders.checkpoint import classifier_class, contents, embeddings_name, fresh_modules, positions
from stages.encoders.completion import complete
from stages.encoders.settings import Architecture
from stages.encoders.verification import verify
from tests.helpers.families import FAMILIES, TEXTS, byte_bpe, copied, edit, entry, write_gpt2

# What the checkpoint does not bring, the weight that embeds tokens, how many tokens there are positions for.
FOUND = {
    "bert": (["bert.pooler", "classifier"], "bert.embeddings.word_embeddings.weight", 34),
    "electra": (["classifier"], "electra.embeddings.word_embeddings.weight", 34),
    "albert": (["albert.pooler", "classifier"], "albert.embeddings.word_embeddings.weight", 34),
    "xlm-r": (["classifier"], "roberta.embeddings.word_embeddings.weight", 32),
    "mpnet": (["classifier"], "mpnet.embeddings.word_embeddings.weight", 32),
    "modernbert": (["classifier"], "model.embeddings.tok_embeddings.weight", 34),
    "deberta-v2": (["classifier", "pooler"], "deberta.embeddings.word_embeddings.weight", None),
    "llama": (["score"], "model.embed_tokens.weight", 34),
    "qwen2": (["score"], "model.embed_tokens.weight", 34),
}


def fault(folder: Path, architecture: Architecture) -> str:
    with pytest.raises(InputError) as caught:
        verify(folder, architecture, "here")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", FAMILIES)
def test_head_embeddings_and_positions_are_found(checkpoints, name):
    found = verify(checkpoints / name, entry(name), "here")
    assert (fresh_modules(found), embeddings_name(found.model), positions(found.model)) == FOUND[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_as_many_tokens_as_there_are_positions_for_can_be_read_and_no_more(checkpoints, name):
    """A table of positions fails beyond; positions without a table do not, so that a limit there is a choice."""
    found = contents(checkpoints / name, FAMILIES[name].model_class, {}, classes=2)
    most = positions(found.model)
    fresh = type(found.model)(found.model.config).eval()
    ids = torch.full((1, most or 60), 7)
    assert fresh(input_ids=ids).logits.shape == (1, 2)
    if any(key.endswith("position_embeddings.weight") for key in fresh.state_dict()):
        with pytest.raises((IndexError, RuntimeError)):
            fresh(input_ids=torch.full((1, most + 1), 7))


def test_looking_leaves_random_numbers_as_they_were(checkpoints):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    verify(checkpoints / "bert", entry("bert"), "here")
    assert torch.equal(torch.get_rng_state(), before)


def test_half_an_encoder_is_refused(checkpoints, tmp_path):
    folder = copied(checkpoints, tmp_path, "bert")
    weights = load_file(folder / "model.safetensors")
    lacking = [name for name in weights if ".attention.self.query." in name]
    save_file({name: weight for name, weight in weights.items() if name not in lacking}, folder / "model.safetensors")
    assert fault(folder, entry("bert")) == (
        "here: model.safetensors: no bert.encoder.layer.0.attention.self.query.bias (2 of 16 weights of bert.encoder "
        "missing)"
    )


def test_weights_of_other_sizes_than_stated_are_refused(checkpoints, tmp_path):
    folder = copied(checkpoints, tmp_path, "llama")
    edit(folder / "config.json", intermediate_size=48)
    assert fault(folder, entry("llama")) == (
        "here: model.safetensors: model.layers.0.mlp.down_proj.weight of shape [16, 32]; required by config.json: "
        "[16, 48]"
    )


def test_a_configuration_that_makes_no_model_is_one_line(checkpoints, tmp_path):
    folder = copied(checkpoints, tmp_path, "bert")
    edit(folder / "config.json", num_attention_heads=3)
    assert fault(folder, entry("bert")).startswith("here: config.json makes no BertForSequenceClassification: ")


@pytest.mark.parametrize(
    ("model_class", "message"),
    [
        ("NoSuchForSequenceClassification", f"not a model of transformers {transformers.__version__}"),
        ("AutoModelForSequenceClassification", f"not a model of transformers {transformers.__version__}"),
        ("Wav2Vec2ForSequenceClassification", "reads input_values; allowed: a class that reads texts"),
    ],
)
def test_a_class_that_classifies_no_texts_is_refused(checkpoints, model_class, message):
    architecture = Architecture(label="X", model_class=model_class)
    assert fault(checkpoints / "bert", architecture) == f"model_class: '{model_class}': {message}"


def test_a_class_that_reads_the_last_position_is_refused(tmp_path):
    """XLNet's, as it is by default: rows are padded at their end."""
    tokenizer = byte_bpe(bos="<s>", eos="</s>", pad="<pad>")(TEXTS)
    sizes = {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 32, "vocab_size": len(tokenizer)}
    transformers.XLNetLMHeadModel(transformers.XLNetConfig(**sizes, pad_token_id=1)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    architecture = Architecture(label="XLNet", model_class="XLNetForSequenceClassification")
    assert fault(tmp_path, architecture) == (
        "here: config.json: summary_type 'last' reads a row's last position, which may be padding; allowed: a class "
        "that reads its first token, all of them or its last real one"
    )


def test_a_class_that_cannot_tell_padding_is_refused(tmp_path):
    """FNet mixes all positions alike."""
    tokenizer = byte_bpe(cls="<s>", sep="</s>", pad="<pad>", mask="<mask>")(TEXTS)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 32, "vocab_size": len(tokenizer)}
    transformers.FNetForMaskedLM(transformers.FNetConfig(**sizes, pad_token_id=1)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    architecture = Architecture(label="FNet", model_class="FNetForSequenceClassification")
    assert fault(tmp_path, architecture) == (
        "here: FNetForSequenceClassification takes no attention_mask: it reads padding as text; allowed: a class that "
        "takes one"
    )


def test_a_table_with_rows_that_no_token_has_ends_where_the_configuration_does():
    """Nyströmformer's has two more."""
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 34}
    with torch.device("meta"):
        model = transformers.NystromformerForSequenceClassification(transformers.NystromformerConfig(**sizes))
    assert model.get_submodule("nystromformer.embeddings.position_embeddings").num_embeddings == 36
    assert positions(model) == 34


def test_a_decoder_without_a_padding_token_is_told_which_to_name(tmp_path):
    architecture = Architecture(label="GPT-2", model_class="GPT2ForSequenceClassification")
    assert fault(write_gpt2(tmp_path), architecture) == (
        "here: the tokenizer has no padding token; set `pad_token` of the architecture to one of its tokens, e.g. "
        "'</s>'"
    )
    other = architecture.model_copy(update={"pad_token": "<nothing>"})
    assert fault(tmp_path, other) == "pad_token: '<nothing>': not in the vocabulary of here"


def test_another_padding_token_than_the_tokenizer_has_is_refused(checkpoints):
    architecture = entry("bert", pad_token="[SEP]")
    assert fault(checkpoints / "bert", architecture) == "pad_token: '[SEP]': here pads with '[PAD]'; leave it out"


def test_a_tokenizer_that_loading_would_turn_into_another_kind_is_refused(checkpoints, tmp_path):
    """Without `tokenizer` in the architecture: what loads must be what is in the file."""
    folder = copied(checkpoints, tmp_path, "bert")
    (folder / "tokenizer.json").write_bytes((checkpoints / "albert/tokenizer.json").read_bytes())
    assert fault(folder, entry("bert")) == (
        "here: tokenizer.json: model 'Unigram', which BertTokenizer reads as 'WordPiece'; required: the tokenizer of a "
        "bert model, or `tokenizer_class` in tokenizer_config.json"
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_padding_changes_no_logit(checkpoints, tmp_path, name):
    """Every class reads its first token, the mean of real ones or the last real one, whatever stands behind it."""
    folder = copied(checkpoints, tmp_path, name)
    complete(folder, entry(name), verify(folder, entry(name), "here"))
    model = classifier_class(FAMILIES[name].model_class).from_pretrained(folder).eval()
    ids = transformers.AutoTokenizer.from_pretrained(folder)(TEXTS[0])["input_ids"]
    padded = torch.tensor([ids + [model.config.pad_token_id] * 5])
    mask = (torch.arange(padded.shape[1]) < len(ids)).long()[None]
    with torch.inference_mode():
        alone = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)).long()).logits
        beside = model(input_ids=padded, attention_mask=mask).logits
    assert torch.allclose(alone, beside, atol=1e-6)
