"""Cells of the census at tiny sizes: any classifier of Transformers with any configuration."""

from stages.core.yaml_files import read_yaml
from stages.study.params import validated
from stages.study.resolve import resolve_census
from stages.training.settings import RunSettings
from tests.helpers.tiny_study import ROOT

WIDE = {
    "vocab_size": 200,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 300,
}
DECODER = WIDE | {"num_key_value_heads": 2, "pad_token_id": 0}
SPECIALS = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
# Class, sizes, the attention's modules that adapters are put beside.
FAMILIES = {
    "bert": ("BertForSequenceClassification", WIDE, ["query", "value"]),
    "electra": ("ElectraForSequenceClassification", WIDE | {"embedding_size": 32}, ["query", "value"]),
    "albert": ("AlbertForSequenceClassification", WIDE | {"embedding_size": 32}, ["query", "value"]),
    "xlm-r": ("XLMRobertaForSequenceClassification", WIDE, ["query", "value"]),
    "mpnet": ("MPNetForSequenceClassification", WIDE, ["attn.q", "attn.v"]),
    "modernbert": ("ModernBertForSequenceClassification", WIDE | SPECIALS, ["Wqkv"]),
    "deberta": (
        "DebertaForSequenceClassification",
        WIDE | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        ["in_proj"],
    ),
    "llama": ("LlamaForSequenceClassification", DECODER, ["q_proj", "v_proj"]),
    "qwen2": ("Qwen2ForSequenceClassification", DECODER, ["q_proj", "v_proj"]),
    "gpt2": (
        "GPT2ForSequenceClassification",
        {"vocab_size": 200, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 300, "pad_token_id": 0},
        ["c_attn"],
    ),
}
LORA = {"method": "peft", "target": "attention", "adapter": {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1}}


def tiny_cell(family: str, protocol: str = "corrected", **configuration: object) -> tuple[RunSettings, dict]:
    """Settings and sizes of one cell; no ``head`` is given."""
    model_class, sizes, attention = FAMILIES[family]
    raw = read_yaml(ROOT / "params.yaml")
    raw["configuration"] = {"it": {"label": "It", **configuration}}
    entry = {"label": family, "model_class": model_class, "full_size": sizes, "modules": {"attention": attention}}
    raw["profiles"]["mini"]["base"] = {"source": "local", "path": "checkpoints"}
    raw |= {"architectures": [family], "configurations": ["it"], "probes": [], "architecture": {family: entry}}
    census = resolve_census(validated(raw, "params.yaml"))
    return census.runs[protocol][family]["it"], census.full_size[family]
