"""Small checkpoints and datasets laid out as on the hub, and the hub's cache: real tokenizers, random weights."""

import io
import json
from pathlib import Path

import pandas as pd
import torch
import transformers
from safetensors.torch import save_file
from transformers import PretrainedConfig

from stages.data.generator import generate
from stages.data.settings import GeneratedData
from stages.encoders.tokenizers import train_tokenizer
from stages.study.params import load_params
from tests.helpers.tiny_study import ROOT

ARCHITECTURES = ["distilbert", "roberta", "deberta"]
WIDTH, POSITIONS, VOCABULARY = 16, 66, 600
SPECIAL = {"pad": "[PAD]", "bos": "[CLS]", "eos": "[SEP]", "unk": "[UNK]"}
BERT_LIKE = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": POSITIONS,
}
# Config keywords as the published config.json has them.
SIZES = {
    "distilbert": {"dim": WIDTH, "n_layers": 1, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": POSITIONS},
    "roberta": {**BERT_LIKE, "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
    "deberta": {
        **BERT_LIKE,
        "relative_attention": True,
        "position_buckets": 8,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "type_vocab_size": 0,
        "pad_token_id": 0,
        "pooler_hidden_size": WIDTH,
    },
}
TOKENIZER_CONFIG = {
    "distilbert": {"do_lower_case": True, "model_max_length": 64},
    "roberta": {"model_max_length": 64},
    "deberta": {"do_lower_case": False, "vocab_type": "spm"},
}


def reviews(split: str, rows: int) -> pd.DataFrame:
    """Generated reviews, columns text and label."""
    counts = {"train": 16, "validation": 2, "test": 2, "unsupervised": 0} | {split: rows}
    return generate(GeneratedData(source="generated", label_noise=0.0, seed=5, **counts))[split].to_pandas()


def write_snapshot(folder: Path, architecture: str) -> None:
    """A checkpoint with the published files' names, weight names and kinds of tokenizer."""
    folder.mkdir(parents=True)
    write_tokenizer(folder, architecture)
    family = load_params(ROOT / "params.yaml").architecture[architecture]
    model_class = getattr(transformers, family.model_class.replace("SequenceClassification", "MaskedLM"))
    size = VOCABULARY + (8 if architecture == "deberta" else 0)  # more rows than tokens, as published
    config: PretrainedConfig = model_class.config_class(vocab_size=size, **SIZES[architecture])
    torch.manual_seed(0)
    weights = {name: value.clone().contiguous() for name, value in model_class(config).state_dict().items()}
    save_file(weights | extras(architecture), folder / "model.safetensors", metadata={"format": "pt"})
    content = {"model_type": config.model_type, "vocab_size": size, **SIZES[architecture]}
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")


def extras(architecture: str) -> dict[str, torch.Tensor]:
    """Weights of the published files that no classifier reads."""
    names = {
        "distilbert": [],
        "roberta": ["roberta.pooler.dense.weight"],
        "deberta": ["lm_predictions.lm_head.dense.weight", "mask_predictions.dense.weight"],
    }
    positions = {"roberta.embeddings.position_ids": torch.arange(POSITIONS)[None]} if architecture == "roberta" else {}
    return positions | {name: torch.ones(WIDTH, WIDTH) for name in names[architecture]}


def write_tokenizer(folder: Path, architecture: str) -> None:
    """WordPiece and byte-level BPE as tokenizer.json beside their plain files, SentencePiece as spm.model alone."""
    texts = reviews("train", 200)["text"].tolist()
    (folder / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG[architecture]), encoding="utf-8")
    if architecture == "deberta":
        (folder / "spm.model").write_bytes(sentencepiece_model(texts))
        return
    kind = {"distilbert": "wordpiece", "roberta": "byte-bpe"}[architecture]
    backend = train_tokenizer(kind, texts, VOCABULARY, 64).backend_tokenizer
    backend.save(str(folder / "tokenizer.json"))
    backend.model.save(str(folder))


def sentencepiece_model(texts: list[str]) -> bytes:
    """A Unigram model with the ids of deberta-v3-base: [PAD] 0, [CLS] 1, [SEP] 2, [UNK] 3; [MASK] is not in it."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    options = {f"{name}_piece": token for name, token in SPECIAL.items()}
    options |= {f"{name}_id": index for index, name in enumerate(SPECIAL)}
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        vocab_size=400,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **options,
    )
    return model.getvalue()


def write_dataset(folder: Path, train: pd.DataFrame, test: pd.DataFrame, unsupervised: pd.DataFrame) -> None:
    """A dataset with the layout of the hub's IMDb: Parquet in a folder that the card's head names."""
    splits = {"train": train, "test": test, "unsupervised": unsupervised}
    names = {split: f"plain_text/{split}-00000-of-00001.parquet" for split in splits}
    (folder / "plain_text").mkdir(parents=True)
    for split, frame in splits.items():
        frame[["text", "label"]].to_parquet(folder / names[split], index=False)
    files = "".join(f"  - split: {split}\n    path: plain_text/{split}-*\n" for split in splits)
    head = f"license: other\nconfigs:\n- config_name: plain_text\n  default: true\n  data_files:\n{files}"
    (folder / "README.md").write_text(f"---\n{head}---\n# IMDb\n", encoding="utf-8")


def cache_path(cache: Path, kind: str, hub_id: str, revision: str) -> Path:
    """Where the hub's client keeps a snapshot."""
    return cache / f"{kind}s--{hub_id.replace('/', '--')}" / "snapshots" / revision


def fill_cache(cache: Path, kind: str, hub_id: str, revision: str, source: Path) -> None:
    """Put a folder into the hub's cache as its client does: blobs, and a snapshot of links to them."""
    snapshot = cache_path(cache, kind, hub_id, revision)
    blobs = snapshot.parents[1] / "blobs"
    blobs.mkdir(parents=True)
    for index, path in enumerate(sorted(path for path in source.rglob("*") if path.is_file())):
        blob, link = blobs / f"{index:040x}", snapshot / path.relative_to(source)
        blob.write_bytes(path.read_bytes())
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
