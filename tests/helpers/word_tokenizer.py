"""A tokenizer of five words and a configuration as the base checkpoint ``tiny``, and settings that tokenise with it."""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, DistilBertConfig, PreTrainedConfig, PreTrainedTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = ["a", "bad", "film", "good", "very"]
CLS, SEP = 2, 3


NO_SEGMENTS, SEGMENTS = DistilBertConfig(), BertConfig()


def write_tokenizer(folder: str, limit: int = 32, config: PreTrainedConfig = NO_SEGMENTS) -> None:
    vocabulary = {word: number for number, word in enumerate(SPECIAL + WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=limit
    ).save_pretrained(folder)
    config.save_pretrained(folder)


def configure(max_length: int, **others: str) -> None:
    Path("data/settings/tokenize").mkdir(parents=True, exist_ok=True)
    Path("data/settings/tokenize/tiny.json").write_text(
        json.dumps({"architecture": "tiny", "max_length": max_length, **others}), encoding="utf-8"
    )
