"""prepare: the data source -> data/raw/: four splits as Parquet and the data card.

Deduplication keeps the first of identical texts within train, then drops from each later split (validation,
test, unsupervised) what occurs earlier in it or in an earlier split. Without a validation split of the source's
own, one is carved from train, stratified by label.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stages.lib.card import CARD, Card, Splits, build_card
from stages.lib.cells import read_settings
from stages.lib.errors import InputError, run_stage
from stages.lib.jsonfile import write_json
from stages.lib.settings import DATA, DataSettings
from stages.lib.sources import load_source

FOLDER = Path("data/raw")
SCHEMA = pa.schema([("text", pa.string()), ("label", pa.int64())])
MINIMUM_TRAIN_ROWS = 16


def main() -> None:
    """Write ``data/raw/{train,validation,test,unsupervised}.parquet`` and ``data/raw/card.json``.

    Columns: ``text`` (str), ``label`` (int64; 0 negative, 1 positive, -1 unlabelled).

    Raises:
        InputError: the data cannot be used; nothing is written then.
    """
    settings = read_settings(DataSettings, DATA)
    origin, source = load_source(settings.data)
    unique = deduplicate(source) if settings.deduplicate else source
    where = getattr(settings.data, "path", origin.name) + (" (de-duplicated)" if settings.deduplicate else "")
    _require_usable(unique, where)
    final = with_validation(unique, settings.data.validation, settings.data.seed)
    _require_usable(final, where)
    card = build_card(origin, source, unique, final, settings.deduplicate)
    write(final, card)
    print(f"{card.name}: " + ", ".join(f"{name} {split.rows}" for name, split in card.splits.items()))


def deduplicate(splits: Splits) -> Splits:
    """Drop repeated texts within and across splits, whatever their labels; keep the first.

    The unsupervised split comes last: an encoder pretrained on it must not have read the test reviews.
    """
    unique, seen = dict(splits), pd.Series(dtype="str")
    for name in ("train", "validation", "test", "unsupervised"):
        texts = splits[name]["text"]
        unique[name] = splits[name][~(texts.duplicated() | texts.isin(seen))].reset_index(drop=True)
        seen = pd.concat([seen, unique[name]["text"]])
    return unique


def with_validation(splits: Splits, rows: int, seed: int) -> Splits:
    """Carve a stratified validation split of ``rows`` rows from train, unless there is one; row order stays."""
    if len(splits["validation"]):
        return splits
    from sklearn.model_selection import train_test_split  # a second to import, and most runs bring the split

    train = splits["train"]
    if len(train) - rows < MINIMUM_TRAIN_ROWS:
        raise InputError(
            f"data.validation: {rows}: leaves {max(len(train) - rows, 0)} of {len(train)} train rows; "
            f"allowed: at least {MINIMUM_TRAIN_ROWS} left"
        )
    counts = train["label"].value_counts().reindex([0, 1], fill_value=0)
    if counts.min() < 2:
        raise InputError(
            f"train: {counts.min()} rows with label {counts.idxmin()}; allowed: at least 2, to carve validation from"
        )
    kept, carved = train_test_split(np.arange(len(train)), test_size=rows, stratify=train["label"], random_state=seed)
    return {
        **splits,
        "train": train.iloc[np.sort(kept)].reset_index(drop=True),
        "validation": train.iloc[np.sort(carved)].reset_index(drop=True),
    }


def _require_usable(splits: Splits, where: str) -> None:
    for name in ("train", "validation", "test"):
        labels = splits[name]["label"]
        for label in (0, 1):
            if not (labels == label).any() and not (name == "validation" and labels.empty):
                raise InputError(
                    f"{where}: {name}: none of {len(labels)} rows has label {label}; required: both 0 and 1"
                )
    if len(splits["train"]) < MINIMUM_TRAIN_ROWS:
        raise InputError(
            f"{where}: train: {len(splits['train'])} rows; required: at least {MINIMUM_TRAIN_ROWS}, a batch"
        )


def write(splits: Splits, card: Card) -> None:
    """Write everything aside, then move it into place: a reader sees no half-written data.

    Raises:
        InputError: the disk is full or the folder cannot be written; it is as it was then.
    """
    try:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".raw-") as name:
            aside = Path(name)
            for split, frame in splits.items():
                # No pandas metadata: it would tie the bytes to the version of pandas.
                table = pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False).replace_schema_metadata(None)
                pq.write_table(table, aside / f"{split}.parquet")
            write_json(card, aside / CARD.name)
            _move(sorted(aside.iterdir()), aside / "before")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"{FOLDER}: cannot be written: {reason}; nothing was changed") from error


def _move(files: list[Path], before: Path) -> None:
    """Move the files into the folder; if one cannot be, put back what was there before."""
    is_new = not FOLDER.exists()
    FOLDER.mkdir(exist_ok=True)
    before.mkdir()
    try:
        for file in files:
            if (FOLDER / file.name).is_file():
                os.replace(FOLDER / file.name, before / file.name)
            os.replace(file, FOLDER / file.name)
    except (OSError, KeyboardInterrupt):
        for file in files:
            if not file.exists():
                os.replace(FOLDER / file.name, file)
        for file in before.iterdir():
            os.replace(file, FOLDER / file.name)
        if is_new:
            FOLDER.rmdir()
        raise


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main)
