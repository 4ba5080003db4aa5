"""base@<architecture>: the checkpoint that every run of an architecture starts from.

Three sources: the hub's snapshot at a pinned commit, a local folder laid out the same way, or a miniature
encoder pretrained here. Weights are safetensors only: no pickle is read, no remote code runs.
"""

import argparse
import time
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.core.files import written_whole
from stages.encoders import snapshot
from stages.encoders.base_report import BaseReport
from stages.encoders.miniature import UNRATED, Corpus
from stages.encoders.pretraining import check_helped
from stages.encoders.settings import BaseSettings, HubBase, LocalBase, PretrainedBase
from stages.encoders.snapshot import WEIGHTS, hashes

RAW = Path("data/raw")
VOCABULARY_TEXTS = 20_000  # documents that the tokenizer is trained on, at most
PROBE_ROWS = 2000  # rows of train and of validation that the probe uses, at most


def main(architecture: str) -> None:
    """Write ``models/base/<architecture>/`` and ``metrics/base/<architecture>.json``.

    Raises:
        InputError: no checkpoint could be had, or the pretraining did not help.
    """
    settings = BaseSettings.read(architecture)
    make = pretrain if isinstance(settings.base, PretrainedBase) else fetch
    with written_whole(Path("models/base", architecture)) as folder:
        folder.mkdir()
        measured = make(settings, folder)
        files = hashes(folder)
    report = BaseReport(
        source=settings.base.source,
        revision=settings.family.revision if isinstance(settings.base, HubBase) else None,
        checkpoint_sha256=files[WEIGHTS],
        files=files,
        **measured,
    )
    report.write_to(Path("metrics/base", f"{architecture}.json"))
    if isinstance(settings.base, PretrainedBase):
        check_helped(report, settings.base)


def fetch(settings: BaseSettings, folder: Path) -> dict[str, int]:
    """Put the checkpoint of a local folder or of the hub into ``folder``, once it is known to be fit for training.

    Raises:
        InputError: it cannot be had, or is not fit.
    """
    from stages.hub import client as hub

    if isinstance(settings.base, LocalBase):
        source = Path(settings.base.path, settings.architecture)
        shown = str(source)
    else:
        repository = hub.Repository("model", settings.family.hub_id, settings.family.revision)
        shown = str(repository)
        source = hub.fetch(
            repository, snapshot.FILES, lambda names: snapshot.require_files(names, settings.family, shown)
        )
    snapshot.verify(source, settings.family, shown)
    snapshot.copy(source, folder)
    snapshot.complete(folder)
    return snapshot.count(folder)


def pretrain(settings: BaseSettings, folder: Path) -> dict[str, float | int | None]:
    """Train tokenizer and encoder on the corpus at hand, save both, and say whether it helped."""
    import torch

    from stages.encoders.miniature import build_encoder, probe
    from stages.encoders.pretraining import Pretraining
    from stages.encoders.tokenizers import train_tokenizer

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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    run_stage(main, parser.parse_args().architecture)
