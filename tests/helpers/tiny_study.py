"""A study small enough for tests: real code, real file formats, sixteen-wide encoders, a few dozen rows."""

from pathlib import Path

import numpy as np
import torch
import transformers
from datasets import ClassLabel, Dataset
from ruamel.yaml import YAML
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from stages import settings
from tests.helpers.raw_splits import BINARY

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY = 60
CONFIGS = {
    "distilbert": transformers.DistilBertConfig(
        vocab_size=VOCABULARY, dim=16, n_layers=1, n_heads=2, hidden_dim=32, max_position_embeddings=34
    ),
    "roberta": transformers.RobertaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=34,
        pad_token_id=0,
        type_vocab_size=1,
    ),
    "deberta": transformers.DebertaV2Config(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=34,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        position_biased_input=False,
        type_vocab_size=0,
        pooler_hidden_size=16,
    ),
}


def write_params(folder: Path, **changes: object) -> None:
    """The project's own params.yaml with top-level keys replaced (nested keys as ``a.b.c``)."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for key, value in changes.items():
        *parents, last = key.split(".")
        section = params
        for parent in parents:
            section = section[parent]
        section[last] = value
    yaml.dump(params, folder / "params.yaml")


def write_base(architecture: str) -> None:
    """A randomly initialised encoder and a word-level tokenizer in ``models/base/<architecture>``."""
    torch.manual_seed(0)
    folder = Path("models/base", architecture)
    transformers.AutoModel.from_config(CONFIGS[architecture]).save_pretrained(folder)
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = specials + [f"w{index}" for index in range(VOCABULARY - len(specials))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)


def write_split(architecture: str, split: str, rows: int, classes: list[str] = BINARY) -> None:
    """Separable token sequences of varying length in ``data/tokenized/<architecture>/<split>``."""
    generator = np.random.default_rng(len(split))
    labels = [row % len(classes) for row in range(rows)]
    words = 40 // len(classes)  # of each class, of which no other has any
    ids = []
    for label in labels:
        first = 5 + words * label
        ids.append([2, *generator.integers(first, first + words, generator.integers(5, 20)).tolist(), 3])
    lengths = [len(row) for row in ids]
    data = Dataset.from_dict(
        {
            "input_ids": ids,
            "attention_mask": [[1] * length for length in lengths],
            "label": labels,
            "length": lengths,
            "true_length": lengths,
        }
    )
    data.cast_column("label", ClassLabel(names=classes)).save_to_disk(f"data/tokenized/{architecture}/{split}")


def write_study(
    architecture: str, classes: list[str] = BINARY, rows: tuple[int, int, int] = (48, 16, 24), **changes: object
) -> None:
    """Everything ``stages.train`` reads, in the current folder; ``rows`` of train, validation and test."""
    changes = {"profiles.mini.train.threads": 1, "profiles.mini.tokenize.max_length": 32, **changes}
    write_params(Path(), **changes)
    settings.main()
    write_base(architecture)
    for split, count in zip(("train", "validation", "test"), rows, strict=True):
        write_split(architecture, split, count, classes)
