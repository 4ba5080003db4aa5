"""Tiny checkpoints of many families as on the hub, each with its own class of tokenizer, and entries for a study."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors
from transformers import PreTrainedTokenizerFast

from stages.encoders.settings import Architecture
from stages.encoders.tokenizers import train_tokenizer
from tests.helpers.own_data import NEWS, SPAM, rows_of

VOCABULARY, LENGTH, WIDTH = 300, 32, 16
TEXTS = [text for text, _ in rows_of(SPAM | NEWS, 200)]  # that tokenizers are trained on
POSITIONS = LENGTH + 2
SIZES = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": POSITIONS,
}
BERT_MODULES = {"attention": ["query", "value"], "ia3": ["value", "output.dense"], "ia3-feedforward": ["output.dense"]}
DECODER_MODULES = {
    "attention": ["q_proj", "v_proj"],
    "ia3": ["v_proj", "down_proj"],
    "ia3-feedforward": ["down_proj"],
}


class Family:
    """A family's class, what its checkpoint is of (``published``), its tokenizer and its modules by placement."""

    def __init__(
        self,
        name: str,
        published: str,
        tokenizer: Callable[[list[str]], PreTrainedTokenizerFast],
        modules: dict[str, list[str]],
        **options: Any,
    ) -> None:
        self.name, self.published, self.tokenizer = name, published, tokenizer
        self.modules, self.options = modules, options

    @property
    def model_class(self) -> str:
        return f"{self.name}ForSequenceClassification"

    def config(self, vocab_size: int, **ids: int | None) -> transformers.PreTrainedConfig:
        config_class = getattr(transformers, self.model_class).config_class
        return config_class(**(SIZES | {"vocab_size": vocab_size} | ids | self.options))

    def write(self, folder: Path, texts: list[str]) -> None:
        """A checkpoint of the published class, laid out as on the hub."""
        tokenizer = self.tokenizer(texts)
        ids = {f"{key}_token_id": getattr(tokenizer, f"{key}_token_id") for key in ("pad", "bos", "eos")}
        torch.manual_seed(0)
        model = getattr(transformers, self.name + self.published)(self.config(len(tokenizer), **ids))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def entry(self, **more: object) -> dict[str, object]:
        """Of ``architecture`` in params.yaml."""
        return {"label": self.name, "model_class": self.model_class, "modules": self.modules} | more


def wordpiece(name: str) -> Callable[[list[str]], PreTrainedTokenizerFast]:
    def build(texts: list[str]) -> PreTrainedTokenizerFast:
        vocabulary = train_tokenizer("wordpiece", texts, VOCABULARY, LENGTH).get_vocab()
        return getattr(transformers, name)(vocab=vocabulary, model_max_length=LENGTH)

    return build


def mpnet(texts: list[str]) -> PreTrainedTokenizerFast:
    """WordPiece with RoBERTa's special tokens, padding second."""
    pieces = list(train_tokenizer("wordpiece", texts, VOCABULARY, LENGTH).get_vocab())
    words = [piece for piece in pieces if piece[0] != "["]
    vocabulary = ["<s>", "<pad>", "</s>", "[UNK]", *words, "<mask>"]
    ids = {piece: index for index, piece in enumerate(vocabulary)}
    return transformers.MPNetTokenizer(vocab=ids, model_max_length=LENGTH)


def unigram(name: str, special: tuple[str, ...]) -> Callable[[list[str]], PreTrainedTokenizerFast]:
    """Special tokens first, in the order of their ids, and the mask last."""

    def build(texts: list[str]) -> PreTrainedTokenizerFast:
        trained = train_tokenizer("unigram", texts, VOCABULARY, LENGTH)
        pieces = [(piece, -1.0 - index / 100) for index, piece in enumerate(trained.get_vocab()) if piece[0] != "["]
        vocabulary = [(token, 0.0) for token in special] + pieces
        return getattr(transformers, name)(vocab=vocabulary, model_max_length=LENGTH)

    return build


