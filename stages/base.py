"""base@<architecture>: the checkpoint that every run of an architecture starts from.

Three sources: the hub's snapshot at a pinned commit, a local folder laid out the same way, or a miniature
encoder pretrained here. Weights are safetensors only: no pickle is read, no remote code runs.
"""

import argparse
import hashlib
import shutil
import time
from pathlib import Path

from stages.lib.cells import read_settings
from stages.lib.encoders import UNRATED, Corpus
from stages.lib.errors import InputError, run_stage
from stages.lib.params import Architecture, HubBase, LocalBase, PretrainedBase
from stages.lib.pretraining import PretrainingReport, check_helped
from stages.lib.settings import BaseSettings, base_path

RAW = Path("data/raw")
WEIGHTS = "model.safetensors"
FILES = (
    "config.json",
    WEIGHTS,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spm.model",
)
NEEDED = ("config.json", WEIGHTS)
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spm.model")  # one of these is enough
VOCABULARY_TEXTS = 20_000  # documents that the tokenizer is trained on, at most
PROBE_ROWS = 2000  # rows of train and of validation that the probe uses, at most


def main(architecture: str) -> None:
    """Write ``models/base/<architecture>/`` and ``metrics/base/<architecture>.json``.

    Raises:
        InputError: no checkpoint could be had, or the pretraining did not help.
    """
    settings = read_settings(BaseSettings, base_path(architecture))
    folder = Path("models/base", architecture)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if isinstance(settings.base, PretrainedBase):
        measured = pretrain(settings, folder)
    else:
        if isinstance(settings.base, LocalBase):
            copy_checkpoint(Path(settings.base.path, architecture), folder)
        else:
            download(settings.family, folder)
        measured = count(folder)
    report = PretrainingReport(
        source=settings.base.source,
        revision=settings.family.revision if isinstance(settings.base, HubBase) else None,
        checkpoint_sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        **measured,
    )
    _write_report(report, Path("metrics/base", f"{architecture}.json"))
    if isinstance(settings.base, PretrainedBase):
        check_helped(report, settings.base)


def download(family: Architecture, folder: Path) -> None:
    """Put the hub's snapshot at the pinned revision into ``folder``.

    Raises:
        InputError: the hub cannot be reached or does not have the files.
    """
    from huggingface_hub import snapshot_download

    where = f"{family.hub_id}@{family.revision[:12]}"
    try:
        snapshot = snapshot_download(family.hub_id, revision=family.revision, allow_patterns=list(FILES))
    except OSError as error:  # what every error of the hub's client is, offline mode among them
        raise InputError(
            f"base.source: 'hub': {where}: cannot be downloaded ({type(error).__name__}); go online, "
            f"or give a folder (base.source: local, base.path: <folder>), or use profile: mini"
        ) from error
    copy_checkpoint(Path(snapshot), folder, shown=where)


def copy_checkpoint(source: Path, folder: Path, shown: str | None = None) -> None:
    """Copy config, weights and tokenizer files of ``source``; messages call it ``shown``.

    Raises:
        InputError: a file that every checkpoint needs is missing.
    """
    shown = shown or str(source)
    for name in NEEDED:
        if not (source / name).is_file():
            raise InputError(f"{shown}: {name}: not found; a checkpoint needs {', '.join(NEEDED)} and a tokenizer")
    if not any((source / name).is_file() for name in TOKENIZERS):
        raise InputError(f"{shown}: no tokenizer; allowed: {', '.join(TOKENIZERS)}")
    for name in FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def count(folder: Path) -> dict[str, int]:
    """Sizes of a checkpoint, read from the headers alone."""
    import json

    from safetensors import safe_open

    with safe_open(folder / WEIGHTS, framework="np") as weights:
        shapes = [weights.get_slice(name).get_shape() for name in weights.keys()]  # noqa: SIM118
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    parameters = 0
    for shape in shapes:
        size = 1
        for side in shape:
            size *= side
        parameters += size
    return {"parameters": parameters, "vocab_size": config["vocab_size"]}


def pretrain(settings: BaseSettings, folder: Path) -> dict[str, float | int | None]:
    """Train tokenizer and encoder on the corpus at hand, save both, and say whether it helped."""
    import torch

    from stages.lib.encoders import build_encoder, probe
    from stages.lib.pretraining import Pretraining
    from stages.lib.tokenizers import train_tokenizer

    base: PretrainedBase = settings.base
    torch.set_num_threads(settings.threads)
    texts, ratings = _read_unlabelled(base)
    tokenizer = train_tokenizer(
        settings.family.tokenizer, texts[:VOCABULARY_TEXTS], base.vocab_size, settings.max_length
    )

    def encode(texts: list[str], labels: list[int]) -> Corpus:
        return Corpus(tokenizer(texts, truncation=True, max_length=settings.max_length)["input_ids"], labels)

    train, validation = (encode(*_read(name, PROBE_ROWS, base.seed)) for name in ("train", "validation"))
    torch.manual_seed(base.seed)
    encoder = build_encoder(settings.family, tokenizer, settings.max_length)
    probe_random = probe(encoder, train, validation, tokenizer.pad_token_id)
    run = Pretraining(encoder, tokenizer, encode(texts, ratings), base)
    before, started = run.evaluate(), time.monotonic()
    run.fit()
    seconds, after = time.monotonic() - started, run.evaluate()
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {
        "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
        "vocab_size": len(tokenizer),
        "steps": base.steps,
        "seconds": round(seconds, 3),
        "mlm_loss_first": before["mlm_loss"],
        "mlm_loss_last": after["mlm_loss"],
        "mlm_loss_unigram": after["mlm_loss_unigram"],
        "rating_accuracy": after["rating_accuracy"],
        "probe_accuracy": probe(encoder, train, validation, tokenizer.pad_token_id),
        "probe_accuracy_random": probe_random,
    }


def _read_unlabelled(base: PretrainedBase) -> tuple[list[str], list[int]]:
    """The rows to pretrain on: the unsupervised split, or train without its labels where that split is empty."""
    most = max(base.steps * base.batch_size, VOCABULARY_TEXTS)
    texts, ratings = _read("unsupervised", most, base.seed)
    if texts:
        return texts, ratings
    texts, _ = _read("train", most, base.seed)
    return texts, [UNRATED] * len(texts)


def _read(split: str, most: int, seed: int) -> tuple[list[str], list[int]]:
    """Texts and labels of at most ``most`` rows of a split, drawn at random where there are more."""
    import pandas

    path = RAW / f"{split}.parquet"
    try:
        frame = pandas.read_parquet(path, columns=["text", "label"])
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro prepare` first") from error
    if len(frame) > most:
        frame = frame.sample(most, random_state=seed)
    return frame["text"].tolist(), frame["label"].tolist()


def _write_report(report: PretrainingReport, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    run_stage(main, parser.parse_args().architecture)