def byte_bpe(**special: str) -> Callable[[list[str]], PreTrainedTokenizerFast]:
    """What the tokenizer of ModernBERT and of Llama 3 is: a tokenizer.json of no class of its own."""

    def build(texts: list[str]) -> PreTrainedTokenizerFast:
        trained = train_tokenizer("byte-bpe", texts, VOCABULARY, LENGTH).backend_tokenizer
        backend = Tokenizer.from_str(trained.to_str())  # a copy
        ids = {token: backend.token_to_id(token) for token in special.values()}
        if "cls" in special:
            cls, sep = special["cls"], special["sep"]
            single, pair = f"{cls} $A {sep}", f"{cls} $A {sep} $B {sep}"
        else:
            single, pair = f"{special['bos']} $A", f"{special['bos']} $A {special['bos']} $B"
        backend.post_processor = processors.TemplateProcessing(
            single=single, pair=pair, special_tokens=[(token, index) for token, index in ids.items()]
        )
        names = {f"{key}_token": token for key, token in special.items()}
        return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=LENGTH, **names)

    return build


def qwen(texts: list[str]) -> PreTrainedTokenizerFast:
    model = json.loads(train_tokenizer("byte-bpe", texts, VOCABULARY, LENGTH).backend_tokenizer.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    return transformers.Qwen2Tokenizer(vocab=model["vocab"], merges=merges, model_max_length=LENGTH)


DECODER = {"num_key_value_heads": 1, "pad_token_id": None}
FAMILIES = {
    "bert": Family("Bert", "ForMaskedLM", wordpiece("BertTokenizer"), BERT_MODULES),
    "electra": Family("Electra", "ForPreTraining", wordpiece("BertTokenizer"), BERT_MODULES, embedding_size=8),
    "albert": Family(
        "Albert",
        "ForMaskedLM",
        unigram("AlbertTokenizer", ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")),
        {"attention": ["query", "value"], "ia3": ["value", "ffn_output"], "ia3-feedforward": ["ffn_output"]},
        embedding_size=8,
    ),
    "xlm-r": Family(
        "XLMRoberta",
        "ForMaskedLM",
        unigram("XLMRobertaTokenizer", ("<s>", "<pad>", "</s>", "<unk>", "<mask>")),
        BERT_MODULES,
        type_vocab_size=1,
    ),
    "mpnet": Family(
        "MPNet",
        "ForMaskedLM",
        mpnet,
        {"attention": ["attn.q", "attn.v"], "ia3": ["attn.v", "output.dense"], "ia3-feedforward": ["output.dense"]},
    ),
    "modernbert": Family(
        "ModernBert",
        "ForMaskedLM",
        byte_bpe(cls="<s>", sep="</s>", pad="<pad>", unk="<unk>", mask="<mask>"),
        {"attention": ["Wqkv"], "ia3": ["Wqkv", "mlp.Wo"], "ia3-feedforward": ["mlp.Wo"]},
        cls_token_id=0,
        sep_token_id=2,
        bos_token_id=0,
        eos_token_id=2,
    ),
    "deberta-v2": Family(
        "DebertaV2",
        "ForMaskedLM",
        unigram("DebertaV2Tokenizer", ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")),
        {
            "attention": ["query_proj", "value_proj"],
            "ia3": ["value_proj", "output.dense"],
            "ia3-feedforward": ["output.dense"],
        },
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        type_vocab_size=0,
    ),
    "llama": Family("Llama", "ForCausalLM", byte_bpe(bos="<s>", eos="</s>", pad="<pad>"), DECODER_MODULES, **DECODER),
    "qwen2": Family("Qwen2", "ForCausalLM", qwen, DECODER_MODULES, tie_word_embeddings=True, **DECODER),
}


def entry(name: str, **more: object) -> Architecture:
    """The entry of a family, with ``more`` keys."""
    return Architecture.model_validate(FAMILIES[name].entry(**more))


def copied(checkpoints: Path, tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for file in (checkpoints / name).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def edit(path: Path, **changes: object) -> None:
    """Set keys of a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(content), encoding="utf-8")


def write_gpt2(folder: Path) -> Path:
    """As published: neither tokenizer nor configuration has a padding token."""
    tokenizer = byte_bpe(bos="<s>", eos="</s>")(TEXTS)
    sizes = {"n_embd": WIDTH, "n_layer": 1, "n_head": 2, "n_positions": POSITIONS, "vocab_size": len(tokenizer)}
    config = transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
